"""Import of people from a roster: look first, then decide. Five steps: template, file, check, import, cards."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from server.errors import TooLarge, Unreadable
from server.office import layout, pages, sessions
from server.office.admin import inputs, tabs
from server.office.admin.inputs import NOTHING, Sent
from server.office.layout import signed_in
from server.staffing.domain.roster_plan import Kind
from server.staffing.domain.roster_rows import TITLES
from server.staffing.usecases import roster_files, roster_import
from server.staffing.usecases.roster_import import DryRun
from server.table_files import XLSX_TYPE
from server.web import context, downloads
from server.web.problem_details import status_of

blueprint = layout.create_blueprint("office-admin-roster", __name__)

KEY, ADDRESS = "people", "/office/admin/people/import"
UPLOAD_BYTES_MAX = roster_files.FILE_BYTES_MAX + 100_000
FAULTS_SHOWN, PEOPLE_SHOWN = 200, 20


@blueprint.before_request
def _admit_upload() -> None:
    """Let those who may import send more than other forms hold; before any of it is read."""
    if request.method == "POST" and request.endpoint == f"{blueprint.name}.look":
        roster_import.require_right(sessions.caller())
        request.max_content_length = UPLOAD_BYTES_MAX


@blueprint.get(ADDRESS)
@signed_in
def choose() -> Response:
    """Show the first two steps: get the template, choose a file."""
    tabs.require(KEY)
    return _chooser()


@blueprint.get(f"{ADDRESS}/template.xlsx")
@signed_in
def template() -> Response:
    """Give the empty roster."""
    tabs.require(KEY)
    with context.database().reading() as reading:
        content = roster_import.template(reading, context.caller())
    return downloads.download(content, XLSX_TYPE, "人员花名册.xlsx")


@blueprint.post(ADDRESS)
@signed_in
def look() -> Response:
    """Read a roster, keep it for a day, and lead to what importing it would do."""
    tabs.require(KEY)
    uploaded, by = request.files.get("file"), context.caller()
    if uploaded is None or not uploaded.filename:
        return _chooser(Sent("file", {}, {"file": "请先选一个文件（.xlsx 或 CSV）。"}, "请先选一个文件。"), 422)
    name = uploaded.filename
    try:
        roster = roster_files.read(uploaded.read())
    except (Unreadable, TooLarge) as refusal:
        return _chooser(
            Sent("file", {"file_name": name}, {"file": refusal.message}, refusal.message), status_of(refusal)
        )
    token = context.write(lambda tx: roster_import.keep(tx, roster, name, by=by))
    return pages.see_other(f"{ADDRESS}/{token}")


@blueprint.get(f"{ADDRESS}/<token>")
@signed_in
def check(token: str) -> Response:
    """Show what importing a roster would do, or what it did."""
    tabs.require(KEY)
    return _page(token)


@blueprint.get(f"{ADDRESS}/<token>/marked.xlsx")
@signed_in
def marked(token: str) -> Response:
    """Give the roster with its faults marked, to be mended."""
    tabs.require(KEY)
    with context.database().reading() as reading:
        content = roster_import.marked(reading, token, by=context.caller())
    return downloads.download(content, XLSX_TYPE, "人员花名册-标红.xlsx")


@blueprint.post(f"{ADDRESS}/<token>")
@signed_in
def carry_out(token: str) -> Response:
    """Import the good rows; sent twice, they are imported once."""
    tabs.require(KEY)
    by = context.caller()
    context.write(lambda tx: roster_import.carry_out(tx, token, by=by))
    return pages.see_other(f"{ADDRESS}/{token}")


def _chooser(sent: Sent = NOTHING, status: int = 200) -> Response:
    with context.database().reading() as reading:
        return tabs.show(reading, "admin/roster.html", KEY, {"sent": sent, "found": None, "step": 2}, status)


def _page(token: str) -> Response:
    with context.database().reading() as reading:
        found = roster_import.get(reading, token, by=context.caller())
        values = {"sent": NOTHING, "found": _told(found), "step": 3 if found.done is None else 5}
        return tabs.show(reading, "admin/roster.html", KEY, values)


def _told(found: DryRun) -> dict[str, Any]:
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
        "bad": len(bad) if done is None else done["faulty"],
        "places": len(faults),
        "faults": [_fault(each) for each in faults[:FAULTS_SHOWN]] if done is None or done["refused"] else [],
        "more_faults": max(0, len(faults) - FAULTS_SHOWN),
        "moved": [_moved(step) for step in found.plan.of(Kind.MOVED)[:PEOPLE_SHOWN]] if done is None else [],
        "is_done": done is not None,
        "refused": [] if done is None else done["refused"],
        "cards": "" if done is None else inputs.with_query("/office/admin/cards", roster=found.token),
    }


def _fault(each: Any) -> dict[str, Any]:
    return {
        "line": each.line,
        "column": TITLES[each.column],
        "value": each.value,
        "reason": each.reason,
        "cure": each.cure,
    }


def _moved(step: Any) -> dict[str, str]:
    return {"name": step.person.name, "display": step.person.display, "line": str(step.wanted.row.line)}
