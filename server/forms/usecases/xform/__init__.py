"""Reads an XForm: its questions, its entities, its choices."""
