"""Turns people, duties, phones and organisations into JSON objects, contacts masked where they must be."""

from __future__ import annotations

import re
from collections.abc import Callable

from server.api.responses import Json
from server.api.serializers.grid import end, start
from server.instants import Instant
from server.people.domain import roles
from server.people.domain.actors import Actor, Duty
from server.people.domain.people import Body, FieldClient, Person, Phone

_PHONE_NUMBER = re.compile(r"(?<!\d)(1[3-9]\d)\d{4}(\d{4})(?!\d)")


_LONG_NUMBER = re.compile(r"(?<!\d)(\d{3})[\d -]*(\d{2})(?!\d)")


def user(found: Person, at: Instant) -> Json:
    """Return a person with duties and phones. at: whose names of roles count."""
    return {
        "name": found.name,
        "display": found.display,
        "created_at": found.created_at,
        "revoked_at": found.revoked_at,
        "locked_until": found.locked_until,
        "duties": [duty(each, at) for each in found.duties],
        "phones": [phone(each) for each in found.phones],
    }


def caller(actor: Actor) -> Json:
    """Return who has signed in, with the duties in force."""
    duties = [duty(each, actor.at) for each in actor.current]
    return {"name": actor.name, "display": actor.display, "duties": duties}


def duty(found: Duty, at: Instant) -> Json:
    """Return a duty. at: whose name of the role counts."""
    return {
        "id": found.id,
        "role": found.role.value,
        "role_label": roles.label(found.role, at),
        "area": found.area,
        "body": found.body,
        "from": start(found.starts_at),
        "to": end(found.ends_at),
    }


def body(found: Body, contact: Callable[[str], str]) -> Json:
    """Return an organisation. contact: shows its contact in full or masked."""
    return {
        "code": found.code,
        "name": found.name,
        "kind": found.kind,
        "area": found.area,
        "contact": contact(found.contact),
    }


def masked(text: str) -> str:
    """Return ``text`` with its phone numbers masked: 13800000001 becomes 138****0001."""
    return _PHONE_NUMBER.sub(r"\1****\2", text)


def masked_contact(text: str) -> str:
    """Return a contact with every long number masked, landlines and numbers with blanks too."""
    return _LONG_NUMBER.sub(r"\1****\2", masked(text))


def phone(found: Phone) -> Json:
    """Return a phone key as the office sees it."""
    return {
        "id": found.id,
        "created_at": found.created_at,
        "revoked_at": found.revoked_at,
        "last_seen_at": found.last_seen_at,
        "device": found.device,
        "app_version": found.app_version,
    }


def field_client(found: FieldClient) -> Json:
    """Return a client of ours as the office sees it."""
    return {
        "device": found.device,
        "program": found.program,
        "seen_at": found.seen_at,
        "unsent": found.unsent,
    }
