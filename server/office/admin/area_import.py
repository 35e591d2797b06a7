"""Import of areas from a grid file: look first, then decide. Four steps: template, file, check, import."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from server.errors import TooLarge, Unreadable
from server.grid.domain.areas import Level
from server.grid.usecases import files
from server.office import layout, pages, sessions
from server.office.admin import areas, inputs, tabs
from server.office.admin.inputs import NOTHING, Sent
from server.office.layout import signed_in
from server.staffing.usecases import grid_import
from server.staffing.usecases.grid_import import TITLES, DryRun
from server.table_files import XLSX_TYPE
from server.web import context, downloads
from server.web.problem_details import status_of

blueprint = layout.create_blueprint("office-admin-area-import", __name__)

ADDRESS = f"{areas.ADDRESS}/import"
UPLOAD_BYTES_MAX = files.FILE_BYTES_MAX + 100_000
FAULTS_SHOWN = 200
COUNTS = ((Level.TOWN, "乡镇"), (Level.VILLAGE, "村（社区）"), (Level.UNIT, "单元"))


@blueprint.before_request
def _admit_upload() -> None:
    """Let those who may import send more than other forms hold; before any of it is read."""
    if request.method == "POST" and request.endpoint == f"{blueprint.name}.look":
        by = sessions.caller()
        with context.database().reading() as reading:
            grid_import.require_right(reading, by)
        request.max_content_length = UPLOAD_BYTES_MAX


@blueprint.get(ADDRESS)
@signed_in
def choose() -> Response:
    """Show the first two steps: get the template, choose a file."""
    tabs.require(areas.KEY)
    return _chooser()


@blueprint.get(f"{ADDRESS}/template.xlsx")
@signed_in
def template() -> Response:
    """Give the empty grid file."""
    tabs.require(areas.KEY)
    with context.database().reading() as reading:
        content = grid_import.template(reading, context.caller())
    return downloads.download(content, XLSX_TYPE, "网格表.xlsx")


@blueprint.post(ADDRESS)
@signed_in
def look() -> Response:
    """Read a grid file, keep it for a day, and lead to what importing it would do."""
    tabs.require(areas.KEY)
    uploaded, by = request.files.get("file"), context.caller()
    if uploaded is None or not uploaded.filename:
        return _chooser(Sent("file", {}, {"file": "请先选一个文件（.xlsx 或 CSV）。"}, "请先选一个文件。"), 422)
    name, content = uploaded.filename, uploaded.read()
    try:
        token = context.write(lambda tx: grid_import.keep(tx, content, name, by=by))
    except (Unreadable, TooLarge) as refusal:
        return _chooser(
            Sent("file", {"file_name": name}, {"file": refusal.message}, refusal.message), status_of(refusal)
        )
    return pages.see_other(f"{ADDRESS}/{token}")


@blueprint.get(f"{ADDRESS}/<token>")
@signed_in
def check(token: str) -> Response:
    """Show what importing a grid file would do, or what it did."""
    tabs.require(areas.KEY)
    return _page(token)


@blueprint.get(f"{ADDRESS}/<token>/marked.xlsx")
@signed_in
def marked(token: str) -> Response:
    """Give the file with its faults marked, to be mended."""
    tabs.require(areas.KEY)
    with context.database().reading() as reading:
        content = grid_import.marked(reading, token, by=context.caller())
    return downloads.download(content, XLSX_TYPE, "网格表-标红.xlsx")


@blueprint.post(f"{ADDRESS}/<token>")
@signed_in
def carry_out(token: str) -> Response:
    """Import the good rows; sent twice, they are imported once."""
    tabs.require(areas.KEY)
    by = context.caller()

    def act() -> str:
        context.write(lambda tx: grid_import.carry_out(tx, token, by=by))
        return f"{ADDRESS}/{token}"

    return inputs.carry_out("import", act, lambda sent, status: _page(token, sent, status))


def _chooser(sent: Sent = NOTHING, status: int = 200) -> Response:
    with context.database().reading() as reading:
        return tabs.show(reading, "admin/area_import.html", areas.KEY, {"sent": sent, "found": None, "step": 2}, status)


def _page(token: str, sent: Sent = NOTHING, status: int = 200) -> Response:
    with context.database().reading() as reading:
        found = grid_import.get(reading, token, by=context.caller())
        values = {"sent": sent, "found": _told(found), "step": 3 if found.done is None else 5}
        return tabs.show(reading, "admin/area_import.html", areas.KEY, values, status)


def _told(found: DryRun) -> dict[str, Any]:
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
        "faults": [_fault(each) for each in faults[:FAULTS_SHOWN]],
        "more_faults": max(0, len(faults) - FAULTS_SHOWN),
        "warnings": [{"line": each.line, "message": each.message} for each in plan.warnings] if done is None else [],
        "is_done": done is not None,
    }


def _fault(each: Any) -> dict[str, Any]:
    return {
        "line": each.line,
        "column": TITLES[each.column],
        "value": each.value,
        "reason": each.reason,
        "cure": each.cure,
    }
