"""Schemas of the closure summary and of the cases that a figure counts."""

from __future__ import annotations

from marshmallow import ValidationError, fields, validates_schema

from schemas.fields import (
    BaseSchema,
    boolean_parameter,
    day,
    instant_out,
    instant_out_or_null,
    integer_out,
    integer_out_or_null,
    matching,
    one_of,
    text_in,
    text_out,
    text_out_or_null,
)
from schemas.lists import PageQuery, area_filter

BY = (
    "town", "village", "unit", "category", "month",
    "item", "severity", "rectification", "source", "department", "body", "defence_line",
    "place_type",
)  # fmt: skip
SPANS = ("month", "quarter", "year", "last_month", "last_quarter", "last_year")
AGAINST = ("previous", "year_ago")
AREAS = ("current", "recorded")


class ClosureFilter(BaseSchema):
    """Which cases, of which days, as known when."""

    area = area_filter("area code; without it all that the caller's duties cover")
    by = one_of(
        BY,
        "what has a row each; without it the level below the area. From `item` on every case of the days is read,"
        " 100,000 at most: `department` is the one whose business the hazard is, `body` the organisation that"
        " has the case, `place_type` the kind of the registered premises it is about",
    )
    from_ = day("first local day; with `to`", data_key="from")
    to = day("last local day, included")
    period = one_of(
        SPANS, "this month, quarter or year, or the last, with the one before beside; instead of `from` and `to`"
    )
    areas = one_of(
        AREAS,
        "`current`: a case counts in the area that has taken its own over by the instant; `recorded`: in the area in"
        " which it was recorded, also where that has ended; without it `current`",
    )
    as_of = text_in("instant as of which all is counted, a date for the end of that day; without it now", most=40)

    @validates_schema
    def _check_days(self, data: dict[str, object], **_: object) -> None:
        if ("from_" in data) != ("to" in data):
            raise ValidationError("起止日期要一起给。", "to" if "from_" in data else "from")
        if "period" in data and "from_" in data:
            raise ValidationError("period 与起止日期只能给一种。", "period")


class ClosureQuery(ClosureFilter):
    """Which summary, and as what."""

    compare = one_of(
        AGAINST,
        "what stands beside the days: as many before them, or those of the year before, counted as of as far into them,"
        " or past their end; without it `previous` with `period`, nothing with `from` and `to`",
    )
    format = one_of(("json", "csv", "xlsx"), "how it is written", load_default="json")


class ClosureCasesQuery(ClosureFilter, PageQuery):
    """Which figure to open."""

    figure = matching(
        r"[a-z0-9_]{1,60}|result:[A-Za-z0-9_.-]{1,60}",
        "code of a count, or `result:<code>`",
        "应为一个件数的代码，如 closed、handling_overdue 或 result:fixed。",
    )
    row = text_in("`key` of a row; without it the total", most=100)
    handler = text_in("`handler` of a line of `overdue`; without it whoever has them", most=100)
    format = one_of(("json", "csv"), "how it is written", load_default="json")
    labels = boolean_parameter("`false`: codes and UTC in a CSV, too; else it has labels and Beijing time")


class ClosurePatrolsQuery(ClosureFilter, PageQuery):
    """Of which days to list the patrols that 检查N家 counts; `by` is taken, as in the address, and changes nothing."""

    format = one_of(("json", "csv"), "how it is written", load_default="json")
    labels = boolean_parameter("`false`: UTC in a CSV, too; else it has Beijing time")


class RateSchema(BaseSchema):
    """A share: ``n`` of ``d``; all null, and no text, where the days had not begun."""

    n = integer_out_or_null()
    d = integer_out_or_null()
    value = fields.Float(
        required=True, allow_none=True, metadata={"description": "null when there is nothing of nothing"}
    )
    text = text_out(
        "as it is printed: `66.67%`, `2/3` where `d` is below ten, or `—`; empty where the days had not begun"
    )


class FiguresSchema(BaseSchema):
    """Every figure of one set of cases; all null where the days had not begun at ``as_of``."""

    counts = fields.Dict(keys=fields.String(), values=fields.Integer(allow_none=True), required=True)
    rates = fields.Dict(keys=fields.String(), values=fields.Nested(RateSchema), required=True)
    days = fields.Dict(keys=fields.String(), values=fields.Float(allow_none=True), required=True)
    results = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(allow_none=True),
        required=True,
        metadata={"description": "closed, by result code"},
    )


class ClosureRowSchema(FiguresSchema):
    """One row."""

    key = text_out("area code, category or `2026-04`; `-` for what no other row holds")
    name = text_out()
    begun = fields.Boolean(required=True, metadata={"description": "whether its days had begun at `as_of`"})
    cases = text_out("address of the cases behind a figure of this row: RFC 6570, `{&figure}`")


class FigureSchema(BaseSchema):
    """What a figure means."""

    code = text_out()
    kind = text_out("`count`, `rate` or `time`")
    label = text_out()
    label_en = text_out()
    base = text_out("what the days select by: `received`, `registered`, `event`")
    note = text_out("what it counts, or the formula, in Chinese")
    note_en = text_out("the same in English")
    numerator = text_out_or_null("code of the count above the line, or over which a time is taken")
    denominator = text_out_or_null("code of the count below the line")
    opens = fields.Boolean(required=True, metadata={"description": "whether it lists its cases"})


