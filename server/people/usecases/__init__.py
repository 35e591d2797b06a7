"""Use cases of people: each takes a transaction or a reading."""
