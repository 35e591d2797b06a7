"""Use cases of staffing: each takes a transaction or a reading."""
