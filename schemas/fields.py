"""The base schema and the builders of fields: ``*_in`` for what arrives, ``*_out`` for answers.

A wrong value is answered with a Chinese sentence that says what is expected.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

INSTANT_HINT = "UTC instant, ISO-8601 with milliseconds"
YEAR_MIN, YEAR_MAX = 2000, 2999
UNKNOWN = "没有这个参数；请检查拼写。"


_MESSAGES: tuple[tuple[type[fields.Field[Any]], str, str], ...] = (
    (fields.Field, "required", "必填。"),
    (fields.Field, "null", "不能为空。"),
    (fields.String, "invalid", "应为文字。"),
    (fields.String, "invalid_utf8", "应为 UTF-8 文字。"),
    (fields.UUID, "invalid_uuid", "应为 UUID。"),
    (fields.Number, "invalid", "应为数字。"),
    (fields.Number, "too_large", "数字太大。"),
    (fields.Integer, "invalid", "应为整数。"),
    (fields.Float, "special", "应为数字。"),
    (fields.Boolean, "invalid", "应为 true 或 false。"),
    (fields.List, "invalid", "应为一个列表。"),
    (fields.Dict, "invalid", "应为一个 JSON 对象。"),
)
"""Kind of field, key of its message, and the message that replaces marshmallow's own."""


class BaseSchema(Schema):
    """The base of every schema. Fields keep the order in which they are declared."""

    error_messages = {"unknown": UNKNOWN, "type": "应为一个 JSON 对象。"}  # noqa: RUF012 - marshmallow declares it so

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Replace marshmallow's English messages of the field, and of the fields within it, by Chinese ones."""
        for kind, key, message in _MESSAGES:
            if isinstance(field_obj, kind) and field_obj.error_messages[key] == kind.default_error_messages[key]:
                field_obj.error_messages[key] = message
        for name in ("inner", "key_field", "value_field"):
            within = getattr(field_obj, name, None)
            if within is not None:
                self.on_bind_field(field_name, within)


def text_in(description: str, *, required: bool = False, most: int = 200, **more: Any) -> fields.String:
    """Return a text field for input, of 1 to ``most`` characters."""
    return fields.String(
        required=required,
        validate=validate.Length(1, most, error=f"应为1至{most}个字符。"),
        metadata={"description": description},
        **more,
    )


def matching(pattern: str, description: str, cure: str, **more: Any) -> fields.String:
    """Return a text field for input whose whole text matches ``pattern``. cure: the message when it does not."""
    return fields.String(
        validate=validate.Regexp(re.compile(rf"\A(?:{pattern})\Z"), error=cure),
        error_messages={"required": f"必填。{cure}", "null": cure, "invalid": cure},
        metadata={"description": description, "pattern": f"^(?:{pattern})$"},
        **more,
    )


def instant_in(description: str, **more: Any) -> fields.String:
    """Return a field for an instant in input, as ISO-8601 text; a bare date is the beginning of that local day."""
    cure = "应为时间，如 2026-05-15（当日零时）或 2026-05-15T08:00:00+08:00。"
    return fields.String(
        validate=_is_instant(cure),
        error_messages={"required": f"必填。{cure}", "null": cure, "invalid": cure},
        metadata={"description": description, "examples": ["2026-05-15", "2026-05-15T08:00:00+08:00"]},
        **more,
    )


def _is_instant(cure: str) -> Callable[[str], None]:
    def check(text: str) -> None:
        try:
            year = datetime.fromisoformat(text).year
        except ValueError as error:
            raise ValidationError(cure) from error
        if not YEAR_MIN <= year <= YEAR_MAX:
            raise ValidationError(cure)

    return check


def day(description: str, data_key: str | None = None) -> fields.Date:
    """Return a field for a local day in input."""
    wrong = "应为日期，如 2026-04-01。"
    return fields.Date(
        format="iso",
        error_messages={"invalid": wrong, "format": wrong, "null": wrong},
        metadata={"description": description},
        data_key=data_key,
    )


def one_of(choices: Iterable[str], description: str, **more: Any) -> fields.String:
    """Return a field that holds one of ``choices``."""
    listed = tuple(choices)
    return fields.String(
        validate=validate.OneOf(listed, error=f"应为其中之一：{'、'.join(listed)}。"),
        error_messages={"required": f"必填：{'、'.join(listed)}。"},
        metadata={"description": description},
        **more,
    )


def several_of(choices: Iterable[str], description: str) -> fields.String:
    """Return a field of a query string that holds one of ``choices``, or several with commas between them."""
    listed = tuple(choices)
    one = "|".join(map(re.escape, listed))
    cure = f"应为其中之一，或用英文逗号隔开的几个：{'、'.join(listed)}。"
    return matching(f"(?:{one})(?:,(?:{one})){{0,{len(listed) - 1}}}", description, cure)


def boolean_parameter(description: str) -> fields.Boolean:
    """Return a boolean field of a query string, which takes ``true`` and ``false`` alone."""
    return fields.Boolean(
        truthy={"true"},
        falsy={"false"},
        metadata={"description": description},
    )


class _TrueOrFalse(fields.Boolean):
    """The JSON values true and false alone; marshmallow takes 1 for true, since Python does."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> Any:
        if value is not True and value is not False:
            raise self.make_error("invalid", input=value)
        return value


def boolean_in(description: str, **more: Any) -> fields.Boolean:
    """Return a boolean field of a JSON body, which takes true and false alone."""
    wrong = "应为 true 或 false。"
    return _TrueOrFalse(
        error_messages={"required": f"必填。{wrong}", "null": wrong, "invalid": wrong},
        metadata={"description": description},
        **more,
    )


def integer_in(description: str, least: int, most: int, **more: Any) -> fields.Integer:
    """Return an integer field for input, from ``least`` to ``most``."""
    wrong = f"应为{least}至{most}的整数。"
    return fields.Integer(
        validate=validate.Range(least, most, error=wrong),
        error_messages={"invalid": wrong, "too_large": wrong, "null": wrong},
        metadata={"description": description},
        **more,
    )


def text_out(description: str = "", **more: Any) -> fields.String:
    """Return a text field of an answer, always present."""
    return fields.String(required=True, metadata={"description": description} if description else {}, **more)


def text_out_or_null(description: str = "") -> fields.String:
    """Return a text field of an answer that may be null."""
    return text_out(description, allow_none=True)


def instant_out(description: str = INSTANT_HINT) -> fields.String:
    """Return an instant of an answer, as text."""
    return fields.String(required=True, metadata={"format": "date-time", "description": description})


def instant_out_or_null(description: str = INSTANT_HINT, **more: Any) -> fields.String:
    """Return an instant of an answer that may be null."""
    shown = {"format": "date-time", "description": description}
    return fields.String(required=True, allow_none=True, metadata=shown, **more)


def integer_out(description: str = "") -> fields.Integer:
    """Return an integer field of an answer."""
    return fields.Integer(required=True, metadata={"description": description} if description else {})


def integer_out_or_null(description: str = "") -> fields.Integer:
    """Return an integer field of an answer that may be null."""
    metadata = {"description": description} if description else {}
    return fields.Integer(required=True, allow_none=True, metadata=metadata)
