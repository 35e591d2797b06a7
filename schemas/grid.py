"""Describes the grid on the wire."""

from __future__ import annotations

from marshmallow import fields

from schemas.lists import PageQuery, area_filter
from schemas.words import Wire, instant_or_null, told, told_or_null


class AreaQuery(PageQuery):
    """Which areas."""

    parent = area_filter("code of the area above; without it the county")


class AreaSchema(Wire):
    """A node of the grid."""

    code = told("12 digits, 15 for a unit")
    name = told("official name")
    level = told("`county`, `town`, `village` or `unit`")
    parent = told_or_null("code of the area above")
    path = told("`130630/100/201/001`")
    valid_from = instant_or_null("null: from the start")
    valid_to = instant_or_null("null: until further notice")
    successor = told_or_null("code of the area that took this one in")
    in_force = fields.Boolean(required=True)
