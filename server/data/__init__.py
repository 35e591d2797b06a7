"""Shipped data: what a county starts from before it loads its own."""
