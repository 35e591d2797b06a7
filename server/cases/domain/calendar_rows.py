"""Checks the rows of a calendar file: days off and working weekends of whole years, every bad row at once."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import NamedTuple

from server.cases.domain.calendars import KIND_WORDS, STATUTORY, CalendarDay, DayKind
from server.errors import CalendarRefused, Invalid
from server.grid.domain import file_cells
from server.instants import local_day

COLUMNS = {"day": ("day", "date", "日期"), "kind": ("kind", "类别", "安排"), "name": ("name", "名称", "节日")}
"""Each column with the headers that name it."""

NAME_CHARS_MAX = 40

_KINDS = {
    **dict.fromkeys(("off", "holiday", "放假", "休", "休息", "节假日"), DayKind.OFF),
    **dict.fromkeys(("working", "workday", "上班", "班", "补班", "调休上班", "调休"), DayKind.WORKING),
}


class CalendarFault(NamedTuple):
    """What is wrong with a row. line: from 1 on, 0 for a year as a whole. column: English name, as in ``COLUMNS``."""

    line: int
    column: str
    value: str
    reason: str
    cure: str


def check(rows: Iterable[tuple[int, Mapping[str, str]]]) -> tuple[CalendarDay, ...]:
    """Return the days that the rows of a file name, in order.

    rows: line and cells by column. A file holds whole years: a year that it names replaces what was known of that
    year. Raises CalendarRefused with every fault: unreadable days and kinds, a day twice, a weekday that is "worked",
    a year whose public holidays of fixed date are missing (a file that was cut off).
    """
    days: dict[date, CalendarDay] = {}
    faults: list[CalendarFault] = []
    for line, cells in rows:
        found, wrong = _day(line, cells)
        faults.extend(wrong)
        if found is None:
            continue
        if found.day in days:
            faults.append(CalendarFault(line, "day", cells["day"], "这一天写了两次", "只留一行"))
        days[found.day] = found
    faults.extend(_cut_off(days))
    if not days and not faults:
        faults.append(CalendarFault(0, "day", "", "表里没有任何日期", "按国务院办公厅的放假通知逐日填写"))
    if faults:
        refused = [fault._asdict() for fault in sorted(faults)]
        raise CalendarRefused(f"放假安排没有载入：{len(faults)} 处要改，什么都没有变。", errors=refused)
    return tuple(days[day] for day in sorted(days))


def _day(line: int, cells: Mapping[str, str]) -> tuple[CalendarDay | None, list[CalendarFault]]:
    faults: list[CalendarFault] = []
    day = kind = None
    try:
        begin = file_cells.day(cells.get("day", ""))
        day = None if begin is None else date.fromisoformat(local_day(begin))
        if day is None:
            faults.append(CalendarFault(line, "day", "", "没有日期", "填写日期，如 2027-01-01"))
    except Invalid as refused:
        reason, cure = str(refused.data["reason"]), str(refused.data["cure"])
        faults.append(CalendarFault(line, "day", cells["day"], reason, cure))
    written = unicodedata.normalize("NFKC", cells.get("kind", "")).strip().lower()
    kind = _KINDS.get(written)
    if kind is None:
        words = "”或“".join(KIND_WORDS.values())
        faults.append(CalendarFault(line, "kind", cells.get("kind", ""), "没有这个类别", f"填“{words}”"))
    name = cells.get("name", "").strip()
    if len(name) > NAME_CHARS_MAX:
        faults.append(CalendarFault(line, "name", name, f"名称超过{NAME_CHARS_MAX}个字", "填节日的名称，如 春节"))
    if day is not None and kind is DayKind.WORKING and day.weekday() < 5:
        faults.append(CalendarFault(line, "kind", cells["kind"], "这天不是周末，本来就上班", "删去这一行，或核对日期"))
    return (None if faults or day is None or kind is None else CalendarDay(day, kind, name)), faults


def _cut_off(days: Mapping[date, CalendarDay]) -> Iterator[CalendarFault]:
    for year in sorted({day.year for day in days}):
        off = {(day.month, day.day) for day, each in days.items() if day.year == year and each.kind is DayKind.OFF}
        missing = [f"{month}月{day}日" for month, day in STATUTORY if (month, day) not in off]
        if missing:
            reason = f"{year}年缺法定节假日 {'、'.join(missing)}，这一年可能没有写全"
            yield CalendarFault(0, "day", str(year), reason, "把这一年的放假和上班日期补全")
