"""Which texts a field may hold by its type: one rule for server and laptop: what a laptop keeps, the server applies."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, time

TEXT = "string"

UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML cannot carry, and so no phone's list, nor the form that was filled in from it (XML 1.0, "characters")."""

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?"
_DECIMAL = re.compile(_NUMBER)
_POINT = re.compile(f"(?P<latitude>{_NUMBER}) (?P<longitude>{_NUMBER})(?: {_NUMBER}(?: (?P<accuracy>{_NUMBER}))?)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(
    r"(?P<clock>[0-9]{2}:[0-9]{2}(:[0-9]{2})?)(\.[0-9]+)?(Z|[+-](?P<hour>[0-9]{2})(:?(?P<minute>[0-9]{2}))?)?"
)
_FILE_NAME_CHARACTERS_MAX = 255


def invalid_reason(datatype: str, value: str) -> str | None:
    """Return why ``value`` does not fit a field of type ``datatype``, as a Chinese sentence, or None when it does.

    datatype: bind type of XForms (``string``, ``int`` …); one that is not listed here takes any other text.
    value: an answer as ODK writes it (ISO dates, ``lat lon altitude accuracy`` for a place, a file name
    for a photo). No field holds what XML cannot carry. An empty answer always fits; what is required is the form's
    business.
    Types: ODK XForms specification, "data types".
    """
    if value == "":
        return None
    if not value.isprintable() and UNWRITABLE.search(value):  # all that can be printed, XML can carry
        return "含有不能保存的控制字符，请删去。"
    rule = _RULES.get(datatype)
    if rule is None:
        return None
    fits, expected = rule
    return None if fits(value) else f"“{value[:60]}”不是{expected}。"


def restricts_values(datatype: str) -> bool:
    """Return whether some text does not fit a field of type ``datatype``."""
    return datatype in _RULES


def _is_integer(value: str) -> bool:
    return _INTEGER.fullmatch(value) is not None


def _is_decimal(value: str) -> bool:
    return _DECIMAL.fullmatch(value) is not None


def _is_date(value: str) -> bool:
    if _DATE.fullmatch(value) is None:
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_time(value: str) -> bool:
    match = _TIME.fullmatch(value)
    if match is None or int(match["hour"] or 0) > 14 or int(match["minute"] or 0) > 59:
        return False
    try:
        time.fromisoformat(match["clock"])
    except ValueError:
        return False
    return True


def _is_date_time(value: str) -> bool:
    day, separator, clock = value.partition("T")
    return separator == "T" and _is_date(day) and _is_time(clock)


def _is_geopoint(value: str) -> bool:
    point = _POINT.fullmatch(value)
    if point is None:
        return False
    latitude, longitude, accuracy = point["latitude"], point["longitude"], point["accuracy"]
    return abs(float(latitude)) <= 90 and abs(float(longitude)) <= 180 and float(accuracy or 0) >= 0


def _points(value: str) -> list[str]:
    return [point.strip(" ") for point in value.strip(" ").removesuffix(";").split(";")]


def _is_geotrace(value: str) -> bool:
    points = _points(value)
    return len(points) >= 2 and all(_is_geopoint(point) for point in points)


def _is_geoshape(value: str) -> bool:
    points = _points(value)
    return len(points) >= 4 and _is_geotrace(value) and points[0].split(" ")[:2] == points[-1].split(" ")[:2]


def _is_boolean(value: str) -> bool:
    return value in {"true", "false", "1", "0"}


def _is_file_name(value: str) -> bool:
    return (
        len(value) <= _FILE_NAME_CHARACTERS_MAX
        and value not in {".", ".."}
        and not any(character in "/\\" or not character.isprintable() for character in value)
    )


_RULES: dict[str, tuple[Callable[[str], bool], str]] = {
    "int": (_is_integer, "整数"),
    "long": (_is_integer, "整数"),
    "decimal": (_is_decimal, "数字"),
    "date": (_is_date, "日期（如 2026-11-24）"),
    "time": (_is_time, "时间（如 08:30:00）"),
    "dateTime": (_is_date_time, "日期时间（如 2026-11-24T08:30:00.000+08:00）"),
    "geopoint": (_is_geopoint, "位置（纬度 经度 海拔 精度）"),
    "geotrace": (_is_geotrace, "路线（至少两个位置，用分号隔开）"),
    "geoshape": (_is_geoshape, "围成一圈的位置（首尾相同，至少四个，用分号隔开）"),
    "boolean": (_is_boolean, "是或否（true / false）"),
    "binary": (_is_file_name, "文件名"),
}
