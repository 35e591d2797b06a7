"""Schemas of what is known of record types: the forms that write their fields, and the villages that have records."""

from __future__ import annotations

from marshmallow import fields

from schemas.fields import BaseSchema, boolean_parameter, day, integer_in, integer_out, text_out
from schemas.lists import PageQuery, area_filter


class WritingFormSchema(BaseSchema):
    """A form that writes a field."""

    id = text_out()
    title = text_out()
    creates = fields.Boolean(required=True, metadata={"description": "it brings records of the type into being"})


class FieldWritersSchema(BaseSchema):
    """A field with the forms in use that write it."""

    name = text_out()
    label = text_out()
    forms = fields.List(fields.Nested(WritingFormSchema), required=True)


class CoverageQuery(BaseSchema):
    """Which villages, and which records count."""

    from_ = day("first local day on which they came in; all without it", data_key="from")
    without = boolean_parameter("`true`: only villages that have none")


class CoveredVillageSchema(BaseSchema):
    """A village, and how many records of the type it has."""

    area = text_out("code of the village")
    name = text_out()
    town = text_out("code of its town")
    town_name = text_out()
    records = integer_out()


class UnvisitedQuery(PageQuery):
    """Which records, and since when nobody has visited them."""

    days = integer_in("nobody in this many last days, with today", 1, 3_660, load_default=30)
    area = area_filter("in this area or below")


class UnvisitedSchema(BaseSchema):
    """A record that nobody has visited in these days."""

    id = text_out()
    label = text_out()
    area = text_out("code")
    area_name = text_out("of village and unit")
    last = text_out("Beijing day of the last visit before; empty for never")
