"""Use cases of admin: each takes a transaction or a reading."""
