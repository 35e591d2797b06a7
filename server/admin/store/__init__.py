"""SQL of admin."""
