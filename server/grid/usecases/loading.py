"""Changes the grid: a sheet as a whole, one ended area, one merger; every change leaves its trace in the audit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from server.db import audit
from server.db.transactions import Transaction
from server.grid.domain import closing, file_check
from server.grid.domain.areas import Area, full_code
from server.grid.domain.file_check import Renaming
from server.grid.domain.file_rows import SheetRow
from server.grid.domain.file_warnings import Caution
from server.grid.store import areas
from server.instants import Instant, local_day


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a sheet changed.

    counts: how many towns, villages, units (and the county) were added, by level, then ``renamed``, ``ended``
    and ``unchanged``; zeros are left out. warnings: what deserves a look.
    """

    counts: dict[str, int]
    warnings: tuple[Caution, ...]


def load(tx: Transaction, rows: Iterable[SheetRow], by: str) -> Loaded:
    """Lay a sheet over the grid: new areas, new names, ends. Areas that it does not mention stay.

    rows: from ``grid_file.read`` or ``grid_file.shipped_rows``; by: whom the audit names.
    Raises GridRefused with every bad row; then nothing has changed.
    """
    known = areas.whole_grid(tx)
    checked = file_check.check(rows, known, local_day(tx.now))
    areas.add(tx, checked.added)
    for renaming in checked.renamed:
        _rename(tx, renaming, by)
    _end(tx, checked.ended, by)
    counts = Counter(str(area.level) for area in checked.added)
    counts.update(renamed=len(checked.renamed), ended=len(checked.ended), unchanged=checked.unchanged)
    changed = {name: count for name, count in counts.items() if count}
    if checked.added or checked.renamed or checked.ended:
        audit.add(tx, by, "grid.load", _county([*known, *(area.code for area in checked.added)]), changed)
        tx.configuration_changed()
    return Loaded(changed, checked.warnings)


def end_area(tx: Transaction, code: str, at: Instant, by: str) -> None:
    """End an area and all inside it at ``at``, with nobody to take it in.

    code: may be short. by: whom the audit names.
    Raises NotFound, and Invalid when it cannot end then (a county, before it began, a second time).
    """
    _end_one(tx, code, at, None, by)


def merge_areas(tx: Transaction, old: str, into: str, at: Instant, by: str) -> None:
    """Let ``into`` take in ``old`` (of the same level) at ``at``; ``old`` and all inside it end, nothing is lost.

    Raises NotFound for either, and Invalid when ``old`` cannot end then or ``into`` cannot take it in.
    """
    _end_one(tx, old, at, areas.get(tx, into).code, by)


def _end_one(tx: Transaction, code: str, at: Instant, successor: str | None, by: str) -> None:
    area = areas.get(tx, full_code(code))
    grid = areas.whole_grid(tx)
    children = closing.children_of(grid)
    changed = closing.ended(grid, children, area.code, at, successor=successor, now=tx.now)
    after = grid | {each.code: each for each in changed}
    ends = {each.code for each in changed}
    for each in after.values():  # also those that an area which now ends had taken in, or was to take in
        if each.code in ends:
            closing.check_inside(after, each)
        if each.code in ends or each.successor in ends:
            closing.check_successor(after, each)
    _end(tx, [each for each in changed if each != grid[each.code]], by)
    tx.configuration_changed()


def _rename(tx: Transaction, renaming: Renaming, by: str) -> None:
    areas.rename(tx, renaming.code, renaming.new)
    detail = {"old": renaming.old, "new": renaming.new, "since": renaming.since}
    audit.add(tx, by, "area.rename", renaming.code, detail)


def _end(tx: Transaction, ended: Sequence[Area], by: str) -> None:
    for area in ended:
        areas.end(tx, area.code, area.valid_to, area.successor)
        audit.add(tx, by, "area.end", area.code, {"at": area.valid_to, "successor": area.successor})


def _county(codes: Sequence[str]) -> str:
    return full_code(codes[0][:6])
