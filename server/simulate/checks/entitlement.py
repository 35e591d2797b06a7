"""Whether a device holds no row that its user may not have (promise 3).

Told from duties, authors, assignees and former handlers as they are stored; buckets and lists take no part.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from server import instants
from server.db.sql import Row
from server.db.transactions import Reading
from server.people.domain.actors import GRACE
from server.simulate.invariants import Findings
from server.simulate.laptops import Laptop
from server.simulate.phones import Phone
from server.simulate.store import stored_rows
from server.simulate.world import World

_AREA_ROLES = ("grid_worker", "village_officer", "town_station", "brigade", "county_admin")
_UNIT_DEPTH = 3

_HELD = (
    "SELECT id FROM row WHERE is_handed_over = 0 AND type NOT LIKE '\\_%' ESCAPE '\\'"
    " AND id NOT IN (SELECT record FROM change WHERE state = 'unsent') ORDER BY id"
)


class Allowed(NamedTuple):
    """What a person may have. marks: as an assignee. within, exactly: paths of areas. had: (record, mark) of former
    handlers. is_on_duty: without a duty nobody has anything."""

    person: str
    marks: frozenset[str]
    within: tuple[str, ...]
    exactly: tuple[str, ...]
    had: frozenset[tuple[str, str]]
    is_on_duty: bool

    def has(self, record: Row) -> bool:
        """Say whether the person may have a record."""
        if self.is_on_duty and (record["author"] == self.person or record["assignee"] in self.marks):
            return True
        if any((record["id"], mark) in self.had for mark in self.marks):
            return True
        path = str(record["path"])
        return path in self.exactly or any(path == each or path.startswith(f"{each}/") for each in self.within)


def check(world: World, findings: Findings) -> None:
    """Ask of each row on each laptop and phone whether its user may have it."""
    for laptop in world.laptops.values():
        check_laptop(world, laptop, findings)
    for phone in world.phones.values():
        _check(world, phone, _on_phone(phone), findings)


def check_laptop(world: World, laptop: Laptop, findings: Findings) -> None:
    """Ask of each row on a laptop that has just pulled; what is handed over lies in a tray of its own."""
    _check(world, laptop, [each["id"] for each in laptop.device.rows(_HELD)], findings)


def of_person(world: World, person: str) -> set[str]:
    """Return the ids of all records that a person may have now."""
    with world.server.store.reading() as reading:
        allowed = _allowed(reading, person)
        return {id for id, record in stored_rows.records(reading).items() if allowed.has(record)}


def _on_phone(phone: Phone) -> list[str]:
    return sorted(id for each in phone.lists.values() for id, row in each.rows.items() if row.is_online)


def _check(world: World, device: Phone | Laptop, ids: Iterable[str], findings: Findings) -> None:
    with world.server.store.reading() as reading:
        records, allowed = stored_rows.records(reading), _allowed(reading, device.person)
    for id in ids:
        record = records.get(id)  # none: it never came to the server, or only to one that was put back
        if record is not None and not allowed.has(record):
            findings.add(3, f"{device.name} of {device.person} holds {record['type']} {id} of {record['area']}")


def _allowed(reading: Reading, person: str) -> Allowed:
    areas, now = stored_rows.areas(reading), reading.now
    recent = instants.later(now, -GRACE)
    duties = [
        each
        for each in stored_rows.duties(reading)
        if each["person"] == person and each["starts_at"] <= now < each["ends_at"]
    ]
    marks = frozenset({f"user:{person}", *(f"body:{duty['body']}" for duty in duties if duty["body"])})
    had = frozenset((each["record"], each["mark"]) for each in stored_rows.hands(reading) if each["until"] > recent)
    within, exactly = paths(duties, areas)
    return Allowed(person, marks, tuple(within), tuple(exactly), had, bool(duties))


def paths(duties: Iterable[Row], areas: Mapping[str, Row]) -> tuple[list[str], list[str]]:
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
