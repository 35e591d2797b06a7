"""Describes moving work and people on the wire: what a move affects, hand-overs in bulk, two people swapped."""

from __future__ import annotations

from marshmallow import fields

from schemas.changes import OutcomeSchema
from schemas.lists import area_code
from schemas.people import DutySchema, FieldClientSchema, PhoneSchema
from schemas.problems import RefusalSchema
from schemas.staff import NAME
from schemas.words import Wire, counted, matching, text, told, told_or_null

MARK = r"(?:user|body):[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_MARK_CURE = "应为 user:用户名 或 body:责任主体代码。"


class MoveQuery(Wire):
    """Where somebody would move to."""

    area = area_code("code of the new area; left out: all duties end", allow_none=True, load_default=None)


class AffectedCaseSchema(Wire):
    """An open case of the person who would move."""

    id = fields.UUID(required=True)
    label = told()
    status = told()
    due_on = told_or_null("last local day of the limit")


class AffectedPhoneSchema(PhoneSchema):
    """A phone of the person who would move."""

    advice = told("what to do first, in Chinese")


class AffectedClientSchema(FieldClientSchema):
    """A client of ours of the person who would move."""

    advice = told("what to do first, in Chinese")


class AffectedSchema(Wire):
    """What a move would affect."""

    name = told()
    display = told()
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
    records = counted("records in the areas that are left")
    phones = fields.List(
        fields.Nested(AffectedPhoneSchema), required=True, metadata={"description": "what Collect may hold is unknown"}
    )
    clients = fields.List(
        fields.Nested(AffectedClientSchema), required=True, metadata={"description": "our own, by what they said last"}
    )


class HandOverAsked(Wire):
    """Cases that change hands."""

    from_ = matching(MARK, "who has them", _MARK_CURE, data_key="from", allow_none=True, load_default=None)
    to = matching(MARK, "who takes them", _MARK_CURE, required=True)
    cases = fields.List(
        fields.UUID(error_messages={"invalid_uuid": "应为案件的 UUID。"}), load_default=list,
        metadata={"description": "ids; left out: all open cases of `from`"},
    )  # fmt: skip
    note = text("what the taker should know", most=500)


class HandedSchema(Wire):
    """What became of one case."""

    id = fields.UUID(required=True)
    outcome = fields.Nested(OutcomeSchema, required=True, allow_none=True)
    refusal = fields.Nested(RefusalSchema, required=True, allow_none=True)


class SwapAsked(Wire):
    """With whom somebody changes places."""

    with_ = matching(NAME, "user name", "应为用户名。", required=True, data_key="with")
    id = fields.UUID(
        allow_none=True, load_default=None,
        metadata={"description": "of your own, so that sending it again does not put both back"},
    )  # fmt: skip


class SwappedSchema(Wire):
    """The new duties of both."""

    duties = fields.List(fields.Nested(DutySchema), required=True)
