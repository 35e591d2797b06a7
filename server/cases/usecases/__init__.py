"""Use cases of cases: each takes a transaction or a reading."""
