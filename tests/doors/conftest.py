"""Lends the tests of the doors the counties that they call."""

from api_county import county, county_to_change, office, prepared_forms

__all__ = ["county", "county_to_change", "office", "prepared_forms"]
