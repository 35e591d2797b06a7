"""What is wrong with a value for a field of some type, with the cure: what the server would set aside stays here.

Whether a text fits is the rule that the server applies (``sync.datatypes``). A text field takes any text at the server;
here it takes none that a spreadsheet is known to have made of something else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date, timedelta

from sync.datatypes import TEXT, UNWRITABLE, invalid_reason

_SCIENTIFIC = re.compile(r"[0-9](\.[0-9]+)?E\+[0-9]{1,3}")
_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!"})
_DAY = re.compile(r"([0-9]{4})\s*[-/.年]\s*([0-9]{1,2})\s*[-/.月]\s*([0-9]{1,2})\s*日?")
_DAY_OF_DIGITS = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(:[0-9]{2})?")
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")
_SERIAL_DAYS = range(18_264, 73_051)
"""Days since 1899-12-30, as spreadsheets count them, from 1950 to 2099."""
_NUMBERS = frozenset({"int", "long", "decimal"})
_BOOLEANS = {"是": "true", "否": "false", "yes": "true", "no": "false", "true": "true", "false": "false"}


def wrong_value(datatype: str, value: str) -> str | None:
    """Return what is wrong with ``value`` in a field of type ``datatype``, with the cure; None when nothing is."""
    if value.strip() in _ERRORS:
        return f"“{value}”是表格公式出的错，或公式还没有算出结果；请在 Excel 中打开核对，改成实际的内容，或留空"
    is_scientific = _SCIENTIFIC.fullmatch(value) is not None
    reason = invalid_reason(datatype, value)
    if is_scientific and (datatype == TEXT or reason is not None):
        return _lost_digits(value)
    if reason is None:
        return None
    reason = reason.rstrip("。")
    if UNWRITABLE.search(value):
        return f"{reason}（如从 Word 粘贴来的软换行）"
    meant = next((each for each in _candidates(datatype, value) if invalid_reason(datatype, each) is None), None)
    if meant is None:
        return f"{reason}；请{'只写数字，如 5' if datatype in _NUMBERS else '核对后改正'}"
    if datatype == "date" and value.isdecimal() and len(value) == len("46331"):
        return f"{reason}，像是 Excel 的日期序号；请把这一列设成日期格式或文本，写成 {meant}（请核对）"
    return f"{reason}；请写成 {meant}"


def _lost_digits(value: str) -> str:
    return f"“{value}”是 Excel 把长数字改成的科学记数法，后几位已经丢失；请把这一列设成文本，再照原样填一遍"


def _candidates(datatype: str, value: str) -> Iterator[str]:
    """Yield what the author may have meant, the likeliest first; not all of it need fit the type."""
    plain = unicodedata.normalize("NFKC", value).strip()  # full-width digits, signs and spaces
    yield plain
    if datatype in _NUMBERS:
        ungrouped = plain.replace(",", "") if _GROUPED.fullmatch(plain) else plain
        yield ungrouped
        yield re.sub(r"\.0*$", "", ungrouped)
    elif datatype == "date":
        yield _day(plain)
        yield _day(re.split(r"[T ]", plain)[0])
    elif datatype == "time":
        yield _clock(plain)
    elif datatype == "dateTime":
        day, _, clock = plain.replace("T", " ").partition(" ")
        yield f"{_day(day)}T{_clock(clock.strip() or '00:00')}"
    elif datatype == "boolean":
        yield _BOOLEANS.get(plain.lower(), "")
    elif datatype == "geopoint":
        yield " ".join(re.split(r"[\s,;]+", plain))


def _day(text: str) -> str:
    """Return the ISO day that a text seems to name, the text itself when it names none."""
    found = _DAY.fullmatch(text) or _DAY_OF_DIGITS.fullmatch(text)
    if found:
        year, month, day = found.groups()
        return f"{year}-{int(month):02}-{int(day):02}"
    if text.isdecimal() and len(text) == len("46331") and int(text) in _SERIAL_DAYS:
        return (date(1899, 12, 30) + timedelta(days=int(text))).isoformat()
    return text


def _clock(text: str) -> str:
    found = _CLOCK.fullmatch(text)
    return f"{int(found[1]):02}:{found[2]}{found[3] or ':00'}" if found else text
