"""Says which villages have a record of a type, and which have none: what a county still has to set up or to visit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from server.db.transactions import Reading
from server.forms.store import forms
from server.grid.domain.areas import Area, Level, Place, predecessors, short_name
from server.grid.domain.scope import Scope
from server.grid.store import areas
from server.instants import Instant
from server.people.domain.actors import Actor
from server.people.usecases import visibility
from server.records.store import type_lists


class CoveredVillage(NamedTuple):
    """A village with how many records of the type it has. town: short name."""

    code: str
    name: str
    town_code: str
    town: str
    records: int


class CoveredTown(NamedTuple):
    """A town: how many of its villages have a record of the type."""

    code: str
    name: str
    covered: int
    villages: int


def villages(reading: Reading, by: Actor, type: str, since: Instant | None = None) -> list[CoveredVillage]:
    """Return every village in force that the caller is shown with its number of records, in the order of codes.

    type: name of a record type that exists. since: records that came in at that instant or later, None for all. What a
    village has taken in counts as its own.
    """
    return inside(reading, by.scope, visibility.of(by), type, since)


def inside(
    reading: Reading, scope: Scope, shown_in: Scope, type: str, since: Instant | None = None
) -> list[CoveredVillage]:
    """Return the same for records inside ``scope`` and villages inside ``shown_in``."""
    if type not in forms.catalogue(reading).types:
        raise LookupError(type)
    counted = type_lists.count_by_path(reading, scope, type, since)
    by_village: dict[str, int] = {}
    for path, number in counted.items():
        village = "/".join(path.split("/")[:_VILLAGE_STEPS])
        by_village[village] = by_village.get(village, 0) + number
    shown = list(_shown(reading, shown_in))
    towns = areas.names(reading, {each.parent for each in shown if each.parent})
    merged = areas.successions(reading)
    found = []
    for each in shown:
        own = (each.path, *predecessors(Place(each.path), merged, reading.now))
        number = sum(by_village.get(path, 0) for path in own)
        town = each.parent or ""
        found.append(CoveredVillage(each.code, short_name(each.name), town, short_name(towns.get(town, "")), number))
    return found


def by_town(found: list[CoveredVillage]) -> list[CoveredTown]:
    """Return the towns of these villages, in their order."""
    towns: dict[str, list[CoveredVillage]] = {}
    for each in found:
        towns.setdefault(each.town_code, []).append(each)
    return [
        CoveredTown(code, listed[0].town, sum(1 for each in listed if each.records), len(listed))
        for code, listed in towns.items()
    ]


_VILLAGE_STEPS = 3


def _shown(reading: Reading, scope: Scope) -> Iterator[Area]:
    for each in areas.list_covered(reading, scope):
        if each.level is Level.VILLAGE and each.in_force(reading.now):
            yield each
