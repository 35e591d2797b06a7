"""Import of areas from a grid file: what of ``file_import`` is its own."""

from __future__ import annotations

from typing import Any

from server.db.transactions import Reading
from server.grid.domain.areas import Level
from server.grid.usecases import files
from server.office.admin import areas, file_import
from server.office.admin.file_import import FAULTS_SHOWN, Table
from server.people.domain.actors import Actor
from server.staffing.usecases import grid_import
from server.staffing.usecases.grid_import import TITLES
from server.web import context

COUNTS = ((Level.TOWN, "乡镇"), (Level.VILLAGE, "村（社区）"), (Level.UNIT, "单元"))


def _require_right(by: Actor) -> None:
    with context.database().reading() as reading:
        grid_import.require_right(reading, by)


def _keep(content: bytes, name: str, by: Actor) -> str:
    return context.write(lambda tx: grid_import.keep(tx, content, name, by=by))


def _told(reading: Reading, token: str, by: Actor) -> dict[str, Any]:
    found = grid_import.get(reading, token, by=by)
    plan, done = found.plan, found.done
    counts = plan.counts if done is None else done["counts"]
    added = [(word, counts[level.value]) for level, word in COUNTS if counts.get(level.value)]
    faults = plan.faults
    return {
        "token": found.token,
        "file_name": found.file_name,
        "notes": found.notes,
        "total": len(found.rows),
        "added": added,
        "new": sum(count for _, count in added),
        "renamed": counts.get("renamed", 0),
        "ended": counts.get("ended", 0),
        "unchanged": counts.get("unchanged", 0),
        "carried": plan.carried if done is None else done["carried"],
        "duties_ended": plan.ended if done is None else done["ended"],
        "good": len(plan.rows),
        "changes": any(count for name, count in counts.items() if name != "unchanged"),
        "bad": len({each.line for each in faults}) if done is None else done["faulty"],
        "places": len(faults),
        "faults": [file_import.told_fault(each, TITLES) for each in faults[:FAULTS_SHOWN]],
        "more_faults": max(0, len(faults) - FAULTS_SHOWN),
        "warnings": [{"line": each.line, "message": each.message} for each in plan.warnings] if done is None else [],
        "is_done": done is not None,
    }


blueprint = file_import.pages_of(
    Table(
        name="office-admin-area-import",
        tab=areas.KEY,
        address=f"{areas.ADDRESS}/import",
        page="admin/area_import.html",
        file="网格表",
        bytes_max=files.FILE_BYTES_MAX + 100_000,
        require_right=_require_right,
        empty=grid_import.template,
        keep=_keep,
        told=_told,
        carry_out=lambda tx, token, by: grid_import.carry_out(tx, token, by=by),
        marked=lambda reading, token, by: grid_import.marked(reading, token, by=by),
    )
)
