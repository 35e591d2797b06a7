"""Import a roster of people: look first, then decide. A dry run is kept for a day: nothing is uploaded twice."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.audit.domain.entries import Entry
from server.audit.usecases.recording import record
from server.db.transactions import Reading, Transaction
from server.errors import NotAllowed, NotFound
from server.grid.domain.areas import Level, path_of, short_name
from server.grid.domain.file_rows import Fault, SheetRow
from server.grid.domain.scope import Scope
from server.grid.store import areas
from server.instants import BEGINNING
from server.people.domain import rights
from server.people.domain.actors import Actor
from server.people.domain.people import Person
from server.people.store import accounts, bodies, duty_lists, people, roster_imports
from server.people.store.roster_imports import Kept
from server.people.store.roster_imports import Kind as Import
from server.people.usecases import visibility
from server.staffing.domain import roster_plan, staff_rights
from server.staffing.domain.roster_plan import Kind, Known, Plan, Step
from server.staffing.domain.roster_rows import Grid, Wanted, as_cells, fault
from server.staffing.usecases import account_management, enrolment, roster_files
from server.staffing.usecases.import_steps import each_alone
from server.staffing.usecases.roster_files import Roster

PAGE = 1_000


@dataclass(frozen=True, slots=True)
class DryRun:
    """A roster that was looked at. sheet: its name; rows: as read; plan: what importing them would do now.

    notes: on how it was read. done: what importing it did, None before.
    """

    token: str
    file_name: str
    sheet: str
    rows: tuple[SheetRow, ...]
    notes: tuple[str, ...]
    plan: Plan
    done: dict[str, Any] | None

    @property
    def good(self) -> int:
        return len(self.plan.steps)


def require_right(by: Actor) -> None:
    """Do nothing for who fills any role anywhere. Raises NotAllowed."""
    if not staff_rights.fillable(by):
        rights.require(by, staff_rights.SUBJECT, staff_rights.ACTION, "")


def template(reading: Reading, by: Actor) -> bytes:
    """Return an empty roster for the roles and towns of ``by``. Raises NotAllowed."""
    require_right(by)
    covered = areas.list_covered(reading, visibility.of(by))
    towns = [short_name(area.name) for area in covered if area.level is Level.TOWN and area.in_force(reading.now)]
    return roster_files.template(staff_rights.fillable(by), towns)


def keep(tx: Transaction, roster: Roster, file_name: str, *, by: Actor) -> str:
    """Keep a roster for a day, and return the token under which ``by`` gets it; nobody is added. Raises NotAllowed."""
    require_right(by)
    told = {"sheet": roster.sheet, "notes": list(roster.notes), "rows": as_cells(roster.rows)}
    return roster_imports.keep(tx, Import.PEOPLE, by.name, secrets.token_hex(16), file_name[:200], told).token


def get(reading: Reading, token: str, *, by: Actor) -> DryRun:
    """Return a roster that ``by`` has uploaded, with what importing it would do now. Raises NotAllowed, NotFound."""
    require_right(by)
    return _dry_run(reading, roster_imports.get(reading, Import.PEOPLE, token, by.name), by)


def carry_out(tx: Transaction, token: str, *, by: Actor) -> DryRun:
    """Import the good rows of a roster; one that was imported already stays so. Raises NotAllowed, NotFound.

    A row that is refused now, since something has changed meanwhile, is reported and keeps no other from its step.
    """
    found = get(tx, token, by=by)
    if found.done is not None:
        return found
    names, refused = each_alone(
        tx,
        found.plan.steps,
        lambda step: (step.kind.value, _take(tx, step, by)),
        lambda step: step.wanted.row.line,
    )
    done: dict[str, Any] = {
        **{kind.value: [name for each, name in names if each == kind.value] for kind in Kind},
        "refused": refused,
        "faulty": len({each.line for each in found.plan.faults}),
    }
    roster_imports.finish(tx, token, done)
    counts = {kind.value: len(done[kind.value]) for kind in Kind}
    record(tx, Entry("people.import", by.name, token, {**counts, "faulty": done["faulty"], "refused": len(refused)}))
    return get(tx, token, by=by)


def marked(reading: Reading, token: str, *, by: Actor) -> bytes:
    """Return a roster as .xlsx with its faults marked. Raises NotAllowed, NotFound."""
    found = get(reading, token, by=by)
    return roster_files.marked(found.rows, found.plan.faults)


def _dry_run(reading: Reading, kept: Kept, by: Actor) -> DryRun:
    rows = tuple(SheetRow(line, cells) for line, cells in kept.content["rows"])
    plan, notes = _plan(reading, rows, by), tuple(kept.content["notes"])
    return DryRun(kept.token, kept.file_name, kept.content["sheet"], rows, notes, plan, kept.result)


def _plan(reading: Reading, rows: Sequence[SheetRow], by: Actor) -> Plan:
    grid = Grid(areas.whole_grid(reading).values(), reading.now)
    seen = {person.name: person for person in _everybody(reading, account_management.people_scope(by))}
    listed = {body.code: body for body in bodies.list_bodies(reading, by.scope, limit=10_000)}

    def refusal_of(wanted: Wanted) -> tuple[str, str] | None:
        path, body = wanted.area.path, listed.get(wanted.body or "")
        if not visibility.of(by).covers(path):
            return f"{short_name(wanted.area.name)}不在您的管辖范围内", "请那里的乡镇或县级管理员导入"
        if not staff_rights.may_fill(by, wanted.role.role, path):
            return f"您不能任免{wanted.role.label}", "请县级管理员导入这一行"
        if body is not None and not staff_rights.may_fill(by, wanted.role.role, path_of(body.area)):
            return f"您不能安排人代表{body.name}", "请县级管理员导入这一行"
        return None

    def may_move(person: Person) -> bool:
        try:
            account_management.get_managed(reading, person.name, by)
        except (NotAllowed, NotFound):
            return False
        return True

    def is_taken(name: str) -> bool:
        return accounts.find_ignoring_case(reading, name) is not None

    return roster_plan.plan(rows, grid, Known(seen, is_taken, listed, refusal_of, may_move), reading.now)


def _everybody(reading: Reading, scope: Scope) -> list[Person]:
    found: list[Person] = []
    while page := list(people.list_people(reading, scope, found[-1].name if found else "", PAGE)):
        found += page
    return found


def _take(tx: Transaction, step: Step, by: Actor) -> str:
    wanted = step.wanted
    if step.kind is Kind.SAME and step.person is not None:
        return step.person.name
    role, area, body, ends = wanted.role.role, wanted.area.code, wanted.body, wanted.ends
    if step.person is None:
        name = wanted.name or _made_name(tx, wanted)
        enrolment.add_user(
            tx, name, role=role, area=area, body=body, display=wanted.display, starts_at=wanted.starts, ends_at=ends,
            by=by.name,
        )  # fmt: skip
        return name
    starts = tx.now if wanted.starts == BEGINNING else wanted.starts
    if step.held is not None:
        enrolment.end_duty(tx, step.person.name, step.held.id, at=starts, by=by.name)
    name = step.person.name
    enrolment.add_duty(tx, name, role=role, area=area, body=body, starts_at=starts, ends_at=ends, by=by.name)
    return name


def _made_name(tx: Transaction, wanted: Wanted) -> str:
    """Return a free user name that says role and place: gw-106201-02 is the second grid worker of that village."""
    initials = "".join(word[0] for word in wanted.role.role.value.split("_"))
    steps = wanted.area.path.split("/")[1:3]
    stem = "-".join(filter(None, (initials, "".join(steps))))
    taken = duty_lists.names_beginning(tx, f"{stem}-")
    number = next(each for each in range(1, len(taken) + 2) if f"{stem}-{each:02}" not in taken)
    return f"{stem}-{number:02}"


def not_imported(done: Mapping[str, Any]) -> int:
    """Return how many rows stayed out when a roster was imported. done: of ``DryRun``."""
    return int(done["faulty"]) + len(done["refused"])


def shown_faults(found: DryRun) -> tuple[Fault, ...]:
    """Return the faults of a roster, with the rows that were refused when it was imported."""
    if found.done is None:
        return found.plan.faults
    rows = {row.line: row for row in found.rows}
    late = (fault(rows[line], "display", message, "改好后再导一次") for line, message in found.done["refused"])
    return (*found.plan.faults, *late)
