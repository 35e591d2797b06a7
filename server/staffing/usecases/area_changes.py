"""Change the grid one area at a time, with the duties in it: merge, close, rename, add a unit.

Each is what a grid file would do (``server/grid``), and besides, whoever holds a duty in an area that ends holds it in
the one that takes it in. All of it is dated, so that it can be entered before the day; records stay where they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from server.audit.domain.entries import Entry
from server.audit.usecases.recording import record
from server.changes.usecases import automatic_steps
from server.db.transactions import Reading, Transaction
from server.errors import Conflict, GridRefused, Invalid
from server.grid.domain import file_cells, file_check
from server.grid.domain.areas import Area, Level, full_code, short_name
from server.grid.domain.file_rows import SheetRow
from server.grid.store import areas
from server.grid.usecases import loading
from server.instants import FOREVER, Instant, local_day
from server.people.domain import rights
from server.people.domain.actors import Actor
from server.people.store import duty_lists
from server.people.usecases import visibility
from server.staffing.usecases import enrolment

BASIS_CHARS_MAX = 200
UNITS_MAX = 999
_NUMBERED = re.compile(r"第(\d+)单元")

FIELDS = {"successor": "into", "ends": "from", "starts": "from", "name": "name", "code": "code"}
"""Of a column of a grid file: the input that states it here."""


class Merger(NamedTuple):
    """What a merger would do to the grid. units: code of each unit that ends, with that of the one that follows it."""

    area: Area
    into: Area
    at: Instant
    rows: tuple[SheetRow, ...]
    units: Mapping[str, str]


def merger(reading: Reading, code: str, into: str, day: str, *, by: Actor) -> Merger:
    """Return what merging ``code`` into ``into`` from a Beijing day on would do. Raises as ``merge``."""
    area, target = managed(reading, code, by), _target(reading, into, by)
    if area.level not in (Level.VILLAGE, Level.UNIT):
        raise Invalid("乡镇合并牵涉里面所有的村；请用网格文件导入（firegrid grid load）。", field="code")
    fits = (
        area.level is target.level is Level.VILLAGE and area.code != target.code
    )  # else the check of the grid says so
    units = _following(reading, area, target) if fits else {}
    names = areas.names(reading, units)
    rows = [SheetRow(1, {"code": area.code, "ends": day, "successor": target.code})]
    for number, (old, new) in enumerate(units.items(), 2):
        name = f"{short_name(area.name)}{names[old]}"
        rows.append(SheetRow(number, {"code": new, "name": name, "starts": day}))
        rows.append(SheetRow(number, {"code": old, "ends": day, "successor": new}))
    return Merger(area, target, beginning(day), tuple(rows), units)


def merge(tx: Transaction, code: str, into: str, day: str, basis: str, *, by: Actor) -> Area:
    """Merge a village or unit into another from the Beijing day ``day`` on, and return it as it then stands.

    Units of the village go on as new ones of the other; every duty follows. basis: number of the document, for the
    audit. Merging again as it stands changes nothing. Raises NotFound, NotAllowed, and Invalid with every fault.
    """
    require_basis(basis)
    area = managed(tx, code, by)
    if (area.successor, area.valid_to) == (full_code_or_none(into), beginning(day)):
        return area
    found = merger(tx, code, into, day, by=by)
    _load(tx, found.rows, by)
    follows = {found.area.code: found.into.code, **found.units}
    moved = _carry_duties(tx, found.area, found.at, follows, by)
    detail = {"into": found.into.code, "at": found.at, "units": dict(found.units), "duties": moved, "basis": basis}
    record(tx, Entry("area.merge", by.name, found.area.code, detail))
    return areas.get(tx, found.area.code)


def close(tx: Transaction, code: str, day: str, basis: str, *, by: Actor) -> Area:
    """Close an area, and all below, from ``day`` on: nothing takes it in, and the duties in it end. Raises as merge."""
    require_basis(basis)
    area = managed(tx, code, by)
    at = beginning(day)
    if (area.successor, area.valid_to) == (None, at):
        return area
    _load(tx, closing_rows(area, day), by)
    ended = _carry_duties(tx, area, at, {}, by)
    record(tx, Entry("area.close", by.name, area.code, {"at": at, "duties": ended, "basis": basis}))
    return areas.get(tx, area.code)


def require_basis(basis: str) -> None:
    """Do nothing for the number of a document; raises Invalid for one of more than ``BASIS_CHARS_MAX`` characters."""
    if len(basis) > BASIS_CHARS_MAX:
        said = f"依据有{len(basis)}个字符，最多{BASIS_CHARS_MAX}个；只写文号和标题就够。"
        raise Invalid(said, field="basis", errors=[{"field": "basis", "message": said}])


def closing_rows(area: Area, day: str) -> tuple[SheetRow, ...]:
    """Return the grid file that closes an area."""
    return (SheetRow(1, {"code": area.code, "ends": day}),)


def rename(tx: Transaction, code: str, name: str, *, by: Actor) -> Area:
    """Give an area another name from today on; what it was called stays in the audit. Raises as ``merge``."""
    area = managed(tx, code, by)
    if not name.strip():
        raise Invalid("请填写名称。", field="name")
    _load(tx, (SheetRow(1, {"code": area.code, "name": name}),), by)
    return areas.get(tx, area.code)


def add_unit(tx: Transaction, village: str, name: str, day: str, *, by: Actor) -> tuple[Area, bool]:
    """Return the unit called ``name`` of a village, and whether it was added now, from ``day`` on (today when empty).

    name: when empty, the next number: 第2单元. Raises NotFound, NotAllowed, Invalid, Conflict (no code is left).
    """
    area = managed(tx, village, by)
    if area.level is not Level.VILLAGE:
        raise Invalid("单元只能加在村（社区）下面。", field="code", value=village)
    units = [each for each in areas.list_inside(tx, area.place, visibility.of(by)) if each.level is Level.UNIT]
    wanted = name.strip() or _next_name(units)
    there = next((each for each in units if each.name == wanted and each.valid_to > tx.now), None)
    if there is not None:
        return there, False
    code = next(iter(_free_codes(area, units)))
    cells = {"code": code, "name": wanted, **({"starts": day} if day else {})}
    _load(tx, (SheetRow(1, cells),), by)
    record(tx, Entry("area.add", by.name, code, {"name": wanted}))
    return areas.get(tx, code), True


def carry_duties_of(tx: Transaction, ended: Iterable[Area], *, by: Actor) -> int:
    """Let the duties in areas that end go on in what takes each in, and end where nothing does; return how many.

    ended: areas with their end and successor, as they now are; an area below another of them counts by itself.
    """
    moved = 0
    for area in ended:
        held = duty_lists.duties_inside(tx, visibility.of(by), area.place, area.valid_to)
        own = [each for each in held if each.duty.area == area.code]
        for each in own:
            enrolment.carry_duty(tx, each.name, each.duty, area.successor, area.valid_to, by=by.name)
        for name in dict.fromkeys(each.name for each in own):
            automatic_steps.from_person(tx, name)
        moved += len(own)
    return moved


def faults(reading: Reading, rows: Iterable[SheetRow]) -> tuple[dict[str, str], ...]:
    """Return every fault of a change as ``field`` and ``message``; empty for one that can be made."""
    try:
        file_check.check(rows, areas.whole_grid(reading), local_day(reading.now))
    except GridRefused as refused:
        return tuple(_errors(refused))
    return ()


def managed(reading: Reading, code: str, by: Actor) -> Area:
    """Return an area that ``by`` may change. Raises NotFound (out of sight), NotAllowed."""
    area = visibility.get_visible(reading, code, by)
    rights.require(by, "configuration", "edit", area.path)
    return area


def full_code_or_none(code: str) -> str | None:
    """Return the full form of a code, None for what is none."""
    try:
        return full_code(code)
    except Invalid:
        return None


def _target(reading: Reading, code: str, by: Actor) -> Area:
    if full_code_or_none(code) is None or areas.find(reading, full_code(code)) is None:
        raise Invalid("请选并入哪一个；填它的代码。", field="into", value=code)
    return managed(reading, code, by)


def beginning(day: str, field: str = "from") -> Instant:
    """Return the instant at which a Beijing day begins. field: what says it. Raises Invalid for what is none."""
    try:
        found = file_cells.day(day)
    except Invalid as refusal:
        raise Invalid(f"“{day[:30]}”{refusal.message}", field=field, value=day) from None
    if found is None:
        raise Invalid("请填从哪一天起。", field=field)
    return found


def _following(reading: Reading, area: Area, into: Area) -> dict[str, str]:
    """Return, of each unit of ``area`` still in force, the code of the unit of ``into`` that follows it."""
    everything = areas.whole_grid(reading)
    units = [each for each in everything.values() if each.parent == area.code and each.valid_to == FOREVER]
    free = _free_codes(into, [each for each in everything.values() if each.parent == into.code])
    return {unit.code: code for unit, code in zip(units, free, strict=False)}


def _free_codes(village: Area, units: Iterable[Area]) -> list[str]:
    """Return the codes that come next in a village; codes of units that are gone are not given again."""
    last = max((int(unit.code[12:]) for unit in units), default=0)
    if last >= UNITS_MAX:
        raise Conflict(f"“{short_name(village.name)}”的单元序号已用到{UNITS_MAX}，不能再加。", area=village.code)
    return [f"{village.code}{number:03}" for number in range(last + 1, UNITS_MAX + 1)]


def _next_name(units: Iterable[Area]) -> str:
    numbers = [int(match[1]) for unit in units if (match := _NUMBERED.fullmatch(unit.name))]
    return f"第{max(numbers, default=0) + 1}单元"


def _carry_duties(tx: Transaction, area: Area, at: Instant, follows: Mapping[str, str], by: Actor) -> int:
    """End the duties in an area at ``at``, and let each begin again in the area that follows; return how many."""
    held = duty_lists.duties_inside(tx, visibility.of(by), area.place, at)
    for each in held:
        enrolment.carry_duty(tx, each.name, each.duty, follows.get(each.duty.area), at, by=by.name)
    for name in dict.fromkeys(each.name for each in held):
        automatic_steps.from_person(tx, name)
    return len(held)


def _load(tx: Transaction, rows: Iterable[SheetRow], by: Actor) -> None:
    try:
        loading.load(tx, rows, by.name)
    except GridRefused as refused:
        errors = _errors(refused)
        raise Invalid("没有改动：" + "；".join(each["message"] for each in errors), errors=errors) from None


def _errors(refused: GridRefused) -> list[dict[str, str]]:
    listed = refused.data["errors"]
    found = listed if isinstance(listed, list) else []
    return [
        {"field": FIELDS.get(each["column"], each["column"]), "message": f"{each['reason']}；{each['cure']}。"}
        for each in found
    ]
