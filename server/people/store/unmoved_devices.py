"""Lists the phones and laptops that still use another address than the public one."""

from __future__ import annotations

from server.db.transactions import Reading
from server.grid.domain.scope import Scope
from server.people.domain.public_addresses import KeptAddress
from server.people.domain.unmoved_devices import (
    Laptop,
    PhoneKey,
    UnmovedDevice,
    devices_of,
    unmoved,
    unmoved_laptops,
)
from server.people.store import public_addresses, scopes

# The oldest duty in force says where somebody is; a person may hold others.
_HOLDERS = """
    SELECT person.name AS person, COALESCE(NULLIF(person.display, ''), person.name) AS display, duty.role, duty.area
      FROM (SELECT duty.person, MIN(duty.starts_at || duty.id) AS oldest
              FROM duty JOIN area ON area.code = duty.area
             WHERE duty.starts_at <= :now AND duty.ends_at > :now AND {inside}
             GROUP BY duty.person) AS held
      JOIN person ON person.name = held.person AND person.revoked_at IS NULL
      JOIN duty ON duty.person = held.person AND duty.starts_at || duty.id = held.oldest
"""
_KEYS = """
    SELECT phone_key.id, holder.person, holder.display, holder.role, holder.area, phone_key.created_at,
           phone_key.last_seen_at, phone_key.device, phone_key.address
      FROM ({holders}) AS holder
      JOIN phone_key ON phone_key.person = holder.person AND phone_key.revoked_at IS NULL
     ORDER BY holder.person, phone_key.created_at, phone_key.id
"""
_LAPTOPS = """
    SELECT field_client.device AS id, holder.person, holder.display, holder.role, holder.area,
           field_client.seen_at AS last_seen_at, field_client.address
      FROM ({holders}) AS holder
      JOIN field_client ON field_client.person = holder.person
     ORDER BY field_client.seen_at, field_client.device, holder.person
"""
_USED = """
    SELECT address FROM phone_key
     WHERE address IS NOT NULL AND revoked_at IS NULL
     GROUP BY address ORDER BY COUNT(*) DESC, address
     LIMIT 10
"""


def list_unmoved(
    reading: Reading, scope: Scope, kept: KeptAddress | None, bounds: tuple[str, str] | None = None
) -> list[UnmovedDevice]:
    """Return the phones and laptops of people on duty inside ``scope`` that have not come by the public address yet.

    kept: the newest step, None where none was ever kept: then there is nothing to move to. bounds: range of paths in
    which their duty lies. Silent longest first.
    """
    if kept is None or not kept.url:
        return []
    inside, values = scopes.by_place(scope, "area.path")
    if bounds is not None:
        inside += " AND area.path >= :from_path AND area.path < :to_path"
        values |= {"from_path": bounds[0], "to_path": bounds[1]}
    holders, asked = _HOLDERS.format(inside=inside), {**values, "now": reading.now}
    history = public_addresses.history(reading)
    phones = [PhoneKey(**row) for row in reading.sql.each(_KEYS.format(holders=holders), asked)]
    laptops = [Laptop(**row) for row in reading.sql.each(_LAPTOPS.format(holders=holders), asked)]
    return devices_of(unmoved(phones, history), unmoved_laptops(laptops, history))


def addresses_used(reading: Reading) -> list[str]:
    """Return the addresses by which phones came last, at most ten, that of most phones first."""
    return [row["address"] for row in reading.sql.rows(_USED)]
