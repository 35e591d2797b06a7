"""SQL of changes."""
