"""Lends the tests of the doors the counties that they call."""

from api_county import county, office, prepared_forms

__all__ = ["county", "office", "prepared_forms"]
