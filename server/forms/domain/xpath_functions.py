"""The functions of XForms expressions, each with the value that JavaRosa gives it on the phones.

What JavaRosa has not (``floor``, ``lower-case``, ``substring``) is not here either: such a form opens on no phone.
"""

from __future__ import annotations

import math
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import partial

from server.forms.domain.xpath_values import (
    NAN,
    SMALLEST,
    Unsupported,
    Value,
    moment,
    single,
    to_boolean,
    to_number,
    to_text,
)
from server.instants import BEIJING

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PATTERN_CHARS_MAX, _SUBJECT_CHARS_MAX = 500, 2_000
_DIGITS_MAX = 15
_DAY_MS = 86_400_000
_LINE_ENDS = "\r\x85\u2028\u2029"
_REPEATS_OF_REPEATS = re.compile(r"[*+}]\)*[*+{]|\([^)]*[*+][^)]*\)[*+{]")
# What Python and Java read differently: classes in classes, flags in the middle, escapes that only one of them knows.
_OTHERWISE_IN_JAVA = re.compile(r"\[[^\]]*(?:\[|&&)|\(\?|\\[^dDwWsStnrf\W]|\$.")


def _regex(value: Value, pattern: Value) -> bool:
    expression, subject = to_text(pattern), to_text(value)
    if len(expression) > _PATTERN_CHARS_MAX or len(subject) > _SUBJECT_CHARS_MAX:
        raise Unsupported("regex()")
    if _REPEATS_OF_REPEATS.search(expression):
        raise Unsupported("regex()")  # they may take for ever
    if _OTHERWISE_IN_JAVA.search(expression) or any(sign in subject for sign in _LINE_ENDS):
        raise Unsupported("regex()")
    try:
        return re.fullmatch(expression, subject, re.ASCII) is not None
    except (re.error, OverflowError, RecursionError) as error:
        raise Unsupported("regex()") from error


def _codes(value: Value) -> str:
    codes = single(value)
    if not isinstance(codes, str):  # phones stop with an error at the codes of a number
        raise Unsupported("selected()")
    return codes


def _selected(value: Value, code: Value) -> bool:
    return f" {_codes(code).strip()} " in f" {_codes(value)} "


def _selected_at(value: Value, number: Value) -> str:
    codes, at = _codes(value).split(), to_number(number)
    place = 0 if math.isnan(at) else int(at)
    return codes[place] if 0 <= place < len(codes) else ""


def _substr(value: Value, first: Value, last: Value = float("inf")) -> str:
    text, begin, end = to_text(value), to_number(first), to_number(last)
    if any(sign > "\uffff" for sign in text) or math.isnan(begin) or math.isnan(end):
        raise Unsupported("substr()")  # phones count such signs as two
    return text[int(begin) : None if math.isinf(end) else int(end)]


def _round(value: Value, places: Value = 0.0) -> float:
    number, digits = to_number(value), to_number(places)
    if math.isnan(number) or math.isinf(number):
        return number
    if math.isnan(digits) or abs(digits) > _DIGITS_MAX:
        raise Unsupported("round()")
    if int(digits) == 0:
        return float(math.floor(number + 0.5))
    return float(Decimal(repr(number)).quantize(Decimal(1).scaleb(-int(digits)), ROUND_HALF_UP))


def _power(value: Value, exponent: Value) -> float:
    one, other = to_number(value), to_number(exponent)
    if math.isnan(other):  # Python has one to any power as one
        return NAN
    try:
        return math.pow(one, other)
    except OverflowError as error:
        raise Unsupported("pow()") from error
    except ValueError:
        return float("inf") if one == 0 else NAN


def _instant(value: Value) -> datetime | None:
    """Return a value as an instant, None for nothing. Raises Unsupported for what is none, as phones stop there."""
    value = single(value)
    if value == "" or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, float):
        return (_EPOCH + timedelta(milliseconds=math.trunc(value * _DAY_MS))).astimezone(BEIJING)
    at = value if isinstance(value, datetime) else moment(to_text(value))
    if at is None:
        raise Unsupported("date()")
    return at


def _date(value: Value) -> Value:
    value = single(value)
    if isinstance(value, float) and not math.isnan(value):
        value = float(int(value))
    at = _instant(value)
    if at is None:
        return value
    if isinstance(value, str):
        return at
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def _days(value: Value) -> Value:
    value = single(value)
    at = None if isinstance(value, float) else _instant(value)
    return value if at is None else (at - _EPOCH) / timedelta(days=1)


