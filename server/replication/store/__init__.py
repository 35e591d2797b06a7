"""SQL of replication."""
