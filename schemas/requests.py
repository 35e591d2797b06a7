"""Schemas of what waits for a person's word: requests, open and decided, and closed cases to be checked again."""

from __future__ import annotations

from marshmallow import fields

from schemas.fields import (
    BaseSchema,
    boolean_parameter,
    instant_out,
    instant_out_or_null,
    integer_out,
    one_of,
    text_in,
    text_out,
    text_out_or_null,
)
from schemas.lists import PageQuery, area_filter

KINDS = ("return", "extension", "suspension", "transfer", "void", "major")
_KIND = "kind of request"


class RequestQuery(BaseSchema):
    """Which open requests."""

    kind = one_of(KINDS, _KIND)
    area = area_filter()
    decidable = boolean_parameter("`true`: only those that the caller may decide")
    overdue = boolean_parameter("`true`: only those that should have been decided by now")


class DecisionFilter(BaseSchema):
    """Which decisions."""

    kind = one_of(KINDS, _KIND)
    area = area_filter()
    by = text_in("user name of who decided", most=64)


class DecisionQuery(DecisionFilter, PageQuery):
    """Which page of decisions."""


class CaseNamedSchema(BaseSchema):
    """A case as lists of requests name it."""

    id = text_out()
    label = text_out()
    case_no = text_out_or_null()
    area = text_out("code of its area")
    status = text_out()
    version = integer_out("of the record")


class ConsequenceSchema(BaseSchema):
    """What granting a request does."""

    due_on = text_out("the last day that runs now, empty for none")
    until = text_out("the day asked for, empty for none")
    days = fields.Integer(required=True, allow_none=True, metadata={"description": "by which the limit moves"})
    times = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "how often it will have been granted, this one included"},
    )
    most = fields.Integer(required=True, allow_none=True, metadata={"description": "how often it may be"})


class OpenRequestSchema(BaseSchema):
    """A request that nobody has decided."""

    kind = text_out()
    case = fields.Nested(CaseNamedSchema, required=True)
    asked_by = text_out("user name")
    asked_at = instant_out()
    reason = text_out()
    safeguard = text_out()
    note = text_out()
    level = text_out("that it waits for: `village`, `town`, `brigade` or `county`; any higher one may decide as well")
    decide_by = instant_out("until when that level is to decide; silence decides nothing")
    if_granted = fields.Nested(ConsequenceSchema, required=True)
    actions = fields.List(
        fields.String(), required=True, metadata={"description": "acts by which the caller may decide it now"}
    )
    obstacle = text_out("why granting it as asked would be refused to the caller, empty where it would not")


class DecisionSchema(BaseSchema):
    """What was decided about a request."""

    kind = text_out()
    case = fields.Nested(CaseNamedSchema, required=True)
    granted = fields.Boolean(required=True)
    action = text_out("the act by which it was decided")
    by = text_out("user name of who decided")
    at = instant_out()
    reason = text_out("of the decision")
    asked_by = text_out_or_null("null: nobody had asked")
    asked_at = instant_out_or_null("null: nobody had asked")
    asked_reason = text_out()
    due_before = text_out("the last day that ran before, empty for none")
    due_after = text_out("and after")


class RecheckQuery(BaseSchema):
    """Which drawn cases."""

    week = text_in("the week of the draw, as ISO 8601 names it: `2026-W48`", most=8)
    area = area_filter()
    waiting = boolean_parameter("`true`: only those that nobody has checked again yet")


class RecheckSchema(BaseSchema):
    """A closed case that was drawn to be checked again."""

    case = fields.Nested(CaseNamedSchema, required=True)
    week = text_out("of the draw")
    town = text_out("code of the town from whose cases it was drawn")
    stratum = text_out("`spot` (fixed on the spot), `site` (closed by a check on the spot), `checked`")
    drawn_at = instant_out()
    due_at = instant_out("until when it is to be checked again, and may be reopened")
    waits = fields.Boolean(required=True, metadata={"description": "nobody has checked it again yet"})
    may_recheck = fields.Boolean(
        required=True, metadata={"description": "the caller may do so, by the action `recheck`"}
    )


class ReviewQuery(BaseSchema):
    """Which held cases."""

    area = area_filter()
    later = boolean_parameter("`true`: those that it is not yet time to look at, too")


class ReviewSchema(BaseSchema):
    """A suspended or transferred case that is to be looked at again."""

    case = fields.Nested(CaseNamedSchema, required=True)
    due_at = instant_out_or_null("until when; null for what was held before such days were kept: at once")
    may_review = fields.Boolean(required=True, metadata={"description": "the caller may do so, by the action `review`"})
