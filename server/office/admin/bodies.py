"""Bodies (责任主体): organisations that can be given work; adding one, renaming, ending."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import Response, request

from server import dated
from server.db.transactions import Reading
from server.errors import NotAllowed, NotFound
from server.grid.domain.areas import short_name
from server.grid.store import areas
from server.grid.usecases import searching
from server.office import layout, pages
from server.office.admin import inputs, tabs
from server.office.admin.inputs import NOTHING, Sent
from server.office.layout import signed_in
from server.people.domain.actors import Actor
from server.people.domain.people import Body
from server.people.store import bodies, people
from server.people.usecases import visibility
from server.staffing.usecases import area_changes, body_management
from server.web import context

blueprint = layout.create_blueprint("office-admin-bodies", __name__)

KEY, ADDRESS = "bodies", "/office/admin/bodies"
ROWS = 200
DONE = {"added": "已登记；派遣时可以选它。", "revised": "已改；以前的案件仍记原名。", "ended": "已停用；不能再派给它。"}


@blueprint.get(ADDRESS)
@signed_in
def list_bodies() -> Response:
    """Show every organisation of the caller's area, with the form of the one that is chosen."""
    tabs.require(KEY)
    return _page()


@blueprint.post(ADDRESS)
@signed_in
def add() -> Response:
    """Register an organisation; the very same one is registered once."""
    tabs.require(KEY)

    def act() -> str:
        sent, by = inputs.typed(), context.caller()
        with context.database().reading() as reading:
            area = searching.get(reading, sent.get("area", ""), visibility.of(by))
        told = {name: sent.get(name, "") for name in ("name", "kind", "contact")}
        context.write(lambda tx: body_management.add(tx, sent.get("code", ""), area=area.code, by=by, **told))
        return f"{ADDRESS}?done=added"

    return inputs.carry_out("add", act, _page)


@blueprint.post(f"{ADDRESS}/<code>")
@signed_in
def revise(code: str) -> Response:
    """Give an organisation another name or contact, now or from a day on."""
    tabs.require(KEY)

    def act() -> str:
        sent, by = inputs.typed(), context.caller()
        at = area_changes.beginning(sent["from"]) if sent.get("from") else None
        name, contact = sent.get("name"), sent.get("contact")
        context.write(lambda tx: body_management.revise(tx, code, name=name, contact=contact, at=at, by=by))
        return f"{ADDRESS}?done=revised"

    return inputs.carry_out(f"revise {code}", act, lambda sent, status: _page(sent, status, code))


@blueprint.post(f"{ADDRESS}/<code>/end")
@signed_in
def end(code: str) -> Response:
    """End an organisation now."""
    tabs.require(KEY)

    def act() -> str:
        by = context.caller()
        context.write(lambda tx: body_management.end(tx, code, None, by=by))
        return f"{ADDRESS}?done=ended"

    return inputs.carry_out(f"end {code}", act, lambda sent, status: _page(sent, status, code))


def _page(sent: Sent = NOTHING, status: int = 200, code: str = "") -> Response:
    by, wanted, cursor = context.caller(), code or request.args.get("body", ""), request.args.get("cursor", "")
    with context.database().reading() as reading:
        found = list(bodies.list_bodies(reading, by.scope, cursor, ROWS + 1))
        kinds = {row["code"]: row[_label()] for row in dated.rows_at("body_kinds", reading.now)}
        values = {
            "rows": [_row(reading, body, kinds, cursor) for body in found[:ROWS]],
            "shown": _shown(reading, wanted, kinds, by),
            "kinds": list(kinds.items()),
            "sent": sent,
            "named": _named(reading, by),
            "next": inputs.with_query(ADDRESS, cursor=found[ROWS - 1].code) if len(found) > ROWS else "",
            "done": "" if sent.form else DONE.get(request.args.get("done", ""), ""),
        }
        return tabs.show(reading, "admin/bodies.html", KEY, values, status)


def _shown(reading: Reading, code: str, kinds: dict[str, str], by: Actor) -> dict[str, Any] | None:
    """Return the body whose form stands open, on whichever page it is listed; None for one that is not theirs."""
    if not code:
        return None
    try:
        return _row(reading, body_management.managed(reading, code, by), kinds)
    except (NotFound, NotAllowed):
        return None


def _row(reading: Reading, body: Body, kinds: dict[str, str], cursor: str = "") -> dict[str, Any]:
    return {
        "code": body.code,
        "name": body.name,
        "kind": kinds.get(body.kind, body.kind),
        "area": short_name(areas.full_name(reading, body.area)),
        "contact": body.contact,
        "has_people": people.acts_for_body(reading, body.code),
        "address": inputs.with_query(ADDRESS, cursor=cursor, body=body.code),
        "post_to": f"{ADDRESS}/{quote(body.code, safe='')}",
    }


def _label() -> str:
    return "label_en" if layout.language() == pages.ENGLISH else "label"


def _named(reading: Reading, by: Actor) -> list[str]:
    county = [area.name for area in areas.list_covered(reading, visibility.of(by)) if area.parent is None]
    return [*county, *inputs.named_areas(reading, by)]
