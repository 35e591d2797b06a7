"""Schemas of what is told: to people, and to other programs."""
