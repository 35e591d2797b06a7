"""Lists phones and laptops of people on duty, those that were silent longest first."""

from __future__ import annotations

from functools import partial
from typing import Any

from server.db.sql import Row
from server.db.transactions import Reading
from server.grid.domain.scope import Scope
from server.people.domain.devices import Device
from server.people.store import scopes

MOST = 20_000
"""How many devices are listed at once: forty times those of a county."""

# The oldest duty in force says where somebody is; a person may hold others.
_ON_DUTY = """
    SELECT duty.person, MIN(duty.starts_at || duty.id) AS oldest
      FROM duty JOIN area ON area.code = duty.area
     WHERE duty.starts_at <= :now AND duty.ends_at > :now AND {inside}
     GROUP BY duty.person
"""
_PHONES = """
    SELECT phone_key.id, 1 AS is_phone, person.name AS person,
           COALESCE(NULLIF(person.display, ''), person.name) AS display, duty.role, duty.area,
           phone_key.last_seen_at, COALESCE(phone_key.device, '') AS name,
           COALESCE(phone_key.app_version, '') AS program, NULL AS unsent,
           phone_key.created_at
      FROM ({on_duty}) AS held
      JOIN person ON person.name = held.person AND person.revoked_at IS NULL
      JOIN duty ON duty.person = held.person AND duty.starts_at || duty.id = held.oldest
      JOIN phone_key ON phone_key.person = held.person AND phone_key.revoked_at IS NULL
     ORDER BY phone_key.last_seen_at IS NULL, phone_key.last_seen_at, person.name, phone_key.created_at
     LIMIT :most
"""
_LAPTOPS = """
    SELECT field_client.device AS id, 0 AS is_phone, person.name AS person,
           COALESCE(NULLIF(person.display, ''), person.name) AS display, duty.role, duty.area,
           field_client.seen_at AS last_seen_at, field_client.device AS name, field_client.program,
           field_client.unsent, '' AS created_at
      FROM ({on_duty}) AS held
      JOIN person ON person.name = held.person AND person.revoked_at IS NULL
      JOIN duty ON duty.person = held.person AND duty.starts_at || duty.id = held.oldest
      JOIN field_client ON field_client.person = held.person
     ORDER BY field_client.seen_at, person.name, field_client.device
     LIMIT :most
"""


def list_devices(reading: Reading, scope: Scope, bounds: tuple[str, str] | None = None) -> list[Device]:
    """Return the devices of people with a duty inside ``scope``, silent longest first, those never seen last.

    bounds: range of paths in which their duty lies. A card that was never scanned is told once a person, and only of
    who has no phone that was: new cards leave old ones valid. What a page asks for more than once is read once.
    """
    inside, values = scopes.by_place(scope, "area.path")
    if bounds is not None:
        inside += " AND area.path >= :from_path AND area.path < :to_path"
        values |= {"from_path": bounds[0], "to_path": bounds[1]}
    asked = {**values, "now": reading.now, "most": MOST}
    return list(reading.once(("devices", inside, *asked.items()), partial(_listed, inside=inside, asked=asked)))


def _listed(reading: Reading, inside: str, asked: dict[str, Any]) -> list[Device]:
    on_duty = _ON_DUTY.format(inside=inside)
    phones = reading.sql.rows(_PHONES.format(on_duty=on_duty), asked)
    seen = [row for row in phones if row["last_seen_at"] is not None]
    with_phone = {row["person"] for row in seen}
    unseen = {row["person"]: row for row in phones if row["person"] not in with_phone}
    laptops = reading.sql.rows(_LAPTOPS.format(on_duty=on_duty), asked)
    found = sorted((*seen, *laptops), key=lambda row: (row["last_seen_at"], row["person"], row["id"]))
    return [_device(row) for row in (*found, *unseen.values())]


def _device(row: Row) -> Device:
    return Device(is_phone=bool(row["is_phone"]), **{name: row[name] for name in _SHOWN})


_SHOWN = ("id", "person", "display", "role", "area", "last_seen_at", "name", "program", "unsent")