class PeriodSummarySchema(BaseSchema):
    """The summary of one period."""

    name = text_out_or_null("`本月`, and so on")
    area = text_out_or_null("area code; null: all that the caller's duties cover")
    by = text_out()
    from_ = text_out("first local day", data_key="from", attribute="from")
    to = text_out("last local day")
    as_of = instant_out()
    begun = fields.Boolean(
        required=True,
        metadata={"description": "whether the days had begun at `as_of`; before that every figure is null, not 0"},
    )
    over = fields.Boolean(required=True, metadata={"description": "whether the days had ended at `as_of`"})
    visited = integer_out_or_null("premises that patrols inspected, each place once; null where the days had not begun")
    training = fields.Boolean(required=True, metadata={"description": "all is practice, so nothing is counted"})
    holidays_missing = integer_out_or_null(
        "year, this one or soon the next, whose holidays are not known: its limits in working days go by weekdays"
    )
    sentence = text_out("for the report")
    results = fields.Dict(required=True, metadata={"description": "label of each result code that occurs"})
    rows = fields.List(fields.Nested(ClosureRowSchema), required=True)
    total = fields.Nested(FiguresSchema, required=True)
    cases = text_out("address of the cases behind a figure of the total: RFC 6570, `{&figure}`")
    patrols = text_out("address of the patrols whose premises add up to `visited`")


class DifferenceSchema(BaseSchema):
    """By how much a figure is more: cases, days, percentage points; null where a rate has ``d`` below ten."""

    change = fields.Float(
        required=True, allow_none=True, metadata={"description": "null, too, where the days of either had not begun"}
    )
    text = text_out("as it is printed: `+3`, `−2`, `+1.25 百分点`, or `—`; empty where the days had not begun")


def _differences() -> fields.Dict:
    return fields.Dict(keys=fields.String(), values=fields.Nested(DifferenceSchema), required=True)


class DifferencesSchema(BaseSchema):
    """By how much every figure of one set of cases differs, by code."""

    counts = _differences()
    rates = _differences()
    days = _differences()
    results = _differences()


class ComparedRowSchema(DifferencesSchema):
    """The differences of one row."""

    key = text_out("of the row; of a row that only `before` has, its key there")


class ComparedSchema(BaseSchema):
    """By how much the summary differs from what stands beside it."""

    rows = fields.List(fields.Nested(ComparedRowSchema), required=True)
    total = fields.Nested(DifferencesSchema, required=True)


class ClosureSchema(PeriodSummarySchema):
    """The closure summary."""

    figures = fields.List(fields.Nested(FigureSchema), required=True)
    before = fields.Nested(
        PeriodSummarySchema,
        required=True,
        allow_none=True,
        metadata={
            "description": "what stands beside it, as of as far into its own days, over where it is over;"
            " null without `period` and `compare`"
        },
    )
    compared = fields.Nested(
        ComparedSchema,
        required=True,
        allow_none=True,
        metadata={"description": "the differences 增减 from `before`; null without it"},
    )


class CountedCaseSchema(BaseSchema):
    """A case behind a figure; status and instants as of the instant asked for."""

    id = fields.UUID(required=True)
    case_no = text_out_or_null()
    label = text_out()
    area = text_out("area code as recorded")
    area_name = text_out()
    category = text_out()
    status = text_out()
    assignee = text_out_or_null("who had it then")
    received_at = instant_out()
    registered_at = instant_out_or_null()
    handle_due_at = instant_out_or_null()
    close_due_at = instant_out_or_null()
    fed_back_at = instant_out_or_null("the feedback that stands")
    closed_at = instant_out_or_null()
    handled_days = fields.Float(required=True, allow_none=True)
    result_code = text_out_or_null()


class CountedPatrolSchema(BaseSchema):
    """A patrol behind 检查N家: of those to one place in one area the one that inspected most; as of the instant."""

    id = fields.UUID(required=True)
    label = text_out()
    area = text_out("area code as recorded")
    area_name = text_out()
    premises = integer_out("premises inspected; over all pages they add up to `visited`")
    received_at = instant_out()


class OverdueSchema(BaseSchema):
    """In whose hands overdue cases are."""

    handler = text_out("`body:<code>`, `<role>@<code of the town>` for persons, or `-` for nobody")
    name = text_out("of the body; of persons their role and town")
    cases = integer_out()
    longest_days = integer_out("days by which the longest is over")
    address = text_out("address of these cases")


class _OfDaysSchema(BaseSchema):
    """Which summary it is a part of."""

    area = text_out_or_null("area code; null: all that the caller's duties cover")
    from_ = text_out("first local day", data_key="from", attribute="from")
    to = text_out("last local day")
    as_of = instant_out()


class ClosureOverdueSchema(_OfDaysSchema):
    """Overdue cases by who has them."""

    items = fields.List(fields.Nested(OverdueSchema), required=True)
    total = integer_out("`handling_overdue` of the summary")


class DaySchema(BaseSchema):
    """One day; null where it is still to come."""

    day = text_out()
    received = integer_out_or_null("`reports` of the summary of this day alone")
    closed = integer_out_or_null("`closed_in_period` of the summary of this day alone")
    closed_week = integer_out_or_null("`closed` of this day and the six before it together")


class ClosureDaysSchema(_OfDaysSchema):
    """What was received and closed on each day."""

    items = fields.List(fields.Nested(DaySchema), required=True)
