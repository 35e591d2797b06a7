"""The functions of XForms expressions, and how their values are compared (ODK XForms specification, "XPath")."""

from __future__ import annotations

import math
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import partial

from server.instants import BEIJING

Nodes = tuple[str, ...]
Value = str | float | bool | Nodes
"""A value of an expression; a tuple is what a path finds, an answer or the cells of a list's rows."""

EPOCH = date(1970, 1, 1)
_DAY_S = 86_400
_PATTERN_CHARS_MAX, _SUBJECT_CHARS_MAX = 500, 2_000


class Unsupported(Exception):
    """An expression that only a phone can calculate. Its argument says which, or which part of it."""


def to_text(value: Value) -> str:
    """Return a value as text: of several answers the first."""
    if isinstance(value, tuple):
        return value[0] if value else ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else str(int(value)) if value.is_integer() else str(value)
    return value


def to_number(value: Value) -> float:
    """Return a value as a number, NaN where it is none; a date as days since 1970."""
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, float):
        return value
    text = to_text(value).strip()
    if re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", text):
        return float(text)
    moment = _moment(text)
    return float("nan") if moment is None else moment


def to_boolean(value: Value) -> bool:
    """Return a value as true or false, as XPath has it: a path that finds nothing filled in is false."""
    if isinstance(value, tuple):
        return any(value)
    if isinstance(value, float):
        return not math.isnan(value) and value != 0
    return bool(value)


def compared(sign: str, one: Value, other: Value) -> bool:
    """Return whether a comparison holds; of several nodes, whether it does for any pair of them."""
    ones = one if isinstance(one, tuple) else (one,)
    others = other if isinstance(other, tuple) else (other,)
    return any(_holds(sign, left, right) for left in ones for right in others)


def _holds(sign: str, one: Value, other: Value) -> bool:
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
        return to_number(one) == to_number(other)
    return to_text(one) == to_text(other)


def _moment(text: str) -> float | None:
    """Return a date or an instant as days since 1970, None for what is neither."""
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return float((date.fromisoformat(text) - EPOCH).days)
        if "T" in text and text[:4].isdigit():
            at = datetime.fromisoformat(text)
            at = at if at.tzinfo is not None else at.replace(tzinfo=BEIJING)
            return at.timestamp() / _DAY_S
    except ValueError:
        return None
    return None


def _regex(value: Value, pattern: Value) -> bool:
    expression, subject = to_text(pattern), to_text(value)
    if len(expression) > _PATTERN_CHARS_MAX or len(subject) > _SUBJECT_CHARS_MAX:
        raise Unsupported("regex()")
    if re.search(r"[*+}]\)*[*+{]|\([^)]*[*+][^)]*\)[*+{]", expression):
        raise Unsupported("regex()")  # repeats of repeats may take for ever
    try:
        return re.fullmatch(expression, subject, re.DOTALL) is not None
    except (re.error, OverflowError, RecursionError) as error:
        raise Unsupported("regex()") from error


def _selected(value: Value, code: Value) -> bool:
    return to_text(code).strip() in to_text(value).split()


def _selected_at(value: Value, number: Value) -> str:
    codes, at = to_text(value).split(), to_number(number)
    return codes[int(at)] if at == at and 0 <= at < len(codes) else ""


def _substring(value: Value, first: Value, count: Value = float("inf")) -> str:
    text, begin = to_text(value), round(to_number(first))
    end = begin + to_number(count)
    return "".join(sign for at, sign in enumerate(text, 1) if begin <= at < end)


def _substr(value: Value, first: Value, last: Value = float("inf")) -> str:
    text, begin, end = to_text(value), int(to_number(first)), to_number(last)
    return text[begin : None if math.isinf(end) else int(end)]


def _round(value: Value, places: Value = 0.0) -> float:
    number, digits = to_number(value), int(to_number(places))
    return number if math.isnan(number) else math.floor(number * 10**digits + 0.5) / 10**digits


def _date(value: Value) -> str:
    if isinstance(value, float):
        return (EPOCH + timedelta(days=int(value))).isoformat()
    return to_text(value)[:10]


