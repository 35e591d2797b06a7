"""Puts people, their duties and phones into words, for the pages about them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from server.db.transactions import Reading
from server.errors import NotAllowed, NotFound
from server.grid.store import areas
from server.instants import BEGINNING, FOREVER, Instant
from server.office import pages
from server.people.domain import roles
from server.people.domain.actors import Actor, Duty
from server.people.domain.people import Person, Phone
from server.people.domain.roles import Description
from server.staffing.domain import staff_rights
from server.staffing.usecases import account_management

APP_CHARS_MAX = 40


def listed(reading: Reading, found: Iterable[Person], by: Actor, language: str) -> list[dict[str, Any]]:
    """Return people as a list shows them: duties in force, or those to come where there are none."""
    shown = list(found)
    names = areas.full_names(reading, [duty.area for person in shown for duty in person.duties])
    return [_row(reading, person, names, by, language) for person in shown]


def in_full(reading: Reading, person: Person, by: Actor, language: str) -> dict[str, Any]:
    """Return a person with every duty and phone, the newest first, and whether ``by`` may manage them."""
    names = areas.full_names(reading, [duty.area for duty in person.duties])
    held = sorted(person.duties, key=lambda duty: (duty.ends_at <= reading.now, duty.starts_at), reverse=False)
    return {
        **_row(reading, person, names, by, language),
        "duties": [_duty(duty, names, by, reading.now, language) for duty in held if duty.starts_at < duty.ends_at],
        "phones": [_phone(phone, reading.now) for phone in reversed(person.phones)],
        "is_managed": is_managed(reading, person.name, by),
        "revoked": "" if person.revoked_at is None else pages.moment(person.revoked_at, reading.now),
        "locked": person.locked_until is not None and person.locked_until > reading.now,
    }


def is_managed(reading: Reading, name: str, by: Actor) -> bool:
    """Return whether ``by`` may move, revoke and give cards to somebody."""
    try:
        account_management.get_managed(reading, name, by)
    except (NotFound, NotAllowed):
        return False
    return True


def role_name(described: Description, language: str) -> str:
    """Return what a role is called."""
    return described.label_en if language == pages.ENGLISH else described.label


def address(name: str) -> str:
    """Return the address of somebody's page."""
    return f"/office/admin/people/{quote(name, safe='')}"


def _row(reading: Reading, person: Person, names: dict[str, str], by: Actor, language: str) -> dict[str, Any]:
    current = [duty for duty in person.duties if duty.ends_at > reading.now and duty.starts_at < duty.ends_at]
    good = [phone for phone in person.phones if phone.revoked_at is None]
    seen = max((phone.last_seen_at for phone in good if phone.last_seen_at), default=None)
    app = next((phone.app_version for phone in reversed(good) if phone.app_version), None)
    return {
        "name": person.name,
        "display": person.display,
        "address": address(person.name),
        "posts": [_post(duty, names, reading.now, language) for duty in current],
        "phone_count": len(good),
        "seen": "" if seen is None else pages.moment(seen, reading.now),
        "app": (app or "")[:APP_CHARS_MAX],
        "may_fill": bool(current) and all(staff_rights.may_fill(by, duty.role, duty.place.path) for duty in current),
    }


def _post(duty: Duty, names: dict[str, str], now: Instant, language: str) -> dict[str, Any]:
    known = {each.role: each for each in roles.list_roles(now)}
    described = known.get(duty.role)
    return {
        "role": duty.role.value if described is None else role_name(described, language),
        "area": names.get(duty.area, duty.area),
        "body": duty.body or "",
        "until": "" if duty.ends_at == FOREVER else pages.moment(duty.ends_at, now),
        "is_to_come": duty.starts_at > now,
        "since": "" if duty.starts_at == BEGINNING else pages.moment(duty.starts_at, now),
    }


def _duty(duty: Duty, names: dict[str, str], by: Actor, now: Instant, language: str) -> dict[str, Any]:
    return {
        **_post(duty, names, now, language),
        "id": duty.id,
        "code": duty.area,
        "is_over": duty.ends_at <= now,
        "may_end": duty.ends_at > now and staff_rights.may_fill(by, duty.role, duty.place.path),
    }


def _phone(phone: Phone, now: Instant) -> dict[str, Any]:
    return {
        "made": pages.moment(phone.created_at, now),
        "seen": "" if phone.last_seen_at is None else pages.moment(phone.last_seen_at, now),
        "app": (phone.app_version or "")[:APP_CHARS_MAX],
        "ended": "" if phone.revoked_at is None else pages.moment(phone.revoked_at, now),
    }
