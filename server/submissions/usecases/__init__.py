"""Use cases of submissions: each takes a transaction or a reading."""
