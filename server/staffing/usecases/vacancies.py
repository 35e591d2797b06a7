"""Which villages lack an officer, town by town: until there is one, the town does what they would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from server import table_files
from server.db.transactions import Reading
from server.grid.domain.areas import Area, Level, Place, short_name
from server.grid.store import areas
from server.people.domain import rights
from server.people.domain.actors import Actor
from server.people.store import vacancies as stored
from server.staffing.usecases import account_management

HEADINGS = ("乡镇", "乡镇代码", "村（社区）", "村代码")


@dataclass(frozen=True, slots=True)
class TownVacancies:
    """The villages of a town, and those of them without an officer, both in force now."""

    town: Area
    villages: int
    vacant: tuple[Area, ...]

    @property
    def filled(self) -> int:
        return self.villages - len(self.vacant)


def by_town(reading: Reading, by: Actor) -> tuple[TownVacancies, ...]:
    """Return the vacancies of each town in which ``by`` may see people, by code. Raises NotAllowed."""
    scope = account_management.people_scope(by)
    if not scope.places:
        rights.require(by, "people", "read", "")
    covered = [area for area in areas.list_covered(reading, scope) if area.in_force(reading.now)]
    vacant = {path for place in scope.places for path in stored.vacant_villages(reading, place)}
    villages: dict[str, list[Area]] = {}
    for area in covered:
        if area.level is Level.VILLAGE and area.parent is not None:
            villages.setdefault(area.parent, []).append(area)
    return tuple(
        TownVacancies(areas.get(reading, town), len(inside), tuple(each for each in inside if each.path in vacant))
        for town, inside in sorted(villages.items())
    )


def in_place(found: tuple[TownVacancies, ...], place: Place | None) -> tuple[TownVacancies, ...]:
    """Return those towns that lie at ``place``; all of them when it is None."""
    return tuple(each for each in found if place is None or place.holds(each.town.path))


def as_csv(found: Sequence[TownVacancies]) -> bytes:
    """Return the vacant villages as a CSV file that spreadsheets open as it is."""
    code = table_files.code
    rows = (
        (short_name(each.town.name), code(each.town.code), short_name(area.name), code(area.code))
        for each in found
        for area in each.vacant
    )
    return table_files.BOM + table_files.csv_lines([HEADINGS, *rows])
