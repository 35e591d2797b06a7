"""Devices (设备未同步): phones and laptops by their last contact, and what to do about those that are silent."""

from __future__ import annotations

from typing import Any

from flask import Response

from server import instants
from server.db.transactions import Reading
from server.forms.store import forms
from server.grid.store import areas
from server.office import layout, pages
from server.office.admin import tabs as admin_tabs
from server.office.layout import signed_in
from server.office.problems import desk
from server.people.domain.actors import Actor, Role
from server.people.domain.devices import ADVICE, Contact, Device
from server.people.store import devices, public_addresses, unmoved_devices
from server.phones.usecases import form_holders
from server.staffing.usecases.account_management import people_scope
from server.web import context

blueprint = layout.create_blueprint("office-devices", __name__)

_PROGRAM_CHARS = 40


@blueprint.get("/office/problems/devices")
@signed_in
def device_list() -> Response:
    """Show the devices of people whom the caller may see, silent longest first; those never seen apart."""
    by = context.caller()
    with context.database().reading() as reading:
        found = devices.list_devices(reading, people_scope(by))
        names = areas.full_names(reading, (each.area for each in found))
        rows = [_row(reading, each, names) for each in found]
        silent = [row for row in rows if row["contact"] in (Contact.QUIET, Contact.LOST)]
        values = {
            "tabs": desk.tabs_of(reading, by, "devices"),
            "silent": silent,
            "recent": [row for row in rows if row["contact"] is Contact.RECENT],
            "never": [row for row in rows if row["contact"] is Contact.NEVER],
            "forms": _forms(reading, by),
            **_unmoved(reading, by),
        }
        return layout.show(reading, "problems/devices.html", "problems", values)


def _forms(reading: Reading, by: Actor) -> list[dict[str, Any]]:
    """Return, of each form that some phone holds an older version of, how many do, most first."""
    known = forms.catalogue(reading).forms
    found = [each for each in form_holders.count_all(reading, people_scope(by)).values() if each.older]
    return [
        {
            "title": known[each.form].title,
            "version": each.version,
            "published": pages.moment(each.published_at, reading.now),
            "older": each.older,
            "current": each.current,
            "silent": each.silent,
        }
        for each in sorted(found, key=lambda each: -each.older)
    ]


def _unmoved(reading: Reading, by: Actor) -> dict[str, Any]:
    """Return the phones and laptops that have not come by the public address yet, while the server moves to it."""
    kept = public_addresses.newest(reading)
    if kept is None or not kept.old_url:
        return {"move": None, "unmoved": []}
    found = unmoved_devices.list_unmoved(reading, people_scope(by), kept)
    names = areas.full_names(reading, (each.area for each in found))
    rows = [
        {
            "is_phone": each.is_phone,
            "display": each.display,
            "role": layout.role_label(Role(each.role), reading.now),
            "area": names.get(each.area, each.area),
            "instant": each.last_seen_at or "",
            "at": "" if each.last_seen_at is None else pages.moment(each.last_seen_at, reading.now),
            "address": each.address or "",
            "card_at": "" if each.card_at is None else pages.moment(each.card_at, reading.now),
        }
        for each in found
    ]
    may_make = any(tab.key == "cards" for tab in admin_tabs.tabs_of(by))
    move = {"url": kept.url, "old_url": kept.old_url, "since": pages.moment(kept.at, reading.now)}
    return {"move": move | {"may_make_cards": may_make}, "unmoved": rows}


def _row(reading: Reading, each: Device, names: dict[str, str]) -> dict[str, Any]:
    contact = each.contact(reading.now)
    seen = each.last_seen_at
    return {
        "is_phone": each.is_phone,
        "display": each.display,
        "role": layout.role_label(Role(each.role), reading.now),
        "area": names.get(each.area, each.area),
        "instant": seen or "",
        "at": "" if seen is None else pages.moment(seen, reading.now),
        "days": 0 if seen is None else -pages.days_until(reading.now, instants.local_day(seen)),
        "program": _short(each.program),
        "unsent": each.unsent or 0,
        "contact": contact,
        "advice": ADVICE[contact],
    }


def _short(program: str) -> str:
    """Return what a program calls itself without what it runs on: org.odk.collect.android/v2026.2.1."""
    return program.partition(" ")[0].removeprefix("org.").removesuffix(".android")[:_PROGRAM_CHARS]
