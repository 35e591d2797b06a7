"""Import of people from a roster: what of ``file_import`` is its own; a fifth step prints the phone cards."""

from __future__ import annotations

from typing import Any

from server.db.transactions import Reading
from server.office.admin import file_import, inputs
from server.office.admin.file_import import FAULTS_SHOWN, Table
from server.people.domain.actors import Actor
from server.staffing.domain.roster_plan import Kind
from server.staffing.domain.roster_rows import TITLES
from server.staffing.usecases import roster_files, roster_import
from server.web import context

PEOPLE_SHOWN = 20


def _keep(content: bytes, name: str, by: Actor) -> str:
    roster = roster_files.read(content)
    return context.write(lambda tx: roster_import.keep(tx, roster, name, by=by))


def _told(reading: Reading, token: str, by: Actor) -> dict[str, Any]:
    found = roster_import.get(reading, token, by=by)
    faults = roster_import.shown_faults(found)
    bad = {each.line for each in found.plan.faults}
    done = found.done
    counts = {kind.value: len(found.plan.of(kind) if done is None else done[kind.value]) for kind in Kind}
    return {
        "token": found.token,
        "file_name": found.file_name,
        "sheet": found.sheet,
        "notes": found.notes,
        "total": len(found.rows),
        "counts": counts,
        "good": found.good,
        "bad": len(bad) if done is None else roster_import.not_imported(done),
        "places": len(faults),
        "faults": [file_import.told_fault(each, TITLES) for each in faults[:FAULTS_SHOWN]],
        "more_faults": max(0, len(faults) - FAULTS_SHOWN),
        "moved": [_moved(step) for step in found.plan.of(Kind.MOVED)[:PEOPLE_SHOWN]] if done is None else [],
        "is_done": done is not None,
        "refused": [] if done is None else done["refused"],
        "cards": "" if done is None else inputs.with_query("/office/admin/cards", roster=found.token),
    }


def _moved(step: Any) -> dict[str, str]:
    return {"name": step.person.name, "display": step.person.display, "line": str(step.wanted.row.line)}


blueprint = file_import.pages_of(
    Table(
        name="office-admin-roster",
        tab="people",
        address="/office/admin/people/import",
        page="admin/roster.html",
        file="人员花名册",
        bytes_max=roster_files.FILE_BYTES_MAX + 100_000,
        require_right=roster_import.require_right,
        empty=roster_import.template,
        keep=_keep,
        told=_told,
        carry_out=lambda tx, token, by: roster_import.carry_out(tx, token, by=by),
        marked=lambda reading, token, by: roster_import.marked(reading, token, by=by),
    )
)
