"""Use cases of phones: each takes a transaction or a reading."""
