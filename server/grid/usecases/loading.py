"""Loads a grid sheet as a whole; every change leaves its trace in the audit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from server.audit.domain.entries import Entry
from server.audit.usecases.recording import record
from server.db.transactions import Transaction
from server.grid.domain import file_check
from server.grid.domain.areas import Area, full_code
from server.grid.domain.file_check import Checked, Renaming
from server.grid.domain.file_rows import SheetRow
from server.grid.domain.file_warnings import RowWarning
from server.grid.store import areas
from server.instants import local_day


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a sheet changed.

    counts: how many towns, villages, units (and the county) were added, by level, then ``renamed``, ``ended``
    and ``unchanged``; zeros are left out. warnings: what should be looked at.
    """

    counts: dict[str, int]
    warnings: tuple[RowWarning, ...]


def load(tx: Transaction, rows: Iterable[SheetRow], by: str) -> Loaded:
    """Apply a sheet to the grid: new areas, new names, ends. Areas that it does not mention stay.

    rows: from ``files.read`` or ``files.shipped_rows``; by: whom the audit names.
    Raises GridRefused with every bad row; then nothing has changed.
    """
    existing = areas.whole_grid(tx)
    checked = file_check.check(rows, existing, local_day(tx.now))
    areas.add(tx, checked.added)
    for renaming in checked.renamed:
        _rename(tx, renaming, by)
    _end(tx, checked.ended, by)
    changed = counted(checked)
    if checked.added or checked.renamed or checked.ended:
        record(tx, Entry("grid.load", by, _county([*existing, *(area.code for area in checked.added)]), changed))
        tx.configuration_changed()
    return Loaded(changed, checked.warnings)


def counted(checked: Checked) -> dict[str, int]:
    """Return how many areas a sheet changes, as ``Loaded`` counts them."""
    counts = Counter(str(area.level) for area in checked.added)
    counts.update(renamed=len(checked.renamed), ended=len(checked.ended), unchanged=checked.unchanged)
    return {name: count for name, count in counts.items() if count}


def _rename(tx: Transaction, renaming: Renaming, by: str) -> None:
    areas.rename(tx, renaming.code, renaming.new)
    detail = {"old": renaming.old, "new": renaming.new, "since": renaming.since}
    record(tx, Entry("area.rename", by, renaming.code, detail))


def _end(tx: Transaction, ended: Sequence[Area], by: str) -> None:
    for area in ended:
        areas.end(tx, area.code, area.valid_to, area.successor)
        record(tx, Entry("area.end", by, area.code, {"at": area.valid_to, "successor": area.successor}))


def _county(codes: Sequence[str]) -> str:
    return full_code(codes[0][:6])
