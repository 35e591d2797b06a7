"""Schemas of the review list: signs that are worth a look, and never a verdict."""

from __future__ import annotations

from marshmallow import ValidationError, fields, validates_schema

from schemas.fields import BaseSchema, day, integer_out, one_of, text_out, text_out_or_null
from schemas.lists import PageQuery, area_filter
from schemas.summaries import SPANS


class ReviewListQuery(PageQuery):
    """Of which place and days."""

    area = area_filter("area code; without it all that the caller's duties cover")
    from_ = day("first local day; with `to`", data_key="from")
    to = day("last local day, included")
    period = one_of(SPANS, "this month, quarter or year, or the last; instead of `from` and `to`")
    format = one_of(("json", "csv"), "how it is written; a file is whole", load_default="json")

    @validates_schema
    def _check_days(self, data: dict[str, object], **_: object) -> None:
        if ("from_" in data) != ("to" in data):
            raise ValidationError("起止日期要一起给。", "to" if "from_" in data else "from")
        if "period" in data and "from_" in data:
            raise ValidationError("period 与起止日期只能给一种。", "period")


class ReviewedCaseSchema(BaseSchema):
    """A case that a line is about."""

    id = text_out()
    case_no = text_out_or_null()
    label = text_out("as the caller sees it")


class ReviewLineSchema(BaseSchema):
    """Something to look at; nobody is named, and no figure counts it."""

    sign = text_out("`same_photo`, `quick_close`, `month_end`, `overdue_void`, `overdue_merge` or `overdue_new_due`")
    label = text_out("of the sign")
    note = text_out("what was seen, in a sentence")
    note_en = text_out()
    area = text_out("code of the smallest area that holds all of its cases")
    area_name = text_out()
    count = integer_out("how many cases")
    cases = fields.List(fields.Nested(ReviewedCaseSchema), required=True, metadata={"description": "the first 50"})
