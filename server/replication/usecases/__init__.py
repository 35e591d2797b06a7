"""Use cases of replication: each takes a transaction or a reading."""
