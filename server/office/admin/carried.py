"""Import of last year's open hazards from a list: what of ``file_import`` is its own, and taking an import back."""

from __future__ import annotations

from typing import Any

from flask import Response

from server.db.transactions import Reading
from server.office.admin import file_import, inputs, tabs
from server.office.admin.file_import import FAULTS_SHOWN, Table
from server.office.layout import signed_in
from server.people.domain.actors import Actor
from server.staffing.domain.carried_rows import TITLES
from server.staffing.usecases import carried_import
from server.web import context

KEY, ADDRESS = "carried", "/office/admin/carried"


def _keep(content: bytes, name: str, by: Actor) -> str:
    return context.write(lambda tx: carried_import.keep(tx, content, name, by=by))


def _told(reading: Reading, token: str, by: Actor) -> dict[str, Any]:
    found = carried_import.get(reading, token, by=by)
    faults, counts = carried_import.shown_faults(found), carried_import.counts(found)
    return {
        "token": found.token,
        "file_name": found.file_name,
        "sheet": found.sheet,
        "notes": found.notes,
        "total": len(found.rows),
        "counts": counts,
        "good": counts["new"],
        "bad": counts["faulty"],
        "places": len(faults),
        "faults": [file_import.told_fault(each, TITLES) for each in faults[:FAULTS_SHOWN]],
        "more_faults": max(0, len(faults) - FAULTS_SHOWN),
        "is_done": found.done is not None,
        "is_undone": found.done is not None and found.done["undone"] is not None,
        "refused": [] if found.done is None else found.done["refused"],
    }


TABLE = Table(
    name="office-admin-carried",
    tab=KEY,
    address=ADDRESS,
    page="admin/carried.html",
    file="上年结转",
    bytes_max=carried_import.FILE_BYTES_MAX + 100_000,
    require_right=carried_import.require_right,
    empty=carried_import.template,
    keep=_keep,
    told=_told,
    carry_out=lambda tx, token, by: carried_import.carry_out(tx, token, by=by),
    marked=lambda reading, token, by: carried_import.marked(reading, token, by=by),
)
blueprint = file_import.pages_of(TABLE)


@blueprint.post(f"{ADDRESS}/<token>/undo")
@signed_in
def undo(token: str) -> Response:
    """Take an import back, and show what became of it."""
    tabs.require(KEY)
    by = context.caller()

    def act() -> str:
        context.write(lambda tx: carried_import.undo(tx, token, by=by))
        return f"{ADDRESS}/{token}"

    return inputs.carry_out("undo", act, lambda sent, status: file_import.shown(TABLE, token, sent, status))
