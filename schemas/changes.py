"""Schemas of changes: the requests and the outcome."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate

from schemas.attachments import attachments
from schemas.fields import BaseSchema, matching, one_of, text_out, text_out_or_null
from schemas.lists import area_code
from schemas.records import STATUSES, RecordSchema

Write = str | tuple[str | None, str]
"""The new value of a field; or the value that was seen, and the new one."""

NAMES_MAX = 500
_VERSION_CURE = "应为不小于0的整数。"
_UUID_CURE = "应为 UUID，如 0b9d7c6e-5a43-4f21-8e90-1d2c3b4a5f60。"
_TEXT_CURE = "应为文字，或 [看到的值, 新值]；所有的值都写成文字。"


class Writes(fields.Field[dict[str, Write]]):
    """``{name: value}`` or ``{name: [seen, new]}``; every wrong one is named at once."""

    default_error_messages = {  # noqa: RUF012 - marshmallow declares it so
        "invalid": "应为一个 JSON 对象。",
        "required": "必填。",
        "null": "不能为空。",
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> dict[str, Write]:
        if not isinstance(value, Mapping):
            raise self.make_error("invalid")
        if len(value) > NAMES_MAX:
            raise ValidationError(f"最多{NAMES_MAX}项。")
        wrong = {name: [_TEXT_CURE] for name, written in value.items() if not _is_write(written)}
        if wrong:
            raise ValidationError(wrong)
        return {name: written if isinstance(written, str) else tuple(written) for name, written in value.items()}


def _is_write(written: Any) -> bool:
    if isinstance(written, str):
        return True
    if not isinstance(written, list) or len(written) != 2:
        return False
    seen, new = written
    return (seen is None or isinstance(seen, str)) and isinstance(new, str)


def _writes() -> Writes:
    described = {
        "type": "object",
        "description": "`{name: value}`, or `{name: [seen, new]}` with what was looked at; all values are text",
        "additionalProperties": {
            "oneOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": ["string", "null"]}, "minItems": 2, "maxItems": 2},
            ]
        },
    }
    return Writes(load_default=dict, data_key="fields", attribute="fields", metadata=described)


def _uuid(description: str) -> fields.UUID:
    cures: dict[str, Any] = {"invalid_uuid": _UUID_CURE, "null": _UUID_CURE, "invalid": _UUID_CURE}
    return fields.UUID(error_messages=cures, metadata={"description": description})


class ChangeRequestSchema(BaseSchema):
    """A change to one record."""

    id = _uuid("of the change: the same again gets the same answer; the server makes one where it is left out")
    action = matching(r"[a-z_]{1,40}", "`edit`, or a workflow action", "应为操作的英文名，如 edit。", required=True)
    fields_ = _writes()
    base_version = fields.Integer(
        strict=True,
        allow_none=True,
        load_default=None,
        validate=validate.Range(0, 2**53, error=_VERSION_CURE),
        error_messages={"invalid": _VERSION_CURE, "too_large": _VERSION_CURE},
        metadata={"description": "version that was looked at; the present one where it is left out"},
    )
    seen_status = one_of(STATUSES, "status that was looked at", allow_none=True, load_default=None)
    attachments = attachments()


class CreateRequestSchema(BaseSchema):
    """A record to create."""

    id = _uuid("of the change: the same again gets the same answer; the server makes one where it is left out")
    record = _uuid(
        "stands for `id` where that is left out; the server makes the id of a record, and the answer tells it"
    )
    action = one_of(
        ("create", "report", "spot_close"), "`report` and `spot_close` for cases, `create` for the rest", required=True
    )
    type = matching(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}", "record type", "应为台账的英文名，如 hazards。", required=True)
    area = area_code("code of its area; the caller's unit where they have just one", allow_none=True, load_default=None)
    fields_ = _writes()
    attachments = attachments()


class OutcomeSchema(BaseSchema):
    """What became of a change."""

    id = text_out("of the change")
    verdict = text_out("`applied`, or `merged`: done, and some fields now hold values of others beside this one")
    version = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "of the record that the change made, or to which a new epoch has raised that"},
    )
    record = fields.Nested(RecordSchema, required=True, allow_none=True, metadata={"description": "as it now is"})
    conflicts = fields.List(fields.String(), required=True, metadata={"description": "names of fields in conflict"})
    problem = text_out_or_null("id of the problem that was filed for the office")
