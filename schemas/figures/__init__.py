"""Schemas of what is filed of the figures."""
