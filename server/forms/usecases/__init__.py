"""Use cases of forms: each takes a transaction or a reading."""
