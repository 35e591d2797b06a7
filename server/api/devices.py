"""Lists phones and laptops with their last contact, and counts the phones that are on an older version of a form."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Response

from schemas.devices import AddressMoveQuery, AddressMoveSchema, DeviceQuery, DeviceSchema, FormHoldersSchema
from schemas.lists import page_of
from server.api import responses
from server.api.areas import place_of
from server.api.blueprints import create_blueprint
from server.forms.usecases import management
from server.instants import Instant
from server.people.domain.devices import ADVICE, Device
from server.people.domain.unmoved_devices import UnmovedDevice
from server.people.store import devices, public_addresses, unmoved_devices
from server.phones.usecases import form_holders
from server.staffing.usecases.account_management import people_scope
from server.web import context

blueprint = create_blueprint("devices", "设备 · phones and laptops, and when they were last in contact")


@blueprint.route("/devices")
@blueprint.arguments(DeviceQuery, location="query")
@blueprint.response(200, page_of(DeviceSchema))
@blueprint.alt_response(404, success=False, description="the area is unknown, or out of reach")
def list_devices(query: dict[str, Any]) -> Response:
    """List the phones and laptops of people on duty where the caller may see people, silent longest first.

    A card that was never scanned is told once a person, at the end.
    """
    by = context.caller()
    with context.database().reading() as reading:
        place = place_of(reading, query, by)
        found = devices.list_devices(reading, people_scope(by), None if place is None else place.bounds())
        shown = [_device(each, reading.now) for each in found]
    return responses.single_page([each for each in shown if query.get("contact") in (None, each["contact"])])


@blueprint.route("/address-move")
@blueprint.arguments(AddressMoveQuery, location="query")
@blueprint.response(200, AddressMoveSchema)
@blueprint.alt_response(404, success=False, description="the area is unknown, or out of reach")
def show_address_move(query: dict[str, Any]) -> Response:
    """Get the public address, and the phones that have not come by it since the server moved there.

    They are those of people on duty where the caller may see people.
    """
    by = context.caller()
    with context.database().reading() as reading:
        place = place_of(reading, query, by)
        kept = public_addresses.newest(reading)
        bounds = None if place is None else place.bounds()
        found = unmoved_devices.list_unmoved(reading, people_scope(by), kept, bounds)
        return responses.json(
            {
                "address": None if kept is None else kept.url or None,
                "old_address": None if kept is None else kept.old_url or None,
                "since": None if kept is None or not kept.url else kept.at,
                "unmoved": [_unmoved(each) for each in found],
            }
        )


@blueprint.route("/forms/<form_id>/phones")
@blueprint.response(200, FormHoldersSchema)
@blueprint.alt_response(404, success=False, description="there is no such form")
def count_phones(form_id: str) -> Response:
    """Count the phones, where the caller may see people, that are on an older version of a form.

    A phone that was not in contact since the version was published cannot have it; one that has sent since shows which
    it fills in; the others are `silent`.
    """
    by = context.caller()
    with context.database().reading() as reading:
        management.get_visible(reading, form_id, by)
        return responses.json(asdict(form_holders.count(reading, form_id, people_scope(by))))


def _unmoved(found: UnmovedDevice) -> responses.Json:
    told = asdict(found)
    return {"kind": "phone" if told.pop("is_phone") else "laptop", **told}


def _device(found: Device, now: Instant) -> responses.Json:
    contact = found.contact(now)
    return {
        "id": found.id,
        "kind": "phone" if found.is_phone else "laptop",
        "person": found.person,
        "display": found.display,
        "role": found.role,
        "area": found.area,
        "last_seen_at": found.last_seen_at,
        "contact": contact.value,
        "app_version": found.program or None,
        "unsent": found.unsent,
        "advice": ADVICE[contact],
    }
