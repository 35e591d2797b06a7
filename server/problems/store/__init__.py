"""SQL of problems."""
