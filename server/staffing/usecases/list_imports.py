"""Imports of lists: look first, then take the good rows, and take the import back if it was wrong.

A kind of list says what is its own (``ListImport``). Who may, how long a list is kept, what is said of its rows, and
that nobody has a list of anybody else are the same for all. A list is kept for a day, and so is what its import did.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic

from server.audit.domain.entries import Entry
from server.audit.usecases.recording import record
from server.db.transactions import Reading, Transaction
from server.errors import Conflict
from server.grid.domain.file_rows import Fault, SheetRow
from server.people.domain import rights
from server.people.domain.actors import Actor
from server.people.store import roster_imports
from server.people.store.roster_imports import Kept
from server.people.store.roster_imports import Kind as Import
from server.staffing.domain.list_plans import Kind, Plan, S
from server.staffing.domain.roster_rows import as_cells, fault
from server.staffing.usecases import import_sheets
from server.staffing.usecases.import_sheets import Layout
from server.staffing.usecases.import_steps import each_alone

ACTION = "edit"
"""What the right to import a list is called, on whatever the list is of."""

FILE_BYTES_MAX = 10_000_000
ROWS_MAX = 2_000
"""More in one go would block the writer; a longer list is imported in parts."""


@dataclass(frozen=True, slots=True)
class DryRun(Generic[S]):
    """A list that was looked at. sheet: its name; rows: as read; plan: what importing them would do now.

    notes: on how it was read. done: what importing it did, None before.
    """

    token: str
    file_name: str
    sheet: str
    rows: tuple[SheetRow, ...]
    notes: tuple[str, ...]
    plan: Plan[S]
    done: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class ListImport(Generic[S]):
    """A kind of list that is imported.

    kind: under which lists are kept. subject: what the right and the audit call it. layout, columns: of its sheet.
    needed: the columns that a list must have. told_at: the column at which a row that is refused later is told. plan:
    what rows do now; raises NotFound where no form of it is published. take: carries a step out and returns the id of
    the record. take_back: undoes that; False where somebody has touched the record since, or it is out of reach.
    """

    kind: Import
    subject: str
    layout: Layout
    columns: Mapping[str, tuple[str, ...]]
    needed: tuple[str, ...]
    told_at: str
    plan: Callable[[Reading, tuple[SheetRow, ...], Actor], Plan[S]]
    take: Callable[[Transaction, S, Actor], str]
    take_back: Callable[[Transaction, str, Actor], bool]

    def require_right(self, by: Actor) -> None:
        """Do nothing for who may import such a list somewhere. Raises NotAllowed."""
        if not rights.scope_for(by, self.subject, ACTION).places:
            rights.require(by, self.subject, ACTION, "")

    def keep(self, tx: Transaction, content: bytes, file_name: str, *, by: Actor) -> str:
        """Keep a list for a day, and return the token under which ``by`` gets it; nothing is taken yet.

        content: of an .xlsx or CSV file. Raises NotAllowed, TooLarge, and Unreadable for what is no such list.
        """
        self.require_right(by)
        read = import_sheets.read(content, self.columns, self.needed, FILE_BYTES_MAX, ROWS_MAX)
        told = {"sheet": read.sheet, "notes": list(read.notes), "rows": as_cells(read.rows)}
        return roster_imports.keep(tx, self.kind, by.name, secrets.token_hex(16), file_name[:200], told).token

    def get(self, reading: Reading, token: str, *, by: Actor) -> DryRun[S]:
        """Return a list that ``by`` has uploaded, with what importing it would do now. Raises NotAllowed, NotFound."""
        self.require_right(by)
        kept: Kept = roster_imports.get(reading, self.kind, token, by.name)
        rows = tuple(SheetRow(line, cells) for line, cells in kept.content["rows"])
        plan, notes = self.plan(reading, rows, by), tuple(kept.content["notes"])
        return DryRun(kept.token, kept.file_name, kept.content["sheet"], rows, notes, plan, kept.result)

    def carry_out(self, tx: Transaction, token: str, *, by: Actor) -> DryRun[S]:
        """Take the good rows of a list; one that was imported already stays so. Raises NotAllowed, NotFound.

        A row that is refused now, since something has changed meanwhile, is reported and keeps no other from its step.
        """
        found = self.get(tx, token, by=by)
        if found.done is not None:
            return found
        new = found.plan.of(Kind.NEW)
        made, refused = each_alone(tx, new, lambda step: self.take(tx, step, by), lambda step: step.row.line)
        same, faulty = len(found.plan.of(Kind.SAME)), len({each.line for each in found.plan.faults})
        done = {"made": made, "same": same, "faulty": faulty, "refused": refused, "undone": None}
        roster_imports.finish(tx, token, done)
        said = {"new": len(made), "same": same, "faulty": faulty, "refused": len(refused)}
        record(tx, Entry(f"{self.subject}.import", by.name, token, said))
        return self.get(tx, token, by=by)

    def undo(self, tx: Transaction, token: str, *, by: Actor) -> DryRun[S]:
        """Take an import back within the day for which it is kept; one that was taken back already stays so.

        What somebody has touched since stays as it is. Raises NotAllowed, NotFound, and Conflict for a list that was
        not imported.
        """
        found = self.get(tx, token, by=by)
        if found.done is None:
            raise Conflict("这份名单还没有导入，没有可以撤销的。", token=token)
        if found.done["undone"] is not None:
            return found
        undone = [id for id in found.done["made"] if self.take_back(tx, id, by)]
        roster_imports.finish(tx, token, {**found.done, "undone": undone})
        said = {"undone": len(undone), "changed_since": len(found.done["made"]) - len(undone)}
        record(tx, Entry(f"{self.subject}.import_undo", by.name, token, said))
        return self.get(tx, token, by=by)

    def marked(self, reading: Reading, token: str, *, by: Actor) -> bytes:
        """Return a list as .xlsx with its faults marked. Raises NotAllowed, NotFound."""
        found = self.get(reading, token, by=by)
        return import_sheets.marked(self.layout, found.rows, found.plan.faults)

    def counts(self, found: DryRun[S]) -> dict[str, int]:
        """Return how many rows a list takes or has taken (``new``), skips (``same``) and leaves out (``faulty``).

        ``undone``: how many of them were taken back.
        """
        done = found.done
        if done is None:
            faulty = len({each.line for each in found.plan.faults})
            return {**{kind.value: len(found.plan.of(kind)) for kind in Kind}, "faulty": faulty, "undone": 0}
        out = done["faulty"] + len(done["refused"])
        return {"new": len(done["made"]), "same": done["same"], "faulty": out, "undone": len(done["undone"] or ())}

    def shown_faults(self, found: DryRun[S]) -> tuple[Fault, ...]:
        """Return the faults of a list, with the rows that were refused when it was imported."""
        if found.done is None:
            return found.plan.faults
        rows = {row.line: row for row in found.rows}
        late = (fault(rows[line], self.told_at, message, "改好后再导一次") for line, message in found.done["refused"])
        return (*found.plan.faults, *late)
