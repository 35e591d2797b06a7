"""One person: their duties, phones and cases, and every change of them, each looked at before it is confirmed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from flask import Response, request

from server.db.transactions import Reading
from server.errors import Invalid
from server.grid.store import areas
from server.grid.usecases import searching
from server.instants import BEGINNING, FOREVER, last_day
from server.office import labels, layout
from server.office.admin import inputs, people, people_rows, tabs
from server.office.admin.inputs import NOTHING, Sent
from server.office.layout import signed_in
from server.people.domain import rights
from server.people.domain.actors import Actor
from server.people.domain.people import Person
from server.people.store import people as stored
from server.people.usecases import visibility
from server.records.domain.records import Record
from server.records.usecases.disclosing import RecordMask
from server.staffing.domain.staff_rights import fillable
from server.staffing.usecases import account_management, area_changes, handover
from server.staffing.usecases.account_management import DutyRequest
from server.staffing.usecases.handover import MovePreview
from server.web import context, repeatable
from server.web.problem_details import status_of

blueprint = layout.create_blueprint("office-admin-person", __name__)

ADDRESS = "/office/admin/people/<name>"
CASES_SHOWN = 10
DONE = {
    **people.DONE,
    "moved": "已调动；原来的岗位到那一刻为止。",
    "duty": "已加上这个岗位。",
    "ended": "岗位已结束。",
    "handed": "案件已移交。",
    "some": "有的案件没有移交：您不能改派它，或它刚被别人办了；其余已移交。",
}


@blueprint.get(ADDRESS)
@signed_in
def show(name: str) -> Response:
    """Show somebody; with ``move``, what it would affect to move them there."""
    tabs.require(people.KEY)
    return _page(name)


@blueprint.post(f"{ADDRESS}/move")
@signed_in
def move(name: str) -> Response:
    """Move somebody whose move was looked at; sent twice, they are moved once."""

    def act() -> str:
        sent, by = inputs.typed(), context.caller()
        at = area_changes.beginning(sent["from"]) if sent.get("from") else None
        context.write(lambda tx: account_management.move(tx, name, sent.get("area", ""), at, by=by))
        return f"{people_rows.address(name)}?done=moved"

    return _done(name, "move", act)


@blueprint.post(f"{ADDRESS}/duties")
@signed_in
def give_duty(name: str) -> Response:
    """Give somebody one more duty; whoever stands in for somebody else needs its end."""

    def act() -> str:
        sent, by = inputs.typed(), context.caller()
        if sent.get("acting") and not sent.get("to"):
            raise Invalid("代岗要填到哪天为止。", field="to")
        with context.database().reading() as reading:
            area = searching.get(reading, sent.get("area", ""), visibility.of(by))
        starts = area_changes.beginning(sent["from"]) if sent.get("from") else BEGINNING
        ends = area_changes.beginning(sent["to"], "to") if sent.get("to") else FOREVER
        wanted = DutyRequest(sent.get("role", ""), area.code, sent.get("body") or None, starts, ends)
        context.write(lambda tx: account_management.give_duty(tx, name, wanted, by=by))
        return f"{people_rows.address(name)}?done=duty"

    return _done(name, "duty", act)


@blueprint.post(f"{ADDRESS}/duties/<duty_id>/end")
@signed_in
def end_duty(name: str, duty_id: str) -> Response:
    """End one duty now."""

    def act() -> str:
        by = context.caller()
        context.write(lambda tx: account_management.end_duty(tx, name, duty_id, None, by=by))
        return f"{people_rows.address(name)}?done=ended"

    return _done(name, "end", act)


@blueprint.post(f"{ADDRESS}/revoke")
@signed_in
def revoke(name: str) -> Response:
    """Close an account at once."""

    def act() -> str:
        by = context.caller()
        context.write(lambda tx: account_management.revoke(tx, name, by=by))
        return f"{people.ADDRESS}?done=revoked"

    return _done(name, "revoke", act)


@blueprint.post(f"{ADDRESS}/password")
@signed_in
def reset_password(name: str) -> Response:
    """Give somebody another password, and show it this once: it is in this answer alone, which nobody stores."""
    tabs.require(people.KEY)
    try:
        end_keys = request.form.get("phone_keys") == "revoke"
        by = context.caller()
        made = context.carry_out(
            lambda database: account_management.reset_password(database, name, None, by=by, end_keys=end_keys)
        )
    except inputs.OURS as refusal:
        return _page(name, inputs.refused("password", refusal), status_of(refusal))
    return _page(name, password=made)


@blueprint.post(f"{ADDRESS}/handover")
@signed_in
def hand_over(name: str) -> Response:
    """Hand all open cases of somebody over to another; each is assigned by itself."""

    def act() -> str:
        sent, by = inputs.typed(), context.caller()
        taker, note = sent.get("to", ""), sent.get("note", "")
        if taker == f"user:{name}":
            raise Invalid("请选另一个人。", field="to")
        handed = context.write(
            lambda tx: handover.hand_over(tx, taker, giver=f"user:{name}", cases=(), note=note, by=by)
        )
        word = "some" if any(each.refusal is not None for each in handed) else "handed"
        return f"{people_rows.address(name)}?done={word}"

    return _done(name, "handover", act)


def _done(name: str, form: str, act: Any) -> Response:
    tabs.require(people.KEY)
    return inputs.carry_out(form, act, lambda sent, status: _page(name, sent, status))


def _page(name: str, sent: Sent = NOTHING, status: int = 200, password: str = "") -> Response:
    by = context.caller()
    with context.database().reading() as reading:
        person = stored.get(reading, name, account_management.people_scope(by))
        preview, sent = _preview(reading, person, sent, by)
        leaving = handover.preview(reading, name, None, by=by)
        values = {
            "person_shown": people_rows.in_full(reading, person, by, layout.language()),
            "preview": preview,
            "leaving": _affected(reading, leaving, by),
            "sent": sent,
            "roles": [(each.role.value, people_rows.role_name(each, layout.language())) for each in fillable(by)],
            "takers": _takers(reading, person, by),
            "named": inputs.named_areas(reading, by),
            "may_reset": _may_reset(person, by),
            "is_self": name == by.name,
            "password": password,
            "batch": repeatable.sent_once_more("batch") or str(uuid4()),
            "done": "" if sent.form or password else DONE.get(request.args.get("done", ""), ""),
        }
        return tabs.show(reading, "admin/person.html", people.KEY, values, status)


def _preview(reading: Reading, person: Person, sent: Sent, by: Actor) -> tuple[dict[str, Any] | None, Sent]:
    """Return what moving somebody would affect, where the address or the form sent says whereto; faults in ``sent``."""
    said: Mapping[str, str] = sent.values if sent.form == "move" else request.args
    written, day = said.get("area", "") or said.get("move", ""), said.get("from", "")
    if not written or sent.form not in ("", "move"):
        return None, sent
    try:
        area = searching.get(reading, written, visibility.of(by))
        if day:
            area_changes.beginning(day)
        found = handover.preview(reading, person.name, area.code, by=by)
    except Invalid as refusal:
        faults = {str(refusal.data.get("field", "area")): refusal.message}
        return None, Sent("move", {"move": written, "from": day}, faults, refusal.message)
    shown = {"area": area.code, "area_name": areas.full_name(reading, area.code), "from": day, "said": written}
    return {**shown, **_affected(reading, found, by)}, sent


def _affected(reading: Reading, found: MovePreview, by: Actor) -> dict[str, Any]:
    mask = RecordMask(reading, by)
    names = areas.full_names(reading, found.leaving)
    return {
        "leaving": [names.get(code, code) for code in found.leaving],
        "going_back": _cases(found.going_back, mask),
        "staying": _cases(found.staying, mask),
        "helping": _cases(found.helping, mask),
        "cases": len(found.going_back) + len(found.staying),
        "records": found.records,
        "phones": len(found.phones),
        "clients": [{"program": each.program, "unsent": each.unsent} for each in found.clients],
    }


def _cases(found: tuple[Record, ...], mask: RecordMask) -> dict[str, Any]:
    shown = [
        {
            "label": mask.label(each),
            "address": f"/office/cases/{each.id}",
            "due": "" if each.due_at is None else last_day(each.due_at),
        }
        for each in found[:CASES_SHOWN]
    ]
    return {"count": len(found), "shown": shown, "more": max(0, len(found) - CASES_SHOWN)}


def _takers(reading: Reading, person: Person, by: Actor) -> list[tuple[str, str]]:
    return [each for each in labels.handlers(reading, by).items() if each[0] != f"user:{person.name}"]


def _may_reset(person: Person, by: Actor) -> bool:
    paths = {duty.place.path for duty in person.duties}
    return bool(paths) and all(rights.allows(by, "configuration", "edit", path) for path in paths)
