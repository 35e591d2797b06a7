"""Schemas of push and pull (``sync.md`` sections 2 and 5)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from marshmallow import ValidationError, fields, pre_load, validate

from schemas.attachments import FileNameSchema
from schemas.change_parser import device_time
from schemas.fields import BaseSchema, instant_out, integer_in, integer_out, matching, text_out, text_out_or_null
from schemas.records import RecordSchema

CHANGES_MAX = 200
BYTES_MAX = 1_000_000
ROWS_MAX = 2_000
PROBLEM_IDS_MAX = 100


def _characters(most: int, description: str, **more: Any) -> fields.String:
    def check(value: str) -> None:
        if len(value) > most:
            raise ValidationError(f"最多{most}个字符。")
        if "\x00" in value:
            raise ValidationError("不能含有 NUL 字符。")

    return fields.String(
        validate=check,
        metadata={"description": description},
        **more,
    )


def _uuid(description: str = "", **more: Any) -> fields.UUID:
    return fields.UUID(metadata={"description": description} if description else {}, **more)


def _number(low: int, high: int, description: str = "", **more: Any) -> fields.Integer:
    cure = f"应为{low}以上的整数。"
    messages: dict[str, Any] = {"invalid": cure, "too_large": cure}
    shown = {"description": description} if description else {}
    return fields.Integer(
        strict=True, validate=validate.Range(low, high, error=cure), error_messages=messages, metadata=shown, **more
    )


class FieldWriteField(fields.Field[tuple[str | None, str]]):
    """``[seen, new]``: the value that the author's device held (null for none), and what they made of it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> tuple[str | None, str]:
        pair = value if isinstance(value, list) else [None, value]
        if len(pair) != 2 or not isinstance(pair[1], str) or not (pair[0] is None or isinstance(pair[0], str)):
            raise ValidationError("应写成 [看到的值或 null, 新值]，都是文字。")
        if any("\x00" in each for each in pair if each is not None):
            raise ValidationError("不能含有 NUL 字符。")
        return pair[0], pair[1]


