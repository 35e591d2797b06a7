"""Turns what the store keeps into the shapes of the wire, as plain dicts that orjson writes at once."""

from server.api.serializers import cases, problems, records

__all__ = ["cases", "problems", "records"]
