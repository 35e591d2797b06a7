"""Schemas of the files that changes name: their bytes come apart from them, before or after."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate

from schemas.fields import BaseSchema, matching

ATTACHMENTS_MAX = 20
"""How many files one change of the API may name."""


def _text(most: int, description: str) -> fields.String:
    def check(value: str) -> None:
        if len(value) > most:
            raise ValidationError(f"最多{most}个字符。")
        if "\x00" in value:
            raise ValidationError("不能含有 NUL 字符。")

    return fields.String(required=True, validate=check, metadata={"description": description})


class FileNameSchema(BaseSchema):
    """A file that belongs to a change; its bytes follow separately."""

    name = _text(255, "file name")
    sha256 = matching("[0-9a-f]{64}", "in hex", "应为64位十六进制小写字母。", required=True)
    size = fields.Integer(
        strict=True,
        required=True,
        validate=validate.Range(0, 2**53, error="应为0以上的整数。"),
        error_messages={"invalid": "应为0以上的整数。", "too_large": "应为0以上的整数。"},
        metadata={"description": "bytes"},
    )
    media_type = _text(100, "media type")


class NewFileSchema(FileNameSchema):
    """A file that belongs to a change of the API; until its bytes are uploaded the record shows it as under way."""

    name = matching(
        r"(?!\.{1,2}\Z)[^\x00-\x1f\x7f/\\]{1,255}", "file name, no two alike in one change",
        "应为1至255个字符的文件名，不含斜杠。", required=True,
    )  # fmt: skip


def attachments() -> fields.List[Any]:
    """Return the field for the files of one change: a few, each under a name of its own."""

    def check(listed: list[dict[str, Any]]) -> None:
        if len(listed) > ATTACHMENTS_MAX:
            raise ValidationError(f"最多{ATTACHMENTS_MAX}个附件。")
        if len({each["name"] for each in listed}) < len(listed):
            raise ValidationError("附件不能同名。")

    described = {"description": "photos; their bytes come by `/api/v1/uploads/`, before or after"}
    return fields.List(fields.Nested(NewFileSchema), load_default=list, validate=check, metadata=described)