class DeviceTime(fields.Field[datetime | None]):
    """The time of the device's clock, of any year; None for what is no time, since the clock is only a claim."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> datetime | None:
        return device_time(value)


class SentChangeSchema(BaseSchema):
    """A Change as a field client made and stored it before it was first sent."""

    id = _uuid("made on the device; the idempotency key", required=True)
    seq = _number(1, 2**53, required=True)
    record = _uuid(required=True)
    type = _characters(100, "record type", required=True)
    action = _characters(100, "create, edit, or a workflow action", required=True)
    area = _characters(20, "area code, with create", allow_none=True, load_default=None)
    fields_ = fields.Dict(
        keys=_characters(100, "field"), values=FieldWriteField(), load_default=dict, data_key="fields",
        attribute="fields", metadata={"description": "{name: [seen, new]}"},
    )  # fmt: skip
    base_version = _number(0, 2**53, load_default=0)
    after = _uuid(allow_none=True, load_default=None)
    seen_status = _characters(40, "status that the person saw", allow_none=True, load_default=None)
    form = _characters(100, "form id", allow_none=True, load_default=None)
    form_version = _characters(100, "its version", allow_none=True, load_default=None)
    made_at = DeviceTime(allow_none=True, load_default=None, metadata={"description": "device time with offset"})
    clock_offset_s = fields.Float(
        allow_none=True, load_default=None, error_messages={"invalid": "应为秒数。", "special": "应为秒数。"}
    )
    attachments = fields.List(fields.Nested(FileNameSchema), load_default=list)

    @pre_load
    def _an_object(self, data: Any, **more: Any) -> Any:
        if not isinstance(data, dict):
            raise ValidationError("应为一个 JSON 对象。")
        return data


def _unsent_count() -> fields.Integer:
    waits = "changes that wait on the device, for the office to see before a move"
    return _number(0, 2**31, waits, allow_none=True, load_default=None)


def _device(**more: Any) -> fields.String:
    return matching(
        r"(?!(?:office|server)(?:#.*)?\Z)[^\x00-\x1f]{1,200}",
        "id of the device; the origin of its changes",
        "应为1至200个字符的设备编号；office 和 server 是服务器自己用的，请换一个。",
        **more,
    )


class PushRequestSchema(BaseSchema):
    """A batch of changes; each is read by itself, so that one bad item never holds up another."""

    device = _device(required=True)
    epoch = _characters(100, "epoch last heard of", allow_none=True, load_default=None)
    unsent = _unsent_count()
    changes = fields.List(
        fields.Raw(allow_none=True), required=True,
        metadata={"description": "each a Change", "items": {"type": "object"}},
    )  # fmt: skip


class PullRequestSchema(BaseSchema):
    """What a device has pulled so far, and what it wants next."""

    cursor = fields.String(
        allow_none=True, load_default=None, metadata={"description": "opaque, from the pull before; null at first"}
    )
    limit = integer_in("rows of a page", 1, ROWS_MAX, load_default=500)
    device = _device(allow_none=True, load_default=None)
    unsent = _unsent_count()
    forget = fields.List(_characters(200, "bucket"), load_default=list)
    problems = fields.List(
        _characters(100, "id"), load_default=list,
        validate=validate.Length(max=PROBLEM_IDS_MAX, error=f"最多{PROBLEM_IDS_MAX}项。"),
        metadata={"description": "of the caller's own items; those that are settled by now come back in `settled`"},
    )  # fmt: skip


class LimitsSchema(BaseSchema):
    """How large a push may be."""

    changes = integer_out("items")
    bytes = integer_out("bytes of the body")


class PulledRecordSchema(RecordSchema):
    """A record as a field client holds it.

    Rows of the bucket ``county`` have id, type, label, version and fields; their types are ``_area``, ``_code``,
    ``_form``, ``_type`` (a ledger), ``_field`` (of a ledger) and ``_act``.
    """

    class Meta:
        exclude = ("reply_by",)  # stands among the fields of a case

    due_on = text_out_or_null("last local day of the limit")
    office_note = text_out("the last word of whoever acted")
    todo = text_out("what the caller may do now, words with blanks between")


class ChangeProblemSchema(BaseSchema):
    """The problem that was filed about a change."""

    id = fields.UUID(required=True)
    message = text_out()


class PushOutcomeSchema(BaseSchema):
    """The outcome of one change."""

    id = text_out("as it was sent")
    verdict = text_out("applied, merged, late, recorded, waiting or quarantined")
    version = fields.Integer(required=True, allow_none=True)
    seq = fields.Integer(required=True, allow_none=True)
    record = fields.Nested(PulledRecordSchema, required=True, allow_none=True)
    conflicts = fields.List(fields.String(), required=True)
    problem = fields.Nested(ChangeProblemSchema, required=True, allow_none=True)


class PushResponseSchema(BaseSchema):
    """The response to a push: one outcome for each change, in their order."""

    user = text_out("whose work this is, so that a device notices another person's key")
    epoch = text_out("changes when an older copy of the server's data was put back: offer again what was sent since")
    mark = text_out("opaque: how far the server has got; show it in `Firegrid-Mark` with the next request")
    durable = integer_out("seq up to which everything is in a backup, or committed where there is none")
    now = instant_out()
    device = text_out_or_null("the id to use from now on, where two devices were found to use this one; else null")
    outcomes = fields.List(fields.Nested(PushOutcomeSchema), required=True)
    limits = fields.Nested(LimitsSchema, required=True)


class OperationSchema(BaseSchema):
    """One operation of a pull: ``enter``, ``put``, ``remove`` or ``leave``."""

    op = text_out()
    bucket = text_out(
        "area:<code>, person:<name>, body:<code> or county; what its rows leave out follows after a semicolon"
    )
    id = fields.String()
    record = fields.Dict()


class BucketCheckSchema(BaseSchema):
    """Count and hash of the rows of a finished bucket."""

    count = integer_out()
    hash = text_out("sum of the first 48 bits of sha256('<id>:<version>') modulo 2**48, in 12 hex digits")


class ProblemDecisionSchema(BaseSchema):
    """The decision about a problem that the device asked about."""

    id = text_out()
    how = text_out_or_null("as in a settlement; null: it has settled itself")
    reason = text_out("what the officer wrote about it")


class PullResponseSchema(BaseSchema):
    """The response to a pull: one page."""

    cursor = text_out()
    fresh = fields.Boolean(required=True, metadata={"description": "the cursor was worth nothing: start anew"})
    more = fields.Boolean(required=True)
    user = text_out()
    epoch = text_out()
    mark = text_out()
    durable = integer_out()
    now = instant_out()
    ops = fields.List(fields.Nested(OperationSchema), required=True)
    checks = fields.Dict(keys=fields.String(), values=fields.Nested(BucketCheckSchema), required=True)
    settled = fields.List(
        fields.Nested(ProblemDecisionSchema), required=True, metadata={"description": "of `problems`"}
    )
    limits = fields.Nested(LimitsSchema, required=True)
