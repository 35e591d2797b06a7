"""Use cases of grid: each takes a transaction or a reading."""
