"""Describes refusals (RFC 9457) and the problems that the office settles."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import INCLUDE, ValidationError, fields, validate, validates_schema

from schemas.changes import OutcomeSchema
from schemas.lists import PageQuery, area_filter
from schemas.words import Wire, counted, instant, instant_or_null, matching, one_of, text, told, told_or_null, whole

HOWS = ("choose", "release", "force", "dismiss", "undo")
CHOICES_MAX = 500
_VERSION_CURE = "应为不小于0的整数。"
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _storable(value: str) -> None:
    """Let no text in that XML, and so no phone's list, can carry."""
    if _UNWRITABLE.search(value):
        raise ValidationError("含有不能保存的控制字符，请删去。")


class RefusalSchema(Wire):
    """A refusal in problem+json; some carry particulars beside these."""

    class Meta:
        unknown = INCLUDE

    type = told("`/problems/<code>`, a stable word for programs")
    title = told()
    status = counted("the HTTP status")
    detail = told("one Chinese sentence: what is wrong and how to mend it")
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
    author = text("user name of whose doing it is", most=64)
    area = area_filter()
    settled = one_of(("false", "true", "any"), "whether it is settled", load_default="false")


class ChoiceSchema(Wire):
    """What shall stand in a field: one of the values there, or another."""

    head = whole("version of the value that shall stand", 1, 2**53)
    value = fields.String(
        validate=_storable,
        error_messages={"null": "应为文字。", "invalid": "应为文字。"},
        metadata={"description": "another value, as text"},
    )

    @validates_schema
    def _one_of_two(self, data: Any, **more: Any) -> None:
        if len(data) != 1:
            raise ValidationError("请写 head（选定哪一版的值）或 value（新的值），二者取一。")


class SettlementAsked(Wire):
    """What to do about a problem."""

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


class SettlementSchema(Wire):
    """What was decided about a problem last."""

    how = one_of(HOWS, "", required=True)
    by = told("user name")
    at = instant()
    reason = told()
    choices = fields.Dict(required=True)
    version = fields.Integer(required=True, allow_none=True, metadata={"description": "of the record that it made"})


class ProblemSchema(Wire):
    """Something that only a person can settle."""

    id = told()
    kind = told()
    area = told_or_null("code of the area where it belongs; null: its author had no duty")
    message = told("one Chinese sentence for the officer")
    record = told_or_null()
    type = told_or_null()
    submission = told_or_null()
    kept_body = told_or_null("SHA-256 of a body that could not be taken; `/problems/<id>/body` gives it")
    change = told_or_null()
    author = told_or_null()
    detail = fields.Dict(required=True)
    created_at = instant()
    settled_at = instant_or_null()
    settled_by = told_or_null("user name, or `server` when it resolved itself")
    settlement = fields.Nested(SettlementSchema, required=True, allow_none=True)


class PhotoSchema(Wire):
    """A picture of a submission."""

    name = told()
    media_type = told()
    url = told("address of its content")


class PositionSchema(Wire):
    """Where somebody stood, WGS 84."""

    latitude = fields.Float(required=True)
    longitude = fields.Float(required=True)
    accuracy_m = fields.Float(required=True, allow_none=True)


class ValueSchema(Wire):
    """One of several values that stand beside each other in a field."""

    version = counted("the record version that it came with: what `head` names")
    value = told()
    shown = fields.Boolean(required=True, metadata={"description": "people see this one"})
    author = told_or_null("user name of who wrote it")
    display = told_or_null("as people call them")
    origin = told("the hand that wrote it: a phone, a branch of a phone, or the office")
    device = told("what the phone calls itself, else the hand; a claim")
    made_at = instant_or_null("by the clock of the device; a claim")
    observed_at = instant("when it was seen: device time, corrected, never later than receipt")
    received_at = instant_or_null()
    submission = told_or_null("id of the submission it came in")
    position = fields.Nested(
        PositionSchema, required=True, allow_none=True, metadata={"description": "where its author stood, if sent"}
    )
    from_record_m = fields.Float(
        required=True, allow_none=True, metadata={"description": "metres from there to the record's own position"}
    )
    photos = fields.List(fields.Nested(PhotoSchema), required=True)


class ConflictFieldSchema(Wire):
    """A field with every value that stands in it."""

    name = told()
    label = told()
    open = fields.Boolean(
        required=True, metadata={"description": "in conflict now; else the values are those of when it was"}
    )
    values = fields.List(fields.Nested(ValueSchema), required=True)
    apart_m = fields.Float(
        required=True, allow_none=True, metadata={"description": "metres between the authors who stood farthest apart"}
    )


class AskedSchema(Wire):
    """A change that was kept whole and not carried out."""

    action = told()
    fields_ = fields.Dict(
        required=True, data_key="fields", attribute="fields", metadata={"description": "`{name: [seen, new]}`"}
    )
    base_version = fields.Integer(required=True, allow_none=True)
    made_at = instant_or_null("by the clock of the device; a claim")


class ProblemDetailSchema(ProblemSchema):
    """A problem with all that one needs to settle it."""

    author_display = told_or_null()
    ways = fields.List(
        one_of(HOWS, "how the caller may settle it now"), required=True, metadata={"description": "none: not at all"}
    )
    label = told_or_null("of the record; null where it is not the caller's to see")
    version = fields.Integer(required=True, allow_none=True, metadata={"description": "of the record as it now is"})
    verdict = told_or_null("on the change that it is about")
    fields_ = fields.List(
        fields.Nested(ConflictFieldSchema), required=True, data_key="fields", attribute="fields",
        metadata={"description": "of a conflict"},
    )  # fmt: skip
    asked = fields.Nested(
        AskedSchema, required=True, allow_none=True, metadata={"description": "of what waits or is quarantined"}
    )


class SettledSchema(Wire):
    """What became of a settlement."""

    problem = fields.Nested(ProblemDetailSchema, required=True)
    outcome = fields.Nested(
        OutcomeSchema, required=True, allow_none=True, metadata={"description": "of the change that was carried out"}
    )
