"""Use cases of changes: each takes a transaction or a reading."""