def _format_date(value: Value, pattern: Value) -> str:
    at, text = _instant(value), to_text(pattern)
    if at is None:
        return ""
    said: Mapping[str, str] = {
        "%Y": f"{at.year:04}", "%y": f"{at:%y}", "%m": f"{at:%m}", "%n": str(at.month), "%d": f"{at:%d}",
        "%e": str(at.day), "%H": f"{at:%H}", "%h": str(at.hour), "%M": f"{at:%M}", "%S": f"{at:%S}",
        "%3": f"{at.microsecond // 1_000:03}", "%%": "%",
    }  # fmt: skip
    parts = re.findall("%.?|[^%]+", text, re.DOTALL)
    if any(part[0] == "%" and part not in said for part in parts):
        raise Unsupported("format-date()")  # names of days and months are in the language of the phone
    return "".join(said.get(part, part) for part in parts)


def _numbers(values: tuple[Value, ...]) -> list[float]:
    each = [to_number(part) for value in values for part in (value if isinstance(value, tuple) else (value,))]
    return [number for number in each if not math.isnan(number)]


def _least(*values: Value) -> float:
    return min(_numbers(values), default=NAN)


def _most(*values: Value) -> float:
    most = max(_numbers(values), default=NAN)
    if most < 0:  # phones begin to look at the least number above zero
        raise Unsupported("max()")
    return SMALLEST if most == 0 else most


def _nodes(value: Value) -> tuple[Value, ...]:
    if not isinstance(value, tuple):
        raise Unsupported("nodeset")
    return value


def _texts(*values: Value) -> list[str]:
    return [to_text(part) for each in values for part in ((each or ("",)) if isinstance(each, tuple) else (each,))]


def _translate(value: Value, old: Value, new: Value) -> str:
    signs, others = to_text(old), to_text(new)
    table = {ord(sign): (others[at] if at < len(others) else None) for at, sign in reversed(list(enumerate(signs)))}
    return to_text(value).translate(table)


def _coalesce(one: Value, other: Value) -> Value:
    first = single(one)
    is_nothing = first == "" or (isinstance(first, float) and math.isnan(first))
    return single(other) if is_nothing else first


def _part(value: Value, at: Value, *, is_before: bool) -> str:
    text, sign = to_text(value), to_text(at)
    found = text.find(sign)
    if found < 0:
        return ""
    return text[:found] if is_before else text[found + len(sign) :]


def _length(value: Value) -> float:
    return len(to_text(value).encode("utf-16-le", "surrogatepass")) / 2


def _whole(value: Value) -> float:
    number = to_number(value)
    return number if math.isnan(number) or math.isinf(number) else float(math.trunc(number))


FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    "true": lambda: True,
    "false": lambda: False,
    "not": lambda value: not to_boolean(value),
    "boolean": to_boolean,
    "boolean-from-string": lambda value: to_text(value).lower() in ("1", "true"),
    "number": to_number,
    "string": to_text,
    "int": _whole,
    "round": _round,
    "abs": lambda value: abs(to_number(value)),
    "pow": _power,
    "sum": lambda value: math.fsum(_numbers(_nodes(value))),
    "min": _least,
    "max": _most,
    "count": lambda value: float(len(_nodes(value))),
    "count-non-empty": lambda value: float(sum(1 for each in _nodes(value) if each != "")),
    "count-selected": lambda value: float(len(_codes(value).split())),
    "selected": _selected,
    "selected-at": _selected_at,
    "regex": _regex,
    "concat": lambda *values: "".join(_texts(*values)),
    "join": lambda between, *values: to_text(between).join(_texts(*values)),
    "translate": _translate,
    "coalesce": _coalesce,
    "contains": lambda text, part: to_text(part) in to_text(text),
    "starts-with": lambda text, part: to_text(text).startswith(to_text(part)),
    "ends-with": lambda text, part: to_text(text).endswith(to_text(part)),
    "substr": _substr,
    "substring-before": partial(_part, is_before=True),
    "substring-after": partial(_part, is_before=False),
    "string-length": _length,
    "normalize-space": lambda value: " ".join(to_text(value).split()),
    "uuid": lambda: str(uuid.uuid4()),
    "decimal-date-time": _days,
    "date": _date,
    "date-time": lambda value: _instant(value) or single(value),
    "format-date": _format_date,
    "format-date-time": _format_date,
}
