"""Loads a county's calendar of holidays from a file, and says which year lacks one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from server import table_files
from server.audit.domain.entries import Entry
from server.audit.usecases.recording import record
from server.cases.domain import calendar_rows
from server.cases.domain.calendars import KIND_WORDS, CalendarDay
from server.cases.domain.deadlines import day_of
from server.cases.store import calendars
from server.db.transactions import Reading, Transaction
from server.errors import NotFound, Unreadable
from server.grid.usecases import files

ROWS_MAX = 2_000
"""Some 40 rows a year."""

HEADINGS = ("日期", "类别", "名称")

_HEADER_WITHIN = 10
_COLUMN_OF = {header: column for column, headers in calendar_rows.COLUMNS.items() for header in headers}


def read(content: bytes) -> tuple[CalendarDay, ...]:
    """Return the days that a CSV or XLSX file names, with columns 日期, 类别 (放假 or 上班) and 名称.

    Raises Unreadable and TooLarge for no such table, CalendarRefused with every bad row.
    """
    sheets, _ = files.tables(content, ROWS_MAX)
    for _, lines in sheets:
        for place, (_, cells) in enumerate(lines):
            headers = [_COLUMN_OF.get("".join(cell.split()).lower(), "") for cell in cells]
            if {"day", "kind"} <= set(headers):
                return calendar_rows.check(_rows(lines, headers))
            if place + 1 >= _HEADER_WITHIN:
                break
    raise Unreadable("没有找到表头；前几行里要有一行写着“日期”和“类别”（还可有名称）。")


def load(tx: Transaction, days: tuple[CalendarDay, ...], by: str) -> tuple[int, ...]:
    """Replace the years that ``days`` name, and return them. No limit that runs already changes.

    days: from ``read``. by: whom the audit names.
    """
    calendars.replace(tx, days, by)
    years = tuple(sorted({each.day.year for each in days}))
    for year in years:
        counted = [each for each in days if each.day.year == year]
        record(tx, Entry("calendar.load", by, str(year), {"days": len(counted)}))
    return years


def rows(reading: Reading, year: int) -> Iterator[tuple[str, str, str]]:
    """Yield the cells of each day of a year, in the order of ``HEADINGS``; what ``read`` takes again."""
    for each in calendars.days(reading, year):
        yield each.day.isoformat(), KIND_WORDS[each.kind], each.name


def as_csv(reading: Reading, year: int) -> bytes:
    """Return the days of a year as a CSV file with a BOM, to be changed into those of the next. Raises NotFound."""
    found = list(rows(reading, year))
    if not found:
        raise NotFound(f"没有{year}年的放假安排；可用 firegrid calendar load 载入。", year=year)
    return table_files.BOM + table_files.csv_lines([HEADINGS, *found])


def missing_year(reading: Reading) -> int | None:
    """Return the year whose calendar is missing: this one, or soon the next; None where all is known."""
    return calendars.calendar(reading).missing_year(day_of(reading.now))


def missing_year_words(year: int) -> str:
    """Return what is said wherever limits are shown while the calendar of ``year`` is missing."""
    return f"{year}年的放假安排还没有载入，工作日先按周一至周五计算；请管理员用 firegrid calendar load 载入。"


def _rows(lines: Iterator[files.Line], headers: list[str]) -> Iterator[tuple[int, Mapping[str, str]]]:
    for line, cells in lines:
        filled = {column: cell for column, cell in zip(headers, cells, strict=False) if column and cell.strip()}
        if filled:
            yield line, filled
