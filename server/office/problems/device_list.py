"""Devices (设备未同步): phones and laptops by their last contact, and what to do about those that are silent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import Response, request

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
from server.people.domain.unmoved_devices import UnmovedDevice
from server.people.store import devices, public_addresses, unmoved_devices
from server.phones.usecases import form_holders
from server.staffing.usecases.account_management import people_scope
from server.web import context

D = TypeVar("D", Device, UnmovedDevice)

blueprint = layout.create_blueprint("office-devices", __name__)

ADDRESS = "/office/problems/devices"
ROWS = 50
"""How many devices of a group are shown at once."""

GROUPS = {
    "silent": (Contact.QUIET, Contact.LOST),
    "never": (Contact.NEVER,),
    "recent": (Contact.RECENT,),
}
"""By their last contact, those to be looked after first."""

UNMOVED = "unmoved"
"""The group of those that have not come by the public address yet."""

_PROGRAM_CHARS = 40


@blueprint.get(ADDRESS)
@signed_in
def device_list() -> Response:
    """Show the devices of people whom the caller may see, silent longest first; those never seen apart.

    Of each group, and of those that still use an old address, the first devices are shown; an address asks for what
    follows a device in one of them.
    """
    by, only = context.caller(), request.args.get("group", "")
    with context.database().reading() as reading:
        found = devices.list_devices(reading, people_scope(by))
        values = {
            "tabs": desk.tabs_of(reading, by, "devices"),
            "groups": {name: _group(reading, name, found) for name in GROUPS},
            "only": only if only in (*GROUPS, UNMOVED) else "",
            "forms": _forms(reading, by),
            **_unmoved(reading, by),
        }
        return layout.show(reading, "problems/devices.html", "problems", values)


def _group(reading: Reading, name: str, listed: list[Device]) -> dict[str, Any]:
    """Return the rows of a group that an address asks for, with how many devices it has and the address of more."""
    found = [each for each in listed if each.contact(reading.now) in GROUPS[name]]
    shown, following = _page(name, found)
    names = areas.full_names(reading, (each.area for each in shown))
    return {"rows": [_row(reading, each, names) for each in shown], "count": len(found), "next": following}


def _page(group: str, found: Sequence[D]) -> tuple[Sequence[D], str]:
    """Return the devices of a group that an address asks for, and the address of what follows, empty for nothing."""
    after = request.args.get("cursor", "") if request.args.get("group") == group else ""
    begin = next((at for at, each in enumerate(found, 1) if _cursor(each) == after), 0)
    shown = found[begin : begin + ROWS]
    if len(found) <= begin + ROWS:
        return shown, ""
    return shown, f"{ADDRESS}?{urlencode({'group': group, 'cursor': _cursor(shown[-1])})}"


def _cursor(device: Device | UnmovedDevice) -> str:
    return f"{device.person}~{device.id}"


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
    shown, following = _page(UNMOVED, found)
    names = areas.full_names(reading, (each.area for each in shown))
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
        for each in shown
    ]
    may_make = any(tab.key == "cards" for tab in admin_tabs.tabs_of(by))
    move = {"url": kept.url, "old_url": kept.old_url, "since": pages.moment(kept.at, reading.now)}
    said = {"may_make_cards": may_make, "count": len(found), "next": following}
    return {"move": move | said, "unmoved": rows}


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
