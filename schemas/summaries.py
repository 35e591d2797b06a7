"""Describes the closure summary on the wire, and the cases behind its figures."""

from __future__ import annotations

from marshmallow import ValidationError, fields, validates_schema

from schemas.lists import PageQuery, area_filter
from schemas.words import Wire, counted, instant, instant_or_null, matching, one_of, text, told, told_or_null

BY = ("town", "village", "unit", "category", "month")
SPANS = ("month", "quarter", "year")


def _day(description: str, data_key: str | None = None) -> fields.Date:
    wrong = "应为日期，如 2026-04-01。"
    return fields.Date(
        format="iso",
        error_messages={"invalid": wrong, "format": wrong, "null": wrong},
        metadata={"description": description},
        data_key=data_key,
    )


class ClosureFilter(Wire):
    """Which cases, of which days, as known when."""

    area = area_filter("area code; without it all that the caller's duties cover")
    by = one_of(BY, "what has a row each; without it the level below the area")
    from_ = _day("first local day; with `to`", data_key="from")
    to = _day("last local day, included")
    period = one_of(SPANS, "this month, quarter or year, with the one before beside; instead of `from` and `to`")
    as_of = text("instant as of which all is counted; without it now", most=40)

    @validates_schema
    def _check_days(self, data: dict[str, object], **_: object) -> None:
        if ("from_" in data) != ("to" in data):
            raise ValidationError("起止日期要一起给。", "to" if "from_" in data else "from")
        if "period" in data and "from_" in data:
            raise ValidationError("period 与起止日期只能给一种。", "period")


class ClosureQuery(ClosureFilter):
    """Which summary, and as what."""

    format = one_of(("json", "csv", "xlsx"), "how it is written", load_default="json")


class ClosureCasesQuery(ClosureFilter, PageQuery):
    """Which figure to open."""

    figure = matching(
        r"[a-z0-9_]{1,60}|result:[A-Za-z0-9_.-]{1,60}",
        "code of a count, or `result:<code>`",
        "应为一个件数的代码，如 closed、handling_overdue 或 result:fixed。",
    )
    row = text("`key` of a row; without it the total", most=100)
    format = one_of(("json", "csv"), "how it is written", load_default="json")


class RateSchema(Wire):
    """A share: ``n`` of ``d``."""

    n = counted()
    d = counted()
    value = fields.Float(
        required=True, allow_none=True, metadata={"description": "null when there is nothing of nothing"}
    )
    text = told("as it is printed: `66.67%`, or `—`")


class FiguresSchema(Wire):
    """Every figure of one set of cases."""

    counts = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    rates = fields.Dict(keys=fields.String(), values=fields.Nested(RateSchema), required=True)
    days = fields.Dict(keys=fields.String(), values=fields.Float(allow_none=True), required=True)
    results = fields.Dict(
        keys=fields.String(), values=fields.Integer(), required=True, metadata={"description": "closed, by result code"}
    )


class ClosureRowSchema(FiguresSchema):
    """One row."""

    key = told("area code, category or `2026-04`; `-` for what no other row holds")
    name = told()
    cases = told("address of the cases behind a figure of this row: RFC 6570, `{&figure}`")


class FigureSchema(Wire):
    """What a figure means."""

    code = told()
    kind = told("`count`, `rate` or `time`")
    label = told()
    label_en = told()
    base = told("what the days select by: `received`, `registered`, `event`")
    note = told("the formula in Chinese")
    numerator = told_or_null("code of the count above the line, or over which a time is taken")
    denominator = told_or_null("code of the count below the line")
    opens = fields.Boolean(required=True, metadata={"description": "whether it lists its cases"})


class PartSchema(Wire):
    """The summary of one period."""

    name = told_or_null("`本月`, and so on")
    area = told_or_null("area code; null: all that the caller's duties cover")
    by = told()
    from_ = told("first local day", data_key="from", attribute="from")
    to = told("last local day")
    as_of = instant()
    visited = counted("premises that patrols looked at")
    training = fields.Boolean(required=True, metadata={"description": "all is practice, so nothing is counted"})
    sentence = told("for the report")
    results = fields.Dict(required=True, metadata={"description": "label of each result code that occurs"})
    rows = fields.List(fields.Nested(ClosureRowSchema), required=True)
    total = fields.Nested(FiguresSchema, required=True)
    cases = told("address of the cases behind a figure of the total: RFC 6570, `{&figure}`")


class ClosureSchema(PartSchema):
    """The closure summary."""

    figures = fields.List(fields.Nested(FigureSchema), required=True)
    before = fields.Nested(
        PartSchema, required=True, allow_none=True, metadata={"description": "the period before, null without `period`"}
    )


class CaseBehindSchema(Wire):
    """A case behind a figure; status and instants as of the instant asked for."""

    id = fields.UUID(required=True)
    case_no = told_or_null()
    label = told()
    area = told("area code as recorded")
    area_name = told()
    category = told()
    status = told()
    assignee = told_or_null("who has it today")
    received_at = instant()
    registered_at = instant_or_null()
    handle_due_at = instant_or_null()
    close_due_at = instant_or_null()
    fed_back_at = instant_or_null("the feedback that stands")
    closed_at = instant_or_null()
    handled_days = fields.Float(required=True, allow_none=True)
    result_code = told_or_null()
