"""Counts the instructions that requests take, beside those of an older version."""
