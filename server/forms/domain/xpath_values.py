"""The values of XForms expressions, and how one kind is taken for another, as JavaRosa on the phones does it.

A date is a kind of its own: it is compared by its days since 1970, and a text that looks like one is no number.
"""

from __future__ import annotations

import math
import re
from datetime import date, datetime, time

from server.instants import BEIJING

Leaf = str | float | datetime
Nodes = tuple[Leaf, ...]
Value = str | float | bool | datetime | Nodes
"""A value of an expression; a tuple is what a path finds, an answer or the cells of a list's rows."""

NAN = float("nan")
SMALLEST = 5e-324
_EPOCH = date(1970, 1, 1)
_EQUAL_WITHIN = 1e-12
_WHOLE_WITHIN = 1e-9
_INT_MAX, _LONG_MAX = 2.0**31, 2.0**63


class Unsupported(Exception):
    """An expression that only a phone can calculate. Its argument says which, or which part of it."""


def typed(answer: str, type: str) -> Leaf:
    """Return an answer as the value of its question's type; one that is not of that type stays a text."""
    if answer and type in ("int", "decimal"):
        number = to_number(answer)
        return answer if math.isnan(number) else number
    if answer and type in ("date", "dateTime"):
        return moment(answer) or answer
    if answer and type == "time":
        raise Unsupported("time")  # a day of 1970 on phones, by the hour of their zone
    return answer


def single(value: Value) -> str | float | bool | datetime:
    """Return what a path finds as one value, an empty text for nothing. Raises Unsupported for several, as phones."""
    if not isinstance(value, tuple):
        return value
    if len(value) > 1:
        raise Unsupported("nodeset")
    return value[0] if value else ""


def to_text(value: Value) -> str:
    """Return a value as text, as ``string()`` does: of an instant its day."""
    value = single(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.date().isoformat()
    return _number_text(value) if isinstance(value, float) else value


def to_answer(value: Value, type: str) -> str:
    """Return a value as the answer of a question of that type, as it is sent: true is 1, what is no number nothing."""
    value = single(value)
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, datetime):
        return value.date().isoformat() if type == "date" else value.isoformat(timespec="milliseconds")
    if not isinstance(value, float):
        return value
    if math.isnan(value):
        return ""
    if type == "int":
        return str(int(max(-_INT_MAX, min(_INT_MAX - 1, value))))
    is_whole = abs(value) < _LONG_MAX and abs(value - int(value)) < _WHOLE_WITHIN
    return str(int(value)) if is_whole else _number_text(value)


def to_number(value: Value) -> float:
    """Return a value as a number, NaN where it is none; a date as days since 1970."""
    value = single(value)
    if isinstance(value, datetime):
        return float((value.date() - _EPOCH).days)
    if not isinstance(value, str):
        return float(value)
    text = value.strip().replace(",", ".")
    return float(text) if re.fullmatch(r"-?([0-9]+(\.[0-9]*)?|\.[0-9]+)", text) else NAN


def to_boolean(value: Value) -> bool:
    """Return a value as true or false: what is not filled in, zero, and what is no number are false."""
    value = single(value)
    if isinstance(value, float):
        return not math.isnan(value) and abs(value) > _EQUAL_WITHIN
    return bool(value)


def moment(text: str) -> datetime | None:
    """Return a date, as its first instant, or an instant by Beijing's clock; None for what is neither."""
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            return datetime.combine(date.fromisoformat(text), time(), BEIJING)
        if re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T", text):
            at = datetime.fromisoformat(text)
            return at.replace(tzinfo=BEIJING) if at.tzinfo is None else at.astimezone(BEIJING)
    except (ValueError, OverflowError):
        return None
    return None


def compared(sign: str, one: Value, other: Value) -> bool:
    """Return whether a comparison holds: all but equality is one of numbers."""
    one, other = single(one), single(other)
    if sign in ("=", "!="):
        return _equal(one, other) is (sign == "=")
    left, right = to_number(one), to_number(other)
    if math.isnan(left) or math.isnan(right):
        return False
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[sign]


def _equal(one: Value, other: Value) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return to_boolean(one) == to_boolean(other)
    if isinstance(one, float) or isinstance(other, float):
        left, right = to_number(one), to_number(other)
        return left == right or abs(left - right) < _EQUAL_WITHIN
    return to_text(one) == to_text(other)


def _number_text(number: float) -> str:
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    if abs(number) < _INT_MAX and abs(number - int(number)) < _EQUAL_WITHIN:
        return str(int(number))
    if 1e-3 <= abs(number) < 1e7:
        return str(number)
    digits, _, exponent = f"{number!r}".partition("e")
    if not exponent:  # Java writes a power of ten where Python does not yet
        places = math.floor(math.log10(abs(number)))
        whole = digits.lstrip("-").replace(".", "").strip("0")
        digits, exponent = f"{'-' if number < 0 else ''}{whole[0]}.{whole[1:] or '0'}", str(places)
    return f"{digits if '.' in digits else f'{digits}.0'}E{int(exponent)}"
