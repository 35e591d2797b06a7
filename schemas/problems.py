"""Schemas of error responses (RFC 9457) and of the problems that the office settles."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import INCLUDE, ValidationError, fields, validate, validates_schema

from schemas.changes import OutcomeSchema
from schemas.fields import (
    BaseSchema,
    instant_out,
    instant_out_or_null,
    integer_in,
    integer_out,
    matching,
    one_of,
    text_in,
    text_out,
    text_out_or_null,
)
from schemas.lists import PageQuery, area_filter

HOWS = ("choose", "release", "force", "dismiss", "undo")
CHOICES_MAX = 500
_VERSION_CURE = "应为不小于0的整数。"
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _storable(value: str) -> None:
    """Raise ValidationError for characters that XML, and so the entity lists of phones, cannot hold."""
    if _UNWRITABLE.search(value):
        raise ValidationError("含有不能保存的控制字符，请删去。")


class RefusalSchema(BaseSchema):
    """A refusal in problem+json; some carry particulars beside these."""

    class Meta:
        unknown = INCLUDE

    type = text_out("`/problems/<code>`, a stable word for programs")
    title = text_out()
    status = integer_out("the HTTP status")
    detail = text_out("one Chinese sentence: what is wrong and how to mend it")
    errors = fields.Raw(required=True, metadata={"description": "every bad field at once: `[{field, message}]`"})


class ProblemQuery(PageQuery):
    """Which problems."""

    kind = matching(r"[a-z_]{1,40}", "kind of problem", "应为问题类型的代码，如 conflict。")
    record = fields.UUID(
        metadata={"description": "of this record"}, error_messages={"invalid_uuid": "应为记录的 UUID。"}
    )
    submission = fields.UUID(
        metadata={"description": "about this submission"}, error_messages={"invalid_uuid": "应为提交的 UUID。"}
    )
    type = matching(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}", "record type", "应为台账的英文名，如 hazards。")
    author = text_in("user name of whose doing it is", most=64)
    area = area_filter()
    settled = one_of(("false", "true", "any"), "whether it is settled", load_default="false")


class KeptBodyQuery(BaseSchema):
    """Why a body that was not taken has to be seen."""

    reason = text_in("why it has to be seen, of a form that is not published here; the audit keeps it", most=500)


class ChoiceSchema(BaseSchema):
    """The value to settle a field on: one of its values in conflict, or another."""

    head = integer_in("version of the value that shall stand", 1, 2**53)
    value = fields.String(
        validate=_storable,
        error_messages={"null": "应为文字。", "invalid": "应为文字。"},
        metadata={"description": "another value, as text"},
    )

    @validates_schema
    def _one_of_two(self, data: Any, **more: Any) -> None:
        if len(data) != 1:
            raise ValidationError("请写 head（选定哪一版的值）或 value（新的值），二者取一。")


class SettlementRequestSchema(BaseSchema):
    """How to settle a problem."""

    how = one_of(HOWS, "`choose` and `undo` for conflicts, `release`, `force`, `dismiss`", required=True)
    choices = fields.Dict(
        keys=fields.String(validate=validate.Length(1, 100, error="字段名应为1至100个字符。")),
        values=fields.Nested(ChoiceSchema),
        load_default=dict,
        validate=validate.Length(max=CHOICES_MAX, error=f"最多{CHOICES_MAX}项。"),
        error_messages={"invalid": "应为一个 JSON 对象。", "null": "应为一个 JSON 对象。"},
        metadata={"description": "of `choose`: for each field in conflict; a merge group settles as a whole"},
    )
    reason = fields.String(
        load_default="",
        validate=[validate.Length(max=500, error="最多500个字符。"), _storable],
        error_messages={"null": "应为文字。", "invalid": "应为文字。"},
        metadata={"description": "for `dismiss` required; its author reads it"},
    )
    base_version = fields.Integer(
        strict=True,
        allow_none=True,
        load_default=None,
        validate=validate.Range(0, 2**53, error=_VERSION_CURE),
        error_messages={"invalid": _VERSION_CURE, "too_large": _VERSION_CURE},
        metadata={"description": "version of the record that was looked at: 409 when it has moved on"},
    )


class SettlementSchema(BaseSchema):
    """The latest decision about a problem."""

    how = one_of(HOWS, "", required=True)
    by = text_out("user name")
    at = instant_out()
    reason = text_out()
    choices = fields.Dict(required=True)
    version = fields.Integer(required=True, allow_none=True, metadata={"description": "of the record that it made"})


class ProblemSchema(BaseSchema):
    """Something that only a person can settle."""

    id = text_out()
    kind = text_out()
    area = text_out_or_null("code of the area where it belongs; null: its author had no duty")
    message = text_out("one Chinese sentence for the officer")
    record = text_out_or_null()
    type = text_out_or_null()
    submission = text_out_or_null()
    kept_body = text_out_or_null("SHA-256 of a body that could not be taken; `/problems/<id>/body` gives it")
    change = text_out_or_null()
    author = text_out_or_null()
    detail = fields.Dict(required=True)
    created_at = instant_out()
    settled_at = instant_out_or_null()
    settled_by = text_out_or_null("user name, or `server` when it resolved itself")
    settlement = fields.Nested(SettlementSchema, required=True, allow_none=True)


class PhotoSchema(BaseSchema):
    """A picture of a submission."""

    name = text_out()
    media_type = text_out()
    url = text_out("address of its content")


class PositionSchema(BaseSchema):
    """A position, WGS 84."""

    latitude = fields.Float(required=True)
    longitude = fields.Float(required=True)
    accuracy_m = fields.Float(required=True, allow_none=True)


class ValueSchema(BaseSchema):
    """One of several values of a field in conflict."""

    version = integer_out("the record version that it came with: what `head` names")
    value = text_out()
    shown = fields.Boolean(required=True, metadata={"description": "people see this one"})
    author = text_out_or_null("user name of who wrote it")
    display = text_out_or_null("as people call them")
    origin = text_out("who wrote it: a phone, a branch of a phone, or the office")
    device = text_out("what the phone calls itself, else the origin; a claim")
    made_at = instant_out_or_null("by the clock of the device; a claim")
    observed_at = instant_out("when it was seen: device time, corrected, never later than receipt")
    received_at = instant_out_or_null()
    submission = text_out_or_null("id of the submission it came in")
    form = text_out_or_null("id of the form it was filled in with")
    position = fields.Nested(
        PositionSchema, required=True, allow_none=True, metadata={"description": "where its author stood, if sent"}
    )
    from_record_m = fields.Float(
        required=True, allow_none=True, metadata={"description": "metres from there to the record's own position"}
    )
    photos = fields.List(fields.Nested(PhotoSchema), required=True)


class ConflictFieldSchema(BaseSchema):
    """A field with all of its values in conflict."""

    name = text_out()
    label = text_out()
    open = fields.Boolean(
        required=True, metadata={"description": "in conflict now; else the values are all that ever stood there"}
    )
    values = fields.List(fields.Nested(ValueSchema), required=True)
    apart_m = fields.Float(
        required=True, allow_none=True, metadata={"description": "metres between the authors who stood farthest apart"}
    )


class HeldChangeSchema(BaseSchema):
    """A change that was stored and not applied."""

    action = text_out()
    fields_ = fields.Dict(
        required=True, data_key="fields", attribute="fields", metadata={"description": "`{name: [seen, new]}`"}
    )
    base_version = fields.Integer(required=True, allow_none=True)
    made_at = instant_out_or_null("by the clock of the device; a claim")


class ProblemDetailSchema(ProblemSchema):
    """A problem with everything needed to settle it."""

    author_display = text_out_or_null()
    ways = fields.List(
        one_of(HOWS, "how the caller may settle it now"), required=True, metadata={"description": "none: not at all"}
    )
    label = text_out_or_null("of the record; null where it is not the caller's to see")
    version = fields.Integer(required=True, allow_none=True, metadata={"description": "of the record as it now is"})
    verdict = text_out_or_null("on the change that it is about")
    fields_ = fields.List(
        fields.Nested(ConflictFieldSchema), required=True, data_key="fields", attribute="fields",
        metadata={"description": "of a conflict"},
    )  # fmt: skip
    asked = fields.Nested(
        HeldChangeSchema, required=True, allow_none=True, metadata={"description": "of what waits or is quarantined"}
    )


class SettlementResultSchema(BaseSchema):
    """The result of a settlement."""

    problem = fields.Nested(ProblemDetailSchema, required=True)
    outcome = fields.Nested(
        OutcomeSchema, required=True, allow_none=True, metadata={"description": "of the change that was carried out"}
    )
