"""Whether a device holds no row that its user may not have (promise 3).

Told from duties, authors, assignees and former handlers as they are stored; buckets and lists take no part.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from server import instants
from server.db.sql import Row
from server.people.domain.actors import GRACE
from server.simulate.invariants import Findings
from server.simulate.store import stored_rows
from server.simulate.world import World

_AREA_ROLES = ("grid_worker", "village_officer", "town_station", "brigade", "county_admin")
_UNIT_DEPTH = 3


def check(world: World, findings: Findings) -> None:
    """Ask of each row on each laptop and phone whether its user may have it."""
    with world.server.store.reading() as reading:
        records, duties = stored_rows.records(reading), stored_rows.duties(reading)
        areas, hands, now = stored_rows.areas(reading), stored_rows.hands(reading), reading.now
    recent = instants.later(now, -GRACE)
    had = {(each["record"], each["mark"]) for each in hands if each["until"] > recent}
    held: dict[str, list[Row]] = {}
    for duty in duties:
        if duty["starts_at"] <= now < duty["ends_at"]:
            held.setdefault(duty["person"], []).append(duty)
    for name, person, ids in _holdings(world):
        marks = {f"user:{person}", *(f"body:{duty['body']}" for duty in held.get(person, ()) if duty["body"])}
        paths = _paths(held.get(person, ()), areas)
        for id in ids:
            record = records.get(id)
            if record is None:
                continue  # never came to the server, or only to one that was put back
            is_own = bool(held.get(person)) and (record["author"] == person or record["assignee"] in marks)
            if not (is_own or any((id, mark) in had for mark in marks) or _is_inside(record["path"], paths)):
                findings.add(3, f"{name} of {person} holds {record['type']} {id} of {record['area']}")


def _holdings(world: World) -> Iterable[tuple[str, str, list[str]]]:
    sql = (
        "SELECT id FROM row WHERE is_handed_over = 0 AND type NOT LIKE '\\_%' ESCAPE '\\'"
        " AND id NOT IN (SELECT record FROM change WHERE state = 'unsent') ORDER BY id"
    )
    for laptop in world.laptops.values():
        yield laptop.name, laptop.person, [each["id"] for each in laptop.device.rows(sql)]
    for phone in world.phones.values():
        listed = (id for each in phone.lists.values() for id, row in each.rows.items() if row.is_online)
        yield phone.name, phone.person, sorted(listed)


def _paths(duties: Iterable[Row], areas: Mapping[str, Row]) -> tuple[list[str], list[str]]:
    """Return the paths within which somebody sees all, and those at which they see what lies there itself."""
    within: list[str] = []
    exactly: list[str] = []
    for duty in duties:
        if duty["role"] not in _AREA_ROLES:
            continue
        codes = [duty["area"]]
        for code in codes:  # grows: what was merged into it, and into that
            codes += [each["code"] for each in areas.values() if each["successor"] == code]
            path = str(areas[code]["path"])
            within.append(path)
            if duty["role"] == "grid_worker" and path.count("/") == _UNIT_DEPTH:
                exactly.append(path.rpartition("/")[0])
    return within, exactly


def _is_inside(path: str, paths: tuple[list[str], list[str]]) -> bool:
    within, exactly = paths
    return path in exactly or any(path == each or path.startswith(f"{each}/") for each in within)
