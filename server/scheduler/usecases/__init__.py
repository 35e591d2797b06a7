"""Running what is due."""
