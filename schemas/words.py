"""Builds the fields of the wire, so that every wrong value is answered in a Chinese sentence that says the cure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from marshmallow import Schema, fields, validate

INSTANT_HINT = "UTC instant, ISO-8601 with milliseconds"
UNKNOWN = "没有这个参数；请检查拼写。"


class Wire(Schema):
    """The base of every shape. Fields keep the order in which they are declared."""

    error_messages = {"unknown": UNKNOWN, "type": "应为一个 JSON 对象。"}  # noqa: RUF012 - marshmallow declares it so


def text(description: str, *, required: bool = False, most: int = 200, **more: Any) -> fields.String:
    """Return a field of 1 to ``most`` characters that arrives."""
    return fields.String(
        required=required,
        validate=validate.Length(1, most, error=f"应为1至{most}个字符。"),
        error_messages={
            "required": "必填。",
            "null": "不能为空。",
            "invalid": "应为文字。",
            "invalid_utf8": "应为 UTF-8 文字。",
        },
        metadata={"description": description},
        **more,
    )


def matching(pattern: str, description: str, cure: str) -> fields.String:
    """Return a field whose whole text matches ``pattern``. cure: what is said when it does not."""
    return fields.String(
        validate=validate.Regexp(re.compile(rf"\A(?:{pattern})\Z"), error=cure),
        error_messages={"invalid": cure},
        metadata={"description": description, "pattern": f"^(?:{pattern})$"},
    )


def one_of(choices: Iterable[str], description: str, **more: Any) -> fields.String:
    """Return a field that holds one of ``choices``."""
    listed = tuple(choices)
    return fields.String(
        validate=validate.OneOf(listed, error=f"应为其中之一：{'、'.join(listed)}。"),
        error_messages={"invalid": "应为文字。"},
        metadata={"description": description},
        **more,
    )


def yes_or_no(description: str) -> fields.Boolean:
    """Return a field that takes ``true`` and ``false`` alone."""
    return fields.Boolean(
        truthy={"true"},
        falsy={"false"},
        error_messages={"invalid": "应为 true 或 false。"},
        metadata={"description": description},
    )


def whole(description: str, least: int, most: int, **more: Any) -> fields.Integer:
    """Return a field for a whole number from ``least`` to ``most``."""
    wrong = f"应为{least}至{most}的整数。"
    return fields.Integer(
        validate=validate.Range(least, most, error=wrong),
        error_messages={"invalid": wrong, "too_large": wrong, "null": wrong},
        metadata={"description": description},
        **more,
    )


def told(description: str = "", **more: Any) -> fields.String:
    """Return a text that is always there when it leaves."""
    return fields.String(required=True, metadata={"description": description} if description else {}, **more)


def told_or_null(description: str = "") -> fields.String:
    """Return a text that may be null when it leaves."""
    return told(description, allow_none=True)


def instant(description: str = INSTANT_HINT) -> fields.String:
    """Return an instant that leaves, as text."""
    return fields.String(required=True, metadata={"format": "date-time", "description": description})


def instant_or_null(description: str = INSTANT_HINT, **more: Any) -> fields.String:
    """Return an instant that may be null when it leaves."""
    shown = {"format": "date-time", "description": description}
    return fields.String(required=True, allow_none=True, metadata=shown, **more)


def counted(description: str = "") -> fields.Integer:
    """Return a whole number that leaves."""
    return fields.Integer(required=True, metadata={"description": description} if description else {})
