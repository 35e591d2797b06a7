"""SQL of records."""