def _format_date(value: Value, pattern: Value) -> str:
    days = to_number(value)
    if math.isnan(days):
        return ""
    at = datetime(1970, 1, 1, tzinfo=BEIJING) + timedelta(days=days)
    if "T" in to_text(value):
        at = datetime.fromisoformat(to_text(value)).astimezone(BEIJING)
    said: Mapping[str, str] = {
        "%Y": f"{at:%Y}", "%y": f"{at:%y}", "%m": f"{at:%m}", "%n": str(at.month), "%d": f"{at:%d}", "%e": str(at.day),
        "%H": f"{at:%H}", "%h": str(at.hour), "%M": f"{at:%M}", "%S": f"{at:%S}",
    }  # fmt: skip
    return re.sub("%.", lambda match: said.get(match[0], match[0]), to_text(pattern))


def _numbers(values: tuple[Value, ...]) -> list[float]:
    each = [part for value in values for part in (value if isinstance(value, tuple) else (value,))]
    found = [to_number(part) for part in each if to_text(part) != ""]
    return [number for number in found if not math.isnan(number)]


def _most(choose: Callable[[list[float]], float], *values: Value) -> float:
    found = _numbers(values)
    return choose(found) if found else float("nan")


def _count_non_empty(value: Value) -> float:
    return float(sum(1 for each in (value if isinstance(value, tuple) else (to_text(value),)) if each))


def _all_text(*values: Value) -> str:
    return "".join("".join(each) if isinstance(each, tuple) else to_text(each) for each in values)


def _join(between: Value, *values: Value) -> str:
    parts = [part for each in values for part in (each if isinstance(each, tuple) else (to_text(each),))]
    return to_text(between).join(part for part in parts if part)


def _translate(value: Value, old: Value, new: Value) -> str:
    signs, others = to_text(old), to_text(new)
    table = {ord(sign): (others[at] if at < len(others) else None) for at, sign in reversed(list(enumerate(signs)))}
    return to_text(value).translate(table)


def _coalesce(one: Value, other: Value) -> str:
    return to_text(one) or to_text(other)


def _days(value: Value) -> float:
    return to_number(value)


FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    "true": lambda: True,
    "false": lambda: False,
    "not": lambda value: not to_boolean(value),
    "boolean": to_boolean,
    "boolean-from-string": lambda value: to_text(value) in ("1", "true"),
    "number": to_number,
    "string": to_text,
    "int": lambda value: float(math.trunc(to_number(value))) if to_number(value) == to_number(value) else float("nan"),
    "round": _round,
    "floor": lambda value: float(math.floor(to_number(value))),
    "ceiling": lambda value: float(math.ceil(to_number(value))),
    "abs": lambda value: abs(to_number(value)),
    "pow": lambda one, other: math.pow(to_number(one), to_number(other)),
    "sum": lambda value: float(sum(_numbers((value,)))),
    "min": partial(_most, min),
    "max": partial(_most, max),
    "count": lambda value: float(len(value)) if isinstance(value, tuple) else 1.0,
    "count-non-empty": _count_non_empty,
    "count-selected": lambda value: float(len(to_text(value).split())),
    "selected": _selected,
    "selected-at": _selected_at,
    "regex": _regex,
    "concat": _all_text,
    "join": _join,
    "translate": _translate,
    "coalesce": _coalesce,
    "contains": lambda text, part: to_text(part) in to_text(text),
    "starts-with": lambda text, part: to_text(text).startswith(to_text(part)),
    "ends-with": lambda text, part: to_text(text).endswith(to_text(part)),
    "substring": _substring,
    "substr": _substr,
    "substring-before": lambda text, part: (
        to_text(text).partition(to_text(part))[0] if to_text(part) in to_text(text) else ""
    ),
    "substring-after": lambda text, part: to_text(text).partition(to_text(part))[2],
    "string-length": lambda value: float(len(to_text(value))),
    "normalize-space": lambda value: " ".join(to_text(value).split()),
    "lower-case": lambda value: to_text(value).lower(),
    "upper-case": lambda value: to_text(value).upper(),
    "uuid": lambda *length: str(uuid.uuid4()),
    "decimal-date-time": _days,
    "decimal-date": lambda value: float(math.floor(_days(value))) if _days(value) == _days(value) else float("nan"),
    "date": _date,
    "date-time": to_text,
    "format-date": _format_date,
    "format-date-time": _format_date,
}
