"""Turns a dated code list into the file of one day, since a phone can filter by a flag but has no history."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache

DATE_COLUMNS = frozenset({"active_from", "active_to"})
"""A list with one of these is a dated list; phones get it as the list of the day."""

OFFICE_COLUMNS = frozenset({"label_en", *DATE_COLUMNS, "ref", "tone"})
"""What only the office needs: it stays out of the phones' file, which travels over weak links."""


_DAY = re.compile(r"(\d{4})(?:-|(/))(\d{1,2})(?(2)/|-)(\d{1,2})", re.ASCII)


class BadCodeList(ValueError):
    """A code list cannot be read; the message says in which line, why, and what to do."""


def rows(source: bytes) -> tuple[dict[str, str], ...]:
    """Return the rows of a CSV code list, each a mapping from column to cell.

    source: UTF-8, with or without byte order mark; the first line names the columns. Cells are
    stripped, blank lines left out, days written as ISO days where they are days (``read_day``).
    Raises BadCodeList for other encodings, a missing ``name`` or ``label``, a repeated column or code, and lines with
    more cells than columns.
    """
    return _table(source)[1]


def served(source: bytes, on: date) -> bytes:
    """Return the phones' file of a code list on one day: CSV, UTF-8, same order of rows.

    source: CSV with ``active_from`` or ``active_to`` (days, both inclusive, empty when open).
    on: a local day. Columns: ``name``, ``label``, ``active`` (``1`` or ``0``), then the list's own ones.
    A retired code stays in, with ``active`` 0, so that an old draft keeps its answer.
    A file with neither date column is no dated list and comes back as it is, byte for byte.
    Raises BadCodeList like ``rows``, and for a date that is none.
    """
    if not DATE_COLUMNS & set(_first_line(source)):
        return source
    header, read = _table(source)
    own = [column for column in header if column not in OFFICE_COLUMNS | {"name", "label", "active"}]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["name", "label", "active", *own])
    for row in read:
        active = "1" if is_active(row, on) else "0"
        writer.writerow([row["name"], row["label"], active, *(row[column] for column in own)])
    return out.getvalue().encode()


def is_active(row: Mapping[str, str], on: date) -> bool:
    """Return whether a code may be chosen on the local day ``on``. Raises BadCodeList for a date that is none."""
    first = _day(row, "active_from") or date.min
    last = _day(row, "active_to") or date.max
    return first <= on <= last


def _text(source: bytes) -> str:
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as broken:
        raise BadCodeList("代码表不是 UTF-8 编码，请另存为“CSV UTF-8”。") from broken


def _first_line(source: bytes) -> list[str]:
    return [cell.strip() for cell in next(csv.reader(io.StringIO(_text(source), newline="")), [])]


@lru_cache(maxsize=64)  # the same list lies beside several forms, and every day is served from it
def _table(source: bytes) -> tuple[tuple[str, ...], tuple[dict[str, str], ...]]:
    reader = csv.reader(io.StringIO(_text(source), newline=""), strict=True)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        _check_header(header)
        read = [_row(header, cells, reader.line_num) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as broken:
        raise BadCodeList(f"第 {reader.line_num} 行不是正确的 CSV（{broken}），请检查引号。") from broken
    _check_codes(read)
    return tuple(header), tuple(read)


def _check_header(header: list[str]) -> None:
    missing = [column for column in ("name", "label") if column not in header]
    if missing:
        raise BadCodeList(f"代码表第 1 行缺少列 {'、'.join(missing)}，请补上。")
    twice = sorted({column for column in header if header.count(column) > 1})
    if twice:
        raise BadCodeList(f"代码表第 1 行的列 {'、'.join(twice)} 出现了不止一次，请只留一个。")


def _row(header: list[str], cells: list[str], line: int) -> dict[str, str]:
    if len(cells) > len(header):
        raise BadCodeList(f"第 {line} 行有 {len(cells)} 格，多于第 1 行的 {len(header)} 列；含逗号的内容请加双引号。")
    padded = [*cells, *[""] * (len(header) - len(cells))]
    row = dict(zip(header, (cell.strip() for cell in padded), strict=True))
    for column in DATE_COLUMNS & row.keys():
        day = read_day(row[column])
        row[column] = row[column] if day is None else day.isoformat()
    return row


def _check_codes(read: list[dict[str, str]]) -> None:
    seen: set[str] = set()
    for row in read:
        code = row["name"]
        if not code:
            raise BadCodeList(f"“{row['label']}”没有代码（name），请补上。")
        if code in seen:
            raise BadCodeList(f"代码 {code} 出现了不止一次，请换一个；用过的代码不能再用。")
        seen.add(code)


def _day(row: Mapping[str, str], column: str) -> date | None:
    text = row.get(column, "")
    if not text:
        return None
    day = read_day(text)
    if day is None:
        raise BadCodeList(f"代码 {row['name']} 的 {column} 是“{text}”，不是日期，请写成 2026-11-24 这样。")
    return day


def read_day(text: str) -> date | None:
    """Return the day that a cell means, None where it means none.

    text: ``2026-11-24``, or ``2026/11/24`` and ``2026/1/4``, as Excel and WPS save a day whatever was typed. What
    begins with anything but the year may be read in two ways and means no day.
    """
    written = _DAY.fullmatch(text)
    try:
        return None if written is None else date(int(written[1]), int(written[3]), int(written[4]))
    except ValueError:
        return None
