"""SQL of phones."""
