"""SQL of forms."""
