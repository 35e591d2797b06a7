"""Schemas of monthly reports: the sheet of a month, as it was filed and as it would be now."""

from __future__ import annotations

from marshmallow import fields, validate

from schemas.fields import (
    BaseSchema,
    boolean_parameter,
    instant_out,
    integer_in,
    integer_out,
    one_of,
    text_in,
    text_out,
    text_out_or_null,
)
from schemas.lists import PageQuery, page_of
from schemas.summaries import RateSchema

CHANGE_KINDS = (
    "closed", "void", "merged", "reopened", "split", "corrected", "extended", "held", "registered", "due", "other",
    "late",
)  # fmt: skip
"""What can have become of a case of a filed month since."""


class MonthlyReportsQuery(BaseSchema):
    """Nothing can be asked: every month that was filed is listed."""


class FrozenReportSchema(BaseSchema):
    """A month as it was filed."""

    month = text_out("`2026-04`")
    as_of = instant_out("instant of the count")
    sha256 = text_out("of `content`, in hexadecimal")
    frozen_at = instant_out()
    frozen_by = text_out("user name, or `command`")


class FreezeSchema(BaseSchema):
    """As of when to file a month."""

    as_of = text_in(
        "instant of the count, a date for the end of that day; without it the last full minute, ten seconds ago",
        most=40,
    )


class MonthlyReportQuery(BaseSchema):
    """How a sheet is written, and as it was filed or as it would be now."""

    format = one_of(("json", "csv", "xlsx"), "how it is written", load_default="json")
    live = boolean_parameter("`true`: as it would be now, also of a month that was filed")
    corrected = boolean_parameter("`true`: what was filed, with what its corrections say in its place")


class SheetColumnSchema(BaseSchema):
    """A column of the sheet, by the code of its figure."""

    code = text_out()
    kind = text_out("`count` or `rate`")
    label = text_out()
    label_en = text_out()
    numerator = text_out("of a rate: codes of columns to add up, those with `-` before them to take off; else empty")
    denominator = text_out("the same")


class SheetRowSchema(BaseSchema):
    """A row of the sheet."""

    key = text_out_or_null("code of the area, `-` for what lies in none of them, null for the total")
    name = text_out()
    counts = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    rates = fields.Dict(keys=fields.String(), values=fields.Nested(RateSchema), required=True)


class SheetNoteSchema(BaseSchema):
    """A sentence below the sheet."""

    text = text_out()
    text_en = text_out()


class RuleVersionSchema(BaseSchema):
    """Which version of a table of rules the sheet was counted by."""

    table = text_out()
    since = text_out("first day of its newest row in force, empty where rows have none")
    sha256 = text_out("of its rows in force, in canonical form")


class NamedCorrectionSchema(BaseSchema):
    """A correction of the sheet, in short."""

    number = integer_out("counts from 1 within a month")
    sha256 = text_out("of the correction in canonical form")
    made_at = instant_out()
    signer = text_out()
    reason = text_out()


class CarriedSchema(BaseSchema):
    """What was carried over from last year, of the year until the end of the month; null for nothing."""

    taken = integer_out("taken over by lists")
    closed = integer_out("of those, closed")
    cases = integer_out("found in the year so far, without them")
    cases_closed = integer_out("of those, closed")


class MonthlyReportSchema(BaseSchema):
    """The sheet of a month."""

    month = text_out("`2026-04`")
    title = text_out()
    unit = text_out("who hands it in")
    from_ = text_out("first local day", data_key="from")
    to = text_out("last local day, included")
    as_of = instant_out("instant of the count")
    over = fields.Boolean(required=True, metadata={"description": "the month had ended by then"})
    sentence = text_out()
    carried = fields.Nested(CarriedSchema, required=True, allow_none=True)
    late_reports = integer_out("reports of the month that had been discovered before it began; they count in it")
    columns = fields.List(fields.Nested(SheetColumnSchema), required=True)
    rows = fields.List(fields.Nested(SheetRowSchema), required=True)
    total = fields.Nested(SheetRowSchema, required=True)
    notes = fields.List(fields.Nested(SheetNoteSchema), required=True)
    rules = fields.List(fields.Nested(RuleVersionSchema), required=True)
    program = text_out("version that counted")
    frozen = fields.Nested(FrozenReportSchema, required=True, allow_none=True)
    corrections = fields.List(fields.Nested(NamedCorrectionSchema), required=True)


class CellSchema(BaseSchema):
    """A number of the sheet, and what is right."""

    row = text_in("`key` of a row; the total follows from the rows", required=True, most=20)
    figure = text_in("code of a column of counts", required=True, most=60)
    is_ = integer_in("what is right", 0, 9_999_999, data_key="is", required=True)


class CorrectSchema(BaseSchema):
    """A correction of a filed sheet."""

    previous = text_in("hash of the sheet, or of its newest correction, that was seen", required=True, most=64)
    cells = fields.List(
        fields.Nested(CellSchema), required=True, validate=validate.Length(1, 500, error="应有1至500格。")
    )
    reason = text_in("why the numbers were wrong", required=True, most=500)
    signer = text_in("who signs, as it is written on the paper", required=True, most=50)


class CorrectedCellSchema(BaseSchema):
    """A number that was wrong."""

    row = text_out_or_null("`key` of the row, null for the total")
    name = text_out()
    figure = text_out()
    label = text_out()
    was = integer_out()
    is_ = fields.Integer(required=True, data_key="is")


class CorrectionSchema(BaseSchema):
    """A correction of a filed sheet, which stays."""

    month = text_out()
    number = integer_out("counts from 1 within a month")
    sha256 = text_out("of this correction in canonical form")
    previous = text_out("hash of the sheet, or of the correction before")
    reason = text_out()
    signer = text_out()
    made_at = instant_out()
    made_by = text_out("user name")
    cells = fields.List(fields.Nested(CorrectedCellSchema), required=True)
    content = text_out("the correction in canonical form, as it was hashed")


class ChangesQuery(PageQuery):
    """Which of the changes since a month was filed."""

    kind = one_of(CHANGE_KINDS, "what has become of a case; without it all")


class ColumnDifferenceSchema(BaseSchema):
    """One column of the total, as it was filed and as it is now."""

    code = text_out()
    label = text_out()
    then = integer_out()
    now = integer_out()
    difference = integer_out("what the cases listed add up to")


class ChangeKindSchema(BaseSchema):
    """What can have become of a case, and of how many it has."""

    kind = text_out()
    label = text_out()
    label_en = text_out()
    cases = integer_out()


class ChangeSchema(BaseSchema):
    """What has become of one case."""

    id = text_out("of the record")
    case_no = text_out()
    label = text_out()
    area_name = text_out()
    kinds = fields.List(fields.String(), required=True)
    differences = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "what it adds to each column now; nought is left out"},
    )


class ChangesSchema(page_of(ChangeSchema)):  # type: ignore[misc]  # a class that is made
    """A page of what has changed since a month was filed."""

    frozen = fields.Nested(FrozenReportSchema, required=True)
    now = instant_out("up to which")
    columns = fields.List(fields.Nested(ColumnDifferenceSchema), required=True)
    kinds = fields.List(fields.Nested(ChangeKindSchema), required=True)
