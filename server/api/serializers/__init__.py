"""Turns what the store keeps into JSON objects of the API, noun by noun."""

from server.api.serializers import cases, forms, grid, people, problems, records, submissions

__all__ = ["cases", "forms", "grid", "people", "problems", "records", "submissions"]
