"""Areas (网格): the tree, one area, and its changes, each looked at before it is made."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from server import table_files
from server.db.transactions import Reading
from server.errors import Invalid
from server.forms.store import forms
from server.grid.domain.areas import Area, Level, short_name
from server.grid.store import areas
from server.grid.usecases import exporting, searching
from server.instants import BEGINNING, FOREVER, local_day
from server.office import layout, pages
from server.office.admin import inputs, people_rows, tabs
from server.office.admin.inputs import NOTHING, Sent
from server.office.layout import signed_in
from server.people.domain import roles
from server.people.domain.actors import Actor
from server.people.usecases import visibility
from server.staffing.usecases import area_changes, area_previews
from server.staffing.usecases.area_previews import AreaPreview
from server.web import context, downloads, record_exports

blueprint = layout.create_blueprint("office-admin-areas", __name__)

KEY, ADDRESS = "areas", "/office/admin/areas"
NAMES_SHOWN = 8
DONE = {
    "merged": "已定下合并；到那天自动生效。",
    "closed": "已定下停用；到那天自动生效。",
    "renamed": "已改名；手机下次更新时换成新名字，旧名在记录里。",
    "unit": "已加上单元；到“人员”里给它派一名网格员。",
}
FORMS = ("merge", "close", "rename", "unit")


@blueprint.get(ADDRESS)
@signed_in
def tree() -> Response:
    """Show the tree, or what was found of a search."""
    tabs.require(KEY)
    with context.database().reading() as reading:
        return _show(reading, None, {})


@blueprint.get(f"{ADDRESS}/grid.csv")
@signed_in
def export() -> Response:
    """Give the grid as a file that can be loaded again. Raises NotAllowed (the right to export)."""
    tabs.require(KEY)
    by = context.caller()
    record_exports.scope_of(by)
    with context.database().reading() as reading:
        found = list(areas.list_covered(reading, visibility.of(by)))
    export = record_exports.begin("grid.export", "grid", {"format": "csv"})
    with export.ending_where_it_fails():
        content = exporting.as_csv(export.counted(found))
    return downloads.exported(export, [content], table_files.CSV_TYPE, "grid.csv")


@blueprint.get(f"{ADDRESS}/<code>")
@signed_in
def area(code: str) -> Response:
    """Show one area; ``do`` opens the form of a change, with what it would touch where a day is said."""
    tabs.require(KEY)
    return _page(code)


@blueprint.get(f"{ADDRESS}/<code>/children")
@signed_in
def children(code: str) -> Response:
    """Show what lies directly below an area, for the tree that is opened step by step."""
    tabs.require(KEY)
    by = context.caller()
    with context.database().reading() as reading:
        found = visibility.get_visible(reading, code, by)
        nodes = _children(reading, found, by, set(), "")
    return pages.respond(
        "admin/area_nodes.html", layout.language(), {"nodes": nodes, "level": found.path.count("/") + 2}
    )


@blueprint.get(f"{ADDRESS}/<code>/merge")
@signed_in
def merging(code: str) -> Response:
    """Show the form of a merger, and what it would touch where the address says whereto and when."""
    tabs.require(KEY)
    return _page(code, form="merge")


@blueprint.post(f"{ADDRESS}/<code>/<any(merge, close, rename, unit):form>")
@signed_in
def change(code: str, form: str) -> Response:
    """Make a change that was looked at; sent twice, it is made once."""
    tabs.require(KEY)
    return inputs.carry_out(form, lambda: _change(code, form), lambda sent, status: _page(code, sent, status, form))


def _change(code: str, form: str) -> str:
    sent, by = inputs.typed(), context.caller()
    day, basis = sent.get("from", ""), sent.get("basis", "")
    if form == "merge":
        into = sent.get("into", "")
        context.write(lambda tx: area_changes.merge(tx, code, into, day, basis, by=by))
        return f"{ADDRESS}/{code}?done=merged"
    if form == "close":
        context.write(lambda tx: area_changes.close(tx, code, day, basis, by=by))
        return f"{ADDRESS}/{code}?done=closed"
    if form == "rename":
        context.write(lambda tx: area_changes.rename(tx, code, sent.get("name", ""), by=by))
        return f"{ADDRESS}/{code}?done=renamed"
    added, _ = context.write(lambda tx: area_changes.add_unit(tx, code, sent.get("name", ""), day, by=by))
    return f"{ADDRESS}/{added.code}?done=unit"


def _page(code: str, sent: Sent = NOTHING, status: int = 200, form: str = "") -> Response:
    by, form = context.caller(), form or request.args.get("do", "")
    with context.database().reading() as reading:
        found = area_changes.managed(reading, code, by)
        said, sent = _said(reading, form, sent, by)
        preview = _preview(reading, found, form, said, by) if form == "rename" or not sent.faults else None
        values = {
            "form": form if form in FORMS else "",
            "said": said,
            "preview": preview,
            "sent": sent,
            "named": inputs.named_areas(reading, by) if form == "merge" else [],
            "done": "" if sent.form or form else DONE.get(request.args.get("done", ""), ""),
        }
        return _show(reading, found, values, status)


def _said(reading: Reading, form: str, sent: Sent, by: Actor) -> tuple[dict[str, str], Sent]:
    """Return what the address or the form sent says of a change, the area to merge into by its code."""
    source = sent.values if sent.form else request.args
    said = {name: source.get(name, "").strip() for name in ("into", "from", "basis", "name")}
    if not sent.form and form in FORMS:
        try:
            area_changes.require_basis(said["basis"])
        except Invalid as refusal:
            return said, Sent(form, said, {"basis": refusal.message}, refusal.message)
    if form == "merge" and said["into"] and not sent.form:
        try:
            target = searching.get(reading, said["into"], visibility.of(by), "into")
            said["into"], said["into_name"] = target.code, areas.full_name(reading, target.code)
        except Invalid as refusal:
            return said, Sent(form, said, {"into": refusal.message}, refusal.message)
    return said, sent


def _preview(reading: Reading, found: Area, form: str, said: dict[str, str], by: Actor) -> dict[str, Any] | None:
    if form == "merge" and said["into"]:
        return _told(reading, area_previews.of_merger(reading, found.code, said["into"], said["from"], by=by))
    if form == "close" and said["from"]:
        return _told(reading, area_previews.of_closing(reading, found.code, said["from"], by=by))
    if form == "rename":
        return _told(reading, area_previews.of_renaming(reading, found.code, by=by))
    return None


def _told(reading: Reading, found: AreaPreview) -> dict[str, Any]:
    types = forms.catalogue(reading).types
    held = found.duties
    return {
        "area": short_name(found.area.name),
        "into": "" if found.into is None else short_name(found.into.name),
        "day": "" if found.at is None else local_day(found.at),
        "code": found.area.code,
        "open": found.open_cases,
        "past": found.past_cases,
        "ledgers": [
            {"title": types[each.type].title if each.type in types else each.type, "count": each.total}
            for each in found.ledgers
        ],
        "duties": len(held),
        "people": list(dict.fromkeys(each.display for each in held))[:NAMES_SHOWN],
        "more_people": max(0, len({each.name for each in held}) - NAMES_SHOWN),
        "units": list(found.units.values()),
        "takes_old_code": found.takes_old_code,
        "warnings": found.warnings,
        "faults": [each["message"] for each in found.faults],
        "can": found.at is not None and not found.faults,
    }


def _show(reading: Reading, found: Area | None, values: dict[str, Any], status: int = 200) -> Response:
    by, q = context.caller(), request.args.get("q", "").strip()[:100]
    scope = visibility.of(by)
    opened = {found.path[:i] for i, c in enumerate(found.path) if c == "/"} | {found.path} if found else set()
    roots = list(areas.list_children(reading, None, scope))
    hits = searching.find(reading, q, scope) if q else []
    base = {
        "q": q,
        "hits": [_hit(reading, area) for area in hits],
        "nodes": [_node(reading, root, by, opened | {root.path}, found.code if found else "") for root in roots],
        "area": None if found is None else _facts(reading, found, by),
        "form": "",
        "said": {},
        "preview": None,
        "sent": NOTHING,
        "named": [],
        "done": "",
    }
    return tabs.show(reading, "admin/areas.html", KEY, {**base, **values}, status)


def _node(reading: Reading, area: Area, by: Actor, opened: set[str], here: str) -> dict[str, Any]:
    is_open = area.path in opened
    below = _children(reading, area, by, opened, here) if is_open else []
    return {
        "code": area.code,
        "name": short_name(area.name),
        "address": f"{ADDRESS}/{area.code}",
        "has_children": area.level is not Level.UNIT,
        "is_open": is_open and area.level is not Level.UNIT,
        "is_here": area.code == here,
        "is_over": not area.in_force(reading.now),
        "children": below,
        "note": str(len(below)) if below else "",
    }


def _children(reading: Reading, area: Area, by: Actor, opened: set[str], here: str) -> list[dict[str, Any]]:
    if area.level is Level.UNIT:
        return []
    found = areas.list_children(reading, area.code, visibility.of(by))
    return [_node(reading, each, by, opened, here) for each in list(found)]


def _hit(reading: Reading, area: Area) -> dict[str, Any]:
    return {
        "name": areas.full_name(reading, area.code),
        "code": area.code,
        "address": f"{ADDRESS}/{area.code}",
        "is_over": not area.in_force(reading.now),
    }


def _facts(reading: Reading, area: Area, by: Actor) -> dict[str, Any]:
    above = areas.full_name(reading, area.code).split(" ")[:-1] if area.parent else []
    below = [each for each in areas.list_children(reading, area.code, visibility.of(by)) if each.in_force(reading.now)]
    called = {each.role: people_rows.role_name(each, layout.language()) for each in roles.list_roles(reading.now)}
    successor = "" if area.successor is None else areas.full_name(reading, area.successor)
    return {
        "code": area.code,
        "name": short_name(area.name),
        "official": area.name,
        "level": area.level.value,
        "above": above,
        "address": f"{ADDRESS}/{area.code}",
        "below": len(below),
        "since": "" if area.valid_from == BEGINNING else local_day(area.valid_from),
        "until": "" if area.valid_to == FOREVER else local_day(area.valid_to),
        "successor": successor,
        "successor_code": area.successor or "",
        "is_over": not area.in_force(reading.now),
        "people": [
            {"display": each.display, "role": called[each.duty.role], "address": people_rows.address(each.name)}
            for each in area_previews.holders(reading, area, by=by)
        ],
        "may_merge": area.level in (Level.VILLAGE, Level.UNIT),
        "may_add": area.level is Level.VILLAGE,
        "may_close": area.level is not Level.COUNTY,
    }
