"""Import areas from a grid file: look first, then decide. A dry run is kept for a day: nothing is uploaded twice.

Unlike ``firegrid grid load``, which takes a file as a whole, the good rows of a file can be imported without the
others; and whoever holds a duty in an area that ends holds it in the one that takes it in.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from server.audit.domain.entries import Entry
from server.audit.usecases.recording import record
from server.db.transactions import Reading, Transaction
from server.errors import GridRefused, Unreadable
from server.grid.domain import file_check
from server.grid.domain.areas import Area, Level
from server.grid.domain.file_cells import LEVELS
from server.grid.domain.file_check import Checked
from server.grid.domain.file_rows import COLUMNS, Fault, SheetRow
from server.grid.domain.file_warnings import RowWarning
from server.grid.store import areas
from server.grid.usecases import exporting, files, loading
from server.instants import local_day
from server.people.domain import rights
from server.people.domain.actors import Actor
from server.people.store import duty_lists, roster_imports
from server.people.store.roster_imports import Kept, Kind
from server.people.usecases import visibility
from server.staffing.usecases import area_changes, import_sheets
from server.staffing.usecases.import_sheets import Layout

TITLES = dict(zip(COLUMNS, exporting.HEADINGS, strict=True))
LAYOUT = Layout("网格", TITLES, {"code": 20, "name": 30, "parent": 18, "successor": 20})
ROUNDS_MAX = 20
"""How often rows are left out until the others fit together; areas are four levels deep, and few have successors."""

NO_ROWS = "文件里只有表头，没有网格；请在表头下面一行填一个网格，保存后再选这个文件。"

_NOTES = (
    "一行一个网格。代码必填：乡镇和村12位，单元15位（村代码加001起的三位序号）。代码一栏保持“文本”格式。",
    "名称：新的网格必填；已有的网格填新的名称就是改名，空着就不改。",
    "层级和上级可以空着，由代码决定；填了就要和代码相符。",
    "生效日期空着就是今天起。日期写成 2027-01-01。",
    "失效日期：不再有这个网格的第一天。并入：接替它的网格的代码。",
    "表里没有写的网格保持不变。没有单元的新村，自动有一个“第1单元”。",
)


class Plan(NamedTuple):
    """What the good rows of a file do. rows: the good ones; faults: of the others. carried, ended: duties that go on
    in another area, and that end with theirs.
    """

    rows: tuple[SheetRow, ...]
    counts: Mapping[str, int]
    warnings: tuple[RowWarning, ...]
    ended_areas: tuple[Area, ...]
    faults: tuple[Fault, ...]
    carried: int
    ended: int


@dataclass(frozen=True, slots=True)
class DryRun:
    """A grid file that was looked at. rows: as read; notes: on how; plan: what importing its good rows does now.

    done: what importing it did, None before.
    """

    token: str
    file_name: str
    rows: tuple[SheetRow, ...]
    notes: tuple[str, ...]
    plan: Plan
    done: dict[str, Any] | None


def require_right(reading: Reading, by: Actor) -> None:
    """Do nothing for who may change the grid of the whole county. Raises NotAllowed."""
    county = next(area for area in areas.whole_grid(reading).values() if area.level is Level.COUNTY)
    rights.require(by, "configuration", "edit", county.path)


def template(reading: Reading, by: Actor) -> bytes:
    """Return an empty grid file. Raises NotAllowed."""
    require_right(reading, by)
    levels = {"level": [LEVELS[level][1] for level in Level]}
    return import_sheets.template(LAYOUT, levels, _NOTES, files.ROWS_MAX)


def keep(tx: Transaction, content: bytes, file_name: str, *, by: Actor) -> str:
    """Keep a grid file for a day, and return the token under which ``by`` gets it; no area is changed.

    Raises NotAllowed, TooLarge, Unreadable.
    """
    require_right(tx, by)
    sheet = files.read(content)
    if not sheet.rows:
        raise Unreadable(NO_ROWS)
    told = {"notes": list(sheet.notes), "rows": [(row.line, dict(row.cells)) for row in sheet.rows]}
    return roster_imports.keep(tx, Kind.AREAS, by.name, secrets.token_hex(16), file_name[:200], told).token


def get(reading: Reading, token: str, *, by: Actor) -> DryRun:
    """Return a file that ``by`` uploaded, with what importing it would do now. Raises NotAllowed, NotFound."""
    require_right(reading, by)
    return _dry_run(reading, roster_imports.get(reading, Kind.AREAS, token, by.name), by)


def carry_out(tx: Transaction, token: str, *, by: Actor) -> DryRun:
    """Import the good rows of a file; one that was imported already stays so. Raises NotAllowed, NotFound, Invalid."""
    found = get(tx, token, by=by)
    if found.done is not None:
        return found
    plan = found.plan
    loading.load(tx, plan.rows, by.name)
    area_changes.carry_duties_of(tx, plan.ended_areas, by=by)
    faulty = len({each.line for each in plan.faults})
    done: dict[str, Any] = {"counts": dict(plan.counts), "carried": plan.carried, "ended": plan.ended, "faulty": faulty}
    roster_imports.finish(tx, token, done)
    said = {**plan.counts, "faulty": faulty, "duties_carried": plan.carried, "duties_ended": plan.ended}
    record(tx, Entry("grid.import", by.name, token, said))
    return get(tx, token, by=by)


def marked(reading: Reading, token: str, *, by: Actor) -> bytes:
    """Return a file as .xlsx with its faults marked. Raises NotAllowed, NotFound."""
    found = get(reading, token, by=by)
    return import_sheets.marked(LAYOUT, found.rows, found.plan.faults)


def _dry_run(reading: Reading, kept: Kept, by: Actor) -> DryRun:
    rows = tuple(SheetRow(line, cells) for line, cells in kept.content["rows"])
    plan = _plan(reading, rows, by)
    return DryRun(kept.token, kept.file_name, rows, tuple(kept.content["notes"]), plan, kept.result)


def _plan(reading: Reading, rows: tuple[SheetRow, ...], by: Actor) -> Plan:
    good, checked, faults = good_rows(rows, areas.whole_grid(reading), local_day(reading.now))
    carried = ended = 0
    for area in checked.ended:
        held = duty_lists.duties_inside(reading, visibility.of(by), area.place, area.valid_to)
        count = sum(each.duty.area == area.code for each in held)
        carried, ended = (carried + count, ended) if area.successor else (carried, ended + count)
    counts = loading.counted(checked)
    return Plan(good, counts, checked.warnings, checked.ended, faults, carried, ended)


def good_rows(
    rows: tuple[SheetRow, ...], existing: Mapping[str, Area], today: str
) -> tuple[tuple[SheetRow, ...], Checked, tuple[Fault, ...]]:
    """Return the rows that can be loaded without the others, what they change, and every fault of the others.

    A row that is well by itself and needs one that is not, as a unit needs its village, is faulty too.
    Where the rows hang together so much that no part is found to fit, none is good.
    """
    faults: list[Fault] = []
    for rounds_left in reversed(range(ROUNDS_MAX)):
        try:
            checked = file_check.check(rows, existing, today)
        except GridRefused as refused:
            listed = refused.data["errors"]
            found = [Fault(**each) for each in listed] if isinstance(listed, list) else []
            bad = {each.line for each in found}
            faults += found
            rows = tuple(row for row in rows if row.line not in bad) if rounds_left > 1 else ()
        else:
            break
    return rows, checked, tuple(sorted(faults, key=lambda each: each.line))
