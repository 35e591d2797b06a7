"""Schemas of moving people and handing over cases: the effects of a move, hand-overs in bulk, swapping two people."""

from __future__ import annotations

from marshmallow import fields

from schemas.changes import OutcomeSchema
from schemas.fields import BaseSchema, integer_out, matching, text_in, text_out, text_out_or_null
from schemas.lists import area_code
from schemas.people import DutySchema, FieldClientSchema, PhoneSchema
from schemas.problems import RefusalSchema
from schemas.staffing import NAME

MARK = r"(?:user|body):[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_MARK_CURE = "应为 user:用户名 或 body:责任主体代码。"


class MoveQuery(BaseSchema):
    """The area that a user would move to."""

    area = area_code("code of the new area; left out: all duties end", allow_none=True, load_default=None)


class AffectedCaseSchema(BaseSchema):
    """An open case of the person who would move."""

    id = fields.UUID(required=True)
    label = text_out()
    status = text_out()
    due_on = text_out_or_null("last local day of the limit")


class AffectedPhoneSchema(PhoneSchema):
    """A phone of the person who would move."""

    advice = text_out("what to do first, in Chinese")


class AffectedClientSchema(FieldClientSchema):
    """A field client of the person who would move."""

    advice = text_out("what to do first, in Chinese")


class AffectedSchema(BaseSchema):
    """What a move would affect."""

    name = text_out()
    display = text_out()
    leaving = fields.List(fields.String(), required=True, metadata={"description": "codes of areas that are left"})
    going_back = fields.List(
        fields.Nested(AffectedCaseSchema), required=True, metadata={"description": "cases to be assigned anew"}
    )
    staying = fields.List(
        fields.Nested(AffectedCaseSchema), required=True, metadata={"description": "cases that stay with them"}
    )
    helping = fields.List(
        fields.Nested(AffectedCaseSchema),
        required=True,
        metadata={"description": "cases that go on without them"},
    )
    records = integer_out("records in the areas that are left")
    phones = fields.List(
        fields.Nested(AffectedPhoneSchema), required=True, metadata={"description": "what Collect may hold is unknown"}
    )
    clients = fields.List(
        fields.Nested(AffectedClientSchema),
        required=True,
        metadata={"description": "field clients, as of their last contact"},
    )


class HandoverRequestSchema(BaseSchema):
    """Cases to hand over."""

    from_ = matching(MARK, "who has them", _MARK_CURE, data_key="from", allow_none=True, load_default=None)
    to = matching(MARK, "who takes them", _MARK_CURE, required=True)
    cases = fields.List(
        fields.UUID(error_messages={"invalid_uuid": "应为案件的 UUID。"}), load_default=list,
        metadata={"description": "ids; left out: all open cases of `from`"},
    )  # fmt: skip
    note = text_in("what the taker should know", most=500)


class HandoverResultSchema(BaseSchema):
    """The result of handing over one case."""

    id = fields.UUID(required=True)
    outcome = fields.Nested(OutcomeSchema, required=True, allow_none=True)
    refusal = fields.Nested(RefusalSchema, required=True, allow_none=True)


class SwapRequestSchema(BaseSchema):
    """The user to swap duties with."""

    with_ = matching(NAME, "user name", "应为用户名。", required=True, data_key="with")
    id = fields.UUID(
        allow_none=True, load_default=None,
        metadata={"description": "of your own, so that sending it again does not put both back"},
    )  # fmt: skip


class SwapResultSchema(BaseSchema):
    """The new duties of both users."""

    duties = fields.List(fields.Nested(DutySchema), required=True)
