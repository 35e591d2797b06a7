"""Schemas of the grid's areas."""

from __future__ import annotations

from marshmallow import fields

from schemas.fields import BaseSchema, instant_out_or_null, text_out, text_out_or_null
from schemas.lists import PageQuery, area_filter


class AreaQuery(PageQuery):
    """Which areas."""

    parent = area_filter("code of the area above; without it the county")


class BorderQuery(BaseSchema):
    """Whose borders."""

    area = area_filter()


class BorderPropertiesSchema(BaseSchema):
    """Which area a border is of."""

    code = text_out("12 digits, 15 for a unit")
    name = text_out("as phones show it")
    level = text_out("`county`, `town`, `village` or `unit`")


class BorderSchema(BaseSchema):
    """Where an area ends (a Feature of RFC 7946)."""

    type = text_out("`Feature`")
    properties = fields.Nested(BorderPropertiesSchema, required=True)
    geometry = fields.Dict(required=True, metadata={"description": "MultiPolygon of [longitude, latitude], WGS 84"})


class BordersSchema(BaseSchema):
    """Borders of areas (a FeatureCollection of RFC 7946)."""

    type = text_out("`FeatureCollection`")
    features = fields.List(fields.Nested(BorderSchema), required=True)


class AreaSchema(BaseSchema):
    """A node of the grid."""

    code = text_out("12 digits, 15 for a unit")
    name = text_out("official name")
    level = text_out("`county`, `town`, `village` or `unit`")
    parent = text_out_or_null("code of the area above")
    path = text_out("`130630/100/201/001`")
    valid_from = instant_out_or_null("null: from the start")
    valid_to = instant_out_or_null("null: until further notice")
    successor = text_out_or_null("code of the area that took this one in")
    in_force = fields.Boolean(required=True)
