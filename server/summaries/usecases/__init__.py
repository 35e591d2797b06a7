"""Use cases of summaries: each takes a transaction or a reading."""
