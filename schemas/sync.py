"""Describes push and pull on the wire (``sync.md`` sections 2 and 5)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from marshmallow import ValidationError, fields, pre_load, validate

from schemas.plain_change import moment
from schemas.records import RecordSchema
from schemas.words import Wire, counted, instant, matching, told, told_or_null, whole

CHANGES_MAX = 200
BYTES_MAX = 1_000_000
ROWS_MAX = 2_000
ASKED_MAX = 100


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
    said: dict[str, Any] = {"invalid": cure, "too_large": cure}
    shown = {"description": description} if description else {}
    return fields.Integer(
        strict=True, validate=validate.Range(low, high, error=cure), error_messages=said, metadata=shown, **more
    )


class FileNameSchema(Wire):
    """A file that belongs to a change; its bytes follow separately."""

    name = _characters(255, "file name", required=True)
    sha256 = matching("[0-9a-f]{64}", "in hex", "应为64位十六进制小写字母。", required=True)
    size = _number(0, 2**53, "bytes", required=True)
    media_type = _characters(100, "media type", required=True)


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
    """What the device's clock said, whatever year; what is no time counts as none, since a clock is only a claim."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> datetime | None:
        return moment(value)


class SentChangeSchema(Wire):
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


def _waiting() -> fields.Integer:
    waits = "changes that wait on the device, for the office to see before a move"
    return _number(0, 2**31, waits, allow_none=True, load_default=None)


def _device(**more: Any) -> fields.String:
    return matching(
        r"(?!(?:office|server)(?:#.*)?\Z)[^\x00-\x1f]{1,200}",
        "id of the device; the origin of its changes",
        "应为1至200个字符的设备编号；office 和 server 是服务器自己用的，请换一个。",
        **more,
    )


class PushSchema(Wire):
    """A batch of changes; each is read by itself, so that one bad item never holds up another."""

    device = _device(required=True)
    epoch = _characters(100, "epoch last heard of", allow_none=True, load_default=None)
    unsent = _waiting()
    changes = fields.List(
        fields.Raw(allow_none=True), required=True,
        metadata={"description": "each a Change", "items": {"type": "object"}},
    )  # fmt: skip


class PullSchema(Wire):
    """From where to go on."""

    cursor = fields.String(
        allow_none=True, load_default=None, metadata={"description": "opaque, from the pull before; null at first"}
    )
    limit = whole("rows of a page", 1, ROWS_MAX, load_default=500)
    device = _device(allow_none=True, load_default=None)
    unsent = _waiting()
    forget = fields.List(_characters(200, "bucket"), load_default=list)
    problems = fields.List(
        _characters(100, "id"), load_default=list,
        validate=validate.Length(max=ASKED_MAX, error=f"最多{ASKED_MAX}项。"),
        metadata={"description": "of the caller's own items; those that are settled by now are told"},
    )  # fmt: skip


class LimitsSchema(Wire):
    """How large a push may be."""

    changes = counted("items")
    bytes = counted("bytes of the body")


class PulledRecordSchema(RecordSchema):
    """A record as a field client holds it.

    Rows of the bucket ``county`` have id, type, label, version and fields; their types are ``_area``, ``_code``,
    ``_form``, ``_type`` (a ledger), ``_field`` (of a ledger) and ``_act``.
    """

    due_on = told_or_null("last local day of the limit")
    office_note = told("the last word of whoever acted")
    todo = told("what the caller may do now, words with blanks between")


class TroubleSchema(Wire):
    """What a person must settle about a change."""

    id = fields.UUID(required=True)
    message = told()


class PushedSchema(Wire):
    """What became of one change."""

    id = told("as it was sent")
    verdict = told("applied, merged, late, recorded, waiting or quarantined")
    version = fields.Integer(required=True, allow_none=True)
    seq = fields.Integer(required=True, allow_none=True)
    record = fields.Nested(PulledRecordSchema, required=True, allow_none=True)
    conflicts = fields.List(fields.String(), required=True)
    problem = fields.Nested(TroubleSchema, required=True, allow_none=True)


class PushAnswerSchema(Wire):
    """The answer to a push: one outcome for each change, in their order."""

    user = told("whose work this is, so that a device notices another person's key")
    epoch = told()
    durable = counted("seq up to which everything is in a backup, or committed where there is none")
    now = instant()
    outcomes = fields.List(fields.Nested(PushedSchema), required=True)
    limits = fields.Nested(LimitsSchema, required=True)


class OpSchema(Wire):
    """One thing to do: ``enter``, ``put``, ``remove`` or ``leave``."""

    op = told()
    bucket = told("area:<code>, person:<name>, body:<code> or county")
    id = fields.String()
    record = fields.Dict()


class CheckSchema(Wire):
    """What a finished bucket holds."""

    count = counted()
    hash = told("sum of the first 48 bits of sha256('<id>:<version>') modulo 2**48, in 12 hex digits")


class DecidedSchema(Wire):
    """A problem that was asked after, and is settled."""

    id = told()
    how = told_or_null("as in a settlement; null: it has settled itself")
    reason = told("what the officer wrote about it")


class PullAnswerSchema(Wire):
    """The answer to a pull."""

    cursor = told()
    fresh = fields.Boolean(required=True, metadata={"description": "the cursor was worth nothing: start anew"})
    more = fields.Boolean(required=True)
    user = told()
    epoch = told()
    durable = counted()
    now = instant()
    ops = fields.List(fields.Nested(OpSchema), required=True)
    checks = fields.Dict(keys=fields.String(), values=fields.Nested(CheckSchema), required=True)
    settled = fields.List(fields.Nested(DecidedSchema), required=True, metadata={"description": "of `problems`"})
    limits = fields.Nested(LimitsSchema, required=True)
