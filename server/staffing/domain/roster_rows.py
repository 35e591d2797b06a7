"""Reads the rows of a roster of people as offices write them, and says of a cell what is wrong and how to mend it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, TypeVar

from server.errors import Invalid
from server.grid.domain import file_cells
from server.grid.domain.areas import Area, Level, short_name
from server.grid.domain.file_rows import SHOWN_LENGTH_MAX, Fault, SheetRow
from server.instants import BEGINNING, FOREVER, Instant
from server.people.domain import roles
from server.people.domain.people import checked_display, checked_name
from server.people.domain.roles import Description

T = TypeVar("T")

COLUMNS = {
    "display": ("姓名", "名字", "display"),
    "role": ("岗位", "角色", "职务", "role"),
    "town": ("乡镇", "镇", "town"),
    "village": ("村", "村（社区）", "村(社区)", "村社区", "village"),
    "unit": ("单元", "unit"),
    "code": ("网格代码", "代码", "area"),
    "name": ("用户名", "账号", "name"),
    "body": ("责任主体代码", "责任主体", "body"),
    "starts": ("起始日", "起始日期", "from"),
    "ends": ("截止日", "截止日期", "代岗到", "to"),
}
"""Columns of a roster and the headings that stand for them; the first is that of the template."""

TITLES = {column: headings[0] for column, headings in COLUMNS.items()}


class Wanted(NamedTuple):
    """What a row asks for. name: user name, empty for one that is made. ends: first instant without the duty."""

    row: SheetRow
    display: str
    role: Description
    area: Area
    name: str
    body: str | None
    starts: Instant
    ends: Instant


class Grid:
    """The areas in force, found by code or by the names that people write."""

    def __init__(self, areas: Iterable[Area], now: Instant) -> None:
        self._now = now
        self._by_code = {area.code: area for area in areas}
        self._by_name: dict[tuple[Level, str], list[Area]] = {}
        for area in self._by_code.values():
            if area.in_force(now):
                for name in {area.name, short_name(area.name), _bare(area.name)}:
                    self._by_name.setdefault((area.level, name), []).append(area)

    def area_of(self, row: SheetRow) -> Area:
        """Return the area that a row names. Raises Invalid with field, reason and cure."""
        if row.has("code"):
            return self._of_code(row.text("code"))
        place = self._county()
        for column, level in (("town", Level.TOWN), ("village", Level.VILLAGE), ("unit", Level.UNIT)):
            if row.has(column):
                place = self._inside(row, column, level, place)
        return place

    def _of_code(self, written: str) -> Area:
        try:
            code = file_cells.code(written)
        except Invalid as refusal:
            raise _about("code", refusal) from None
        area = self._by_code.get(code)
        if area is None:
            raise _wrong("code", "没有这个代码的网格", "核对代码，或空着，改填乡镇和村")
        if not area.in_force(self._now):
            cure = f"现由 {area.successor} 接管，改填它" if area.successor else "改填现行网格"
            raise _wrong("code", f"“{short_name(area.name)}”已经停用", cure)
        return area

    def _county(self) -> Area:
        return next(area for area in self._by_code.values() if area.level is Level.COUNTY)

    def _inside(self, row: SheetRow, column: str, level: Level, around: Area) -> Area:
        written = "".join(row.text(column).split())
        named = self._by_name.get((level, written)) or self._by_name.get((level, _bare(written)), [])
        found = [area for area in named if around.place.holds(area.path)]
        if len(found) == 1:
            return found[0]
        words = file_cells.LEVELS[level][1]
        if found:
            inside = "、".join(dict.fromkeys(self._town_of(area) for area in found))
            cure = "“乡镇”一栏要填，或填12位代码" if level is Level.VILLAGE else "填网格代码"
            raise _wrong(column, f"有{len(found)}个“{written}”：{inside}", cure)
        if named:
            elsewhere = named[0]
            town = self._town_of(elsewhere)
            reason = f"“{written}”在{town}，您填的是“{short_name(around.name)}”"
            raise _wrong(column, reason, f"把乡镇改成{town}，或填代码 {elsewhere.code}")
        raise _wrong(column, f"没有叫“{written[:20]}”的{words}", "核对名称，或填网格代码")

    def _town_of(self, area: Area) -> str:
        while area.level not in (Level.TOWN, Level.COUNTY) and area.parent:
            area = self._by_code[area.parent]
        return short_name(area.name)


def wanted(row: SheetRow, grid: Grid, now: Instant, faults: list[Fault]) -> Wanted | None:
    """Return what a row asks for; None with every one of its faults in ``faults``."""
    before = len(faults)
    display = _read(row, "display", lambda: _display(row.text("display")), faults)
    role = _read(row, "role", lambda: _role(row.text("role"), now), faults)
    area = _read(row, "code", lambda: grid.area_of(row), faults)
    name = _read(row, "name", lambda: _name(row.text("name").strip()), faults)
    starts = _read(row, "starts", lambda: file_cells.day(row.text("starts")) or BEGINNING, faults)
    ends = _read(row, "ends", lambda: file_cells.day(row.text("ends")) or FOREVER, faults)
    if role is not None and area is not None and area.level not in role.levels:
        faults.append(_level_fault(row, role, area))
    if starts is not None and ends is not None and starts >= ends:
        faults.append(fault(row, "ends", "截止日不晚于起始日", "截止日是不再任职的第一天，改正其中一个"))
    if len(faults) > before or display is None or role is None or area is None or name is None:
        return None
    body = row.text("body").strip() or None
    return Wanted(row, display, role, area, name, body, starts or BEGINNING, ends or FOREVER)


def fault(row: SheetRow, column: str, reason: str, cure: str) -> Fault:
    """Return what is wrong with a cell of a row, and how to mend it."""
    return Fault(row.line, column, row.text(column).strip()[:SHOWN_LENGTH_MAX], reason, cure)


def as_cells(rows: Iterable[SheetRow]) -> list[tuple[int, Mapping[str, str]]]:
    """Return rows as JSON can say them."""
    return [(row.line, dict(row.cells)) for row in rows]


def _level_fault(row: SheetRow, role: Description, area: Area) -> Fault:
    names = "、".join(file_cells.LEVELS[level][1] for level in role.levels)
    column = next((each for each in ("code", "unit", "village", "town") if row.has(each)), "")
    if not column:
        return fault(
            row, "village", f"没有填网格；{role.label}应设在{names}一级", "填乡镇、村、单元的名称，或填网格代码"
        )
    reason = f"{role.label}应设在{names}一级，填的是{file_cells.LEVELS[area.level][1]}"
    return fault(row, column, reason, "把网格填到这一级" if area.level is not Level.UNIT else "去掉单元，或换一个岗位")


def _read(row: SheetRow, column: str, reader: Callable[[], T], faults: list[Fault]) -> T | None:
    try:
        return reader()
    except Invalid as refusal:
        column = str(refusal.data.get("column", column))
        faults.append(fault(row, column, str(refusal.data["reason"]), str(refusal.data["cure"])))
        return None


def _display(written: str) -> str:
    if not written.strip():
        raise _wrong("display", "姓名必填", "补上；不知道就先不导这一行")
    try:
        return checked_display(file_cells.name(written))
    except Invalid as refusal:
        if "reason" in refusal.data:
            raise _about("display", refusal) from None
        raise _wrong("display", "姓名太长或有看不见的字符", "改成100字以内的姓名") from None


def _role(written: str, now: Instant) -> Description:
    found = roles.find(written, now) if written.strip() else None
    if found is None:
        reason = "没有这个岗位" if written.strip() else "岗位必填"
        raise _wrong("role", reason, f"可填：{'、'.join(each.label for each in roles.list_roles(now))}")
    return found


def _name(written: str) -> str:
    if not written:
        return ""
    try:
        return checked_name(written)
    except Invalid:
        raise _wrong("name", "用户名不可用", "只用英文字母、数字和 . _ -，不用手机号；或空着由系统编") from None


def _bare(name: str) -> str:
    """Return a name without what people leave out: 荆山口村村民委员会 and 荆山口村 are 荆山口."""
    stem = short_name(name)
    for suffix in ("居委会", "社区", "村", "镇", "乡"):
        if len(stem) > len(suffix) + 1 and stem.endswith(suffix):
            return stem.removesuffix(suffix)
    return stem


def _wrong(column: str, reason: str, cure: str) -> Invalid:
    return file_cells.invalid(reason, cure, column=column)


def _about(column: str, refusal: Invalid) -> Invalid:
    return _wrong(column, str(refusal.data["reason"]), str(refusal.data["cure"]))
