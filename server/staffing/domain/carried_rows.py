"""Reads the rows of a list of last year's open hazards (上年结转) as offices write them, and decides what each does.

The same list again takes nothing over twice: a hazard is known again by its number of last year, or by grid, place and
item where it had none. A row that names a village of which there are two is refused with both named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import NamedTuple

from server.cases.domain.similarity import place_key
from server.errors import Invalid
from server.grid.domain.areas import Area, Level, short_name
from server.grid.domain.file_rows import Fault, SheetRow
from server.staffing.domain.list_plans import Kind, Plan
from server.staffing.domain.roster_rows import Grid, fault

COLUMNS = {
    "item": ("隐患", "隐患项目", "隐患内容", "item"),
    "place": ("场所", "场所或位置", "位置", "单位名称", "place"),
    "town": ("乡镇", "镇", "town"),
    "village": ("村", "村（社区）", "村(社区)", "村社区", "village"),
    "unit": ("单元", "unit"),
    "code": ("网格代码", "代码", "area"),
    "found_on": ("发现日期", "发现时间", "found_on"),
    "old_no": ("原编号", "原案件编号", "编号", "old_no"),
    "description": ("说明", "备注", "description"),
}
"""Columns of a list and the headings that stand for them; the first is that of the template."""

TITLES = {column: headings[0] for column, headings in COLUMNS.items()}

LENGTH_MAX = 100
"""Characters of a place or a number."""

DESCRIPTION_MAX = 500

YEAR_MIN = 1990
"""A hazard that was found earlier than this has a year that was mistyped."""

_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})(?!\d)")


_CASE_NO = re.compile(r"\d{4}-\d{6,}")


class Step(NamedTuple):
    """What one good row does. item: its code. found_on: a day, empty where none is known. key: it is known again by."""

    kind: Kind
    row: SheetRow
    area: Area
    item: str
    found_on: str
    key: str


class Known(NamedTuple):
    """What is there.

    items: labels by code, of the hazards in force. year: that begins with the list; what was found in it is none of the
    last. numbers: of the list, those that cases have which are here already. taken_over: keys of the cases that were
    taken over. refusal_of: why the importer may not take a case over in an area, and the cure; None when they may.
    """

    items: Mapping[str, str]
    year: int
    numbers: frozenset[str]
    taken_over: frozenset[str]
    refusal_of: Callable[[Area], tuple[str, str] | None]


def key_of(old_no: str, area: str, place: str, item: str) -> str:
    """Return what a hazard is known again by. area: code."""
    return f"no {place_key(old_no)}" if old_no else f"at {area} {place_key(place)} {item}"


def plan(rows: Iterable[SheetRow], grid: Grid, known: Known) -> Plan[Step]:
    """Return what ``rows`` do, with all faults of all rows."""
    faults: list[Fault] = []
    steps: list[Step] = []
    asked: dict[str, int] = {}
    for row in rows:
        before = len(faults)
        area, item = _area(row, grid, known, faults), _item(row, known, faults)
        found_on = _found_on(row, known, faults)
        faults += (*_here_already(row, known), *_lengths(row))
        if len(faults) > before or area is None:
            continue
        key = key_of(_text(row, "old_no"), area.code, _text(row, "place"), item)
        if key in asked:
            cure = "同一处只留一行；不是同一处，写上各自的原编号，或在场所里写明区别"
            faults.append(fault(row, "place", f"与第{asked[key]}行是同一处隐患", cure))
            continue
        asked[key] = row.line
        steps.append(Step(Kind.SAME if key in known.taken_over else Kind.NEW, row, area, item, found_on, key))
    return Plan(tuple(steps), tuple(sorted(faults, key=lambda each: each.line)))


def _text(row: SheetRow, column: str) -> str:
    return " ".join(row.text(column).split())


def _area(row: SheetRow, grid: Grid, known: Known, faults: list[Fault]) -> Area | None:
    """Return the village or unit in which a hazard is; None with the fault in ``faults``."""
    try:
        area = grid.area_of(row)
    except Invalid as refusal:
        column = str(refusal.data.get("column", "code"))
        faults.append(fault(row, column, str(refusal.data["reason"]), str(refusal.data["cure"])))
        return None
    if area.level not in (Level.VILLAGE, Level.UNIT):
        faults.append(fault(row, "village", "没有填到村", "填乡镇和村，或填网格代码"))
        return None
    refused = known.refusal_of(area)
    if refused is not None:
        faults.append(fault(row, "village", *refused))
        return None
    return area


def _item(row: SheetRow, known: Known, faults: list[Fault]) -> str:
    """Return the code of a hazard that a cell names by its label or its code; empty with the fault in ``faults``."""
    written = "".join(row.text("item").split())
    found = [code for code, label in known.items.items() if written in (code, label)]
    if len(found) == 1:
        return found[0]
    if not written:
        faults.append(fault(row, "item", "隐患必填", "照“说明”里的隐患项目填写"))
    else:
        faults.append(fault(row, "item", f"没有“{written[:20]}”这一项隐患", "照“说明”里的隐患项目填写，写全名或代码"))
    return ""


def _found_on(row: SheetRow, known: Known, faults: list[Fault]) -> str:
    written = _text(row, "found_on")
    if not written:
        return ""
    parts = _DAY.match(written)
    try:
        found = date(*(int(part) for part in parts.groups())) if parts else date.min
    except ValueError:
        found = date.min
    if found.year < YEAR_MIN:
        faults.append(fault(row, "found_on", "发现日期看不懂", "写成 2025-11-03，不知道就空着"))
        return ""
    if found.year >= known.year:
        cure = "今年发现的请照常上报，不走结转"
        faults.append(fault(row, "found_on", f"{found}是{known.year}年的，不是上年结转", cure))
    return f"{found}"


def _here_already(row: SheetRow, known: Known) -> Iterable[Fault]:
    """Yield a fault for a hazard that was reported here: it is in 期初在办 by itself, and would count twice."""
    if (number := _text(row, "old_no")) in known.numbers:
        yield fault(row, "old_no", f"{number}是系统里已有的案件", "不用结转，没办结的已在期初在办里；请删去这一行")


def _lengths(row: SheetRow) -> Iterable[Fault]:
    if not _text(row, "place"):
        yield fault(row, "place", "场所必填", "写单位名称或位置，不写户主姓名")
    for column, most in (("place", LENGTH_MAX), ("old_no", LENGTH_MAX), ("description", DESCRIPTION_MAX)):
        if len(_text(row, column)) > most:
            yield fault(row, column, f"超过{most}个字", "写短一些")


def case_numbers(rows: Iterable[SheetRow]) -> list[str]:
    """Return what of the old numbers of a list may be numbers of cases here."""
    return [number for row in rows if _CASE_NO.fullmatch(number := _text(row, "old_no"))]


def names(areas: Iterable[Area]) -> list[str]:
    """Return what areas are called in short, in their order."""
    return [short_name(area.name) for area in areas]
