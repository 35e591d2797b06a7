"""Reads the rows of a list of premises (场所名单) as offices write them, and decides what each of them would do.

The same list again adds nothing: premises of one name in one grid are the same. A row that names a village of which
there are two is refused with both named; where a village has several units, the row has to say which.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from server.cases.domain.similarity import place_key
from server.errors import Invalid
from server.grid.domain.areas import Area, Level, short_name
from server.grid.domain.file_rows import Fault, SheetRow
from server.staffing.domain.list_plans import Kind, Plan
from server.staffing.domain.roster_rows import Grid, fault

COLUMNS = {
    "title": ("场所名称", "名称", "单位名称", "店名", "title"),
    "premises_kind": ("场所类型", "类型", "类别", "kind"),
    "town": ("乡镇", "镇", "town"),
    "village": ("村", "村（社区）", "村(社区)", "村社区", "village"),
    "unit": ("单元", "unit"),
    "code": ("网格代码", "代码", "area"),
    "place": ("地址", "门牌", "门牌或位置", "位置", "place"),
    "premises_state": ("使用状态", "状态", "state"),
    "floors": ("层数", "几层", "floors"),
    "manager": ("消防安全负责人", "负责人", "联系人", "manager"),
    "manager_phone": ("联系电话", "电话", "手机", "phone"),
}
"""Columns of a list and the headings that stand for them; the first is that of the template."""

TITLES = {column: headings[0] for column, headings in COLUMNS.items()}

LENGTH_MAX = 100
"""Characters of a name, a place or a manager."""

FLOORS_MAX = 100
"""As the form of premises has it."""

IN_USE = "in_use"
"""The state of premises of which a row says none."""

_PHONE = re.compile(r"[0-9+ -]{5,20}", re.ASCII)
_MOBILE = re.compile(r"1[3-9][0-9]{9}", re.ASCII)
_APART = re.compile(r"[（）()、，,/]")


class Step(NamedTuple):
    """What one good row does. fields: of the premises that it registers, as the form saves them."""

    kind: Kind
    row: SheetRow
    area: Area
    fields: Mapping[str, str]


class Known(NamedTuple):
    """What is there.

    kinds, states: labels by code, of the codes in force. units: the units in force of a village, by the village's
    code. listed: the code of the area and the name (``place_key``) of premises on record. refusal_of: why the importer
    may not register premises in an area, and the cure; None when they may.
    """

    kinds: Mapping[str, str]
    states: Mapping[str, str]
    units: Mapping[str, list[Area]]
    listed: frozenset[tuple[str, str]]
    refusal_of: Callable[[Area], tuple[str, str] | None]


def plan(rows: Iterable[SheetRow], grid: Grid, known: Known) -> Plan[Step]:
    """Return what ``rows`` do, with all faults of all rows."""
    faults: list[Fault] = []
    steps: list[Step] = []
    asked: dict[tuple[str, str], int] = {}
    for row in rows:
        before = len(faults)
        area = _area(row, grid, known, faults)
        fields = _fields(row, known, faults)
        if len(faults) > before or area is None:
            continue
        key = area.code, place_key(fields["title"])
        if key in asked:
            cure = "同一处只留一行；不是同一处，在名称里写明区别"
            faults.append(fault(row, "title", f"第{asked[key]}行已有这个网格的同名场所", cure))
            continue
        asked[key] = row.line
        steps.append(Step(Kind.SAME if key in known.listed else Kind.NEW, row, area, fields))
    return Plan(tuple(steps), tuple(sorted(faults, key=lambda each: each.line)))


def _area(row: SheetRow, grid: Grid, known: Known, faults: list[Fault]) -> Area | None:
    """Return the unit in which premises lie, or the village where it has no unit; None with the fault in ``faults``."""
    try:
        area = grid.area_of(row)
    except Invalid as refusal:
        column = str(refusal.data.get("column", "code"))
        faults.append(fault(row, column, str(refusal.data["reason"]), str(refusal.data["cure"])))
        return None
    units = known.units.get(area.code, [])
    if area.level not in (Level.VILLAGE, Level.UNIT):
        cure = "填乡镇和村，或填网格代码"
        faults.append(fault(row, "village", "没有填到村", cure))
        return None
    if len(units) > 1:
        names = "、".join(short_name(each.name) for each in units)
        faults.append(fault(row, "unit", f"{short_name(area.name)}有{len(units)}个单元：{names}", "填其中一个单元"))
        return None
    found = units[0] if units else area
    refusal_found = known.refusal_of(found)
    if refusal_found is not None:
        faults.append(fault(row, "village", *refusal_found))
        return None
    return found


def _fields(row: SheetRow, known: Known, faults: list[Fault]) -> dict[str, str]:
    """Return what a row says of premises, as the form saves it; what is wrong is added to ``faults``."""
    said = {column: " ".join(row.text(column).split()) for column in TITLES}
    for column in ("title", "place", "manager"):
        if len(said[column]) > LENGTH_MAX:
            faults.append(fault(row, column, f"超过{LENGTH_MAX}个字", "写短一些"))
        elif _MOBILE.search(said[column]):
            faults.append(fault(row, column, "这里写了手机号", "手机号写在“联系电话”一栏"))
    if not said["title"]:
        faults.append(fault(row, "title", "场所名称必填", "补上招牌或单位的名称"))
    floors = said["floors"].removesuffix("层").removesuffix(".0")
    if floors and not (floors.isascii() and floors.isdigit() and 1 <= int(floors[:9]) <= FLOORS_MAX):
        faults.append(fault(row, "floors", "层数不是整数", f"填1到{FLOORS_MAX}之间的整数，或空着"))
    if said["manager_phone"] and not _PHONE.fullmatch(said["manager_phone"].removesuffix(".0")):
        faults.append(fault(row, "manager_phone", "电话不可用", "只写一个电话号码，或空着"))
    kind = _code(row, "premises_kind", known.kinds, faults)
    state = _code(row, "premises_state", known.states, faults) if said["premises_state"] else IN_USE
    phone = said["manager_phone"].removesuffix(".0")
    found = {
        "title": said["title"], "premises_kind": kind, "premises_state": state, "place": said["place"],
        "floors": floors, "manager": said["manager"], "manager_phone": phone,
    }  # fmt: skip
    return {name: value for name, value in found.items() if value}


def _code(row: SheetRow, column: str, labels: Mapping[str, str], faults: list[Fault]) -> str:
    """Return the code whose label, or one of the words in it, a cell names; empty with the fault in ``faults``."""
    written = "".join(row.text(column).split())
    whole = [code for code, label in labels.items() if written in (code, label)]
    parts = [code for code, label in labels.items() if written and written in _APART.split(label)]
    found = whole or parts
    if len(found) == 1:
        return found[0]
    if not written:
        faults.append(fault(row, column, f"{TITLES[column]}必填", "从模板的下拉里选一个，或照“说明”填写"))
    elif found:
        names = "”或“".join(labels[code] for code in found)
        faults.append(fault(row, column, f"“{written[:20]}”有{len(found)}类", f"写明是“{names}”"))
    else:
        faults.append(fault(row, column, f"没有“{written[:20]}”这一类", f"可填：{'；'.join(labels.values())}"))
    return ""
