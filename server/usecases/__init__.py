"""Verbs: each takes a Transaction and does one thing a person or a phone asked for."""
