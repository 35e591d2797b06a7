"""Use cases of settlement: each takes a transaction or a reading."""
