"""Schemas of what is known of record types: the forms that write their fields, and the villages that have records."""

from __future__ import annotations

from marshmallow import fields

from schemas.fields import BaseSchema, boolean_parameter, day, integer_out, text_out


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
