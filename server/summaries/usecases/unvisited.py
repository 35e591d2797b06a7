"""Says where nobody has been for a while (谁家没有巡查): records that no patrol named and no form was about.

A patrol names its place in words; it counts as a visit of the record of its village that is called just so, blanks,
signs, width and case apart. What a patrol calls otherwise is not counted: a wrong visit would hide a place for good.
Premises that are closed down (已经关停), or were registered by mistake, are no place to visit: they are neither listed
nor among the records counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

import orjson

from server import instants
from server.db.sql import Row
from server.db.transactions import Reading
from server.errors import Invalid
from server.forms.domain.record_types import Kind, RecordType
from server.grid.domain.areas import Area, Place, short_name
from server.grid.domain.scope import Scope
from server.grid.store import areas
from server.people.domain.actors import Actor
from server.records.domain import premises
from server.records.usecases.disclosing import RecordMask
from server.summaries.domain import patrols, periods
from server.summaries.domain.periods import Day
from server.summaries.store import visits

LOOKED_AT_MOST = 40_000
"""Records that one answer looks at; a ledger with more of them is asked for by town or village."""

_VILLAGE_STEPS = 3


class Unvisited(NamedTuple):
    """A record that nobody has visited since. label: as the reader sees it; area: code, path: of its area.

    last: the Beijing day of the last visit before, empty for never. is_whole: it shows the reader persons unmasked.
    """

    id: str
    label: str
    area: str
    path: str
    last: str
    is_whole: bool


class VillageVisits(NamedTuple):
    """A village: how many records of the type lie there, and how many of them nobody has visited."""

    code: str
    name: str
    records: int
    unvisited: int


def require_ledger(type: RecordType) -> None:
    """Do nothing for a ledger of places that stay. Raises Invalid for events and cases."""
    if type.kind is not Kind.PROFILE:
        message = f"“{type.title}”不是场所或设施的台账，没有“谁家没有巡查”；请选一个登记场所的台账。"
        raise Invalid(message, field="type", value=type.name)


def unvisited(
    reading: Reading,
    type: RecordType,
    days: int,
    area: Area | None = None,
    *,
    by: Actor,
    scope: Scope | None = None,
    mask: RecordMask | None = None,
) -> tuple[list[Unvisited], list[VillageVisits]]:
    """Return the records that nobody has visited in the last ``days`` days, by area, and how many each village has.

    type: of a ledger that is kept. days: with today. area: in it and below, None for all that ``by`` sees. scope: the
    part of it that is asked about, None for all. mask: how records are shown, None for as on a page. Raises Invalid
    for another kind of type, and where more than LOOKED_AT_MOST records would have to be looked at.
    """
    require_ledger(type)
    place = None if area is None else area.place
    kept = visits.records_of(reading, by.scope if scope is None else scope, type.name, place, LOOKED_AT_MOST + 1)
    if len(kept) > LOOKED_AT_MOST:
        raise Invalid("范围太大，一次看不完；请先选一个乡镇或村。", field="area")
    rows = [row for row in kept if not _is_gone(row)]
    since = date.fromisoformat(instants.local_day(reading.now)) - timedelta(days=days - 1)
    last, shown = _last_visits(reading, rows, by, area), mask or RecordMask(reading, by)
    first = periods.number(since)
    found = [_told(row, last[row["id"]], shown) for row in rows if last[row["id"]] < first]
    return found, _by_village(reading, rows, found)


def _is_gone(row: Row) -> bool:
    return row["type"] == premises.TYPE and premises.is_gone(row["type"], orjson.loads(row["fields"]))


def _told(row: Row, last: Day, mask: RecordMask) -> Unvisited:
    label, is_whole = mask.row_label(row), mask.shows_persons(row)
    return Unvisited(row["id"], label, row["area"], row["path"], _day(last), is_whole)


def _last_visits(reading: Reading, rows: Sequence[Row], by: Actor, area: Area | None) -> dict[str, Day]:
    """Return the number of the day on which each record was last visited, 0 for never."""
    village = None if area is None else Place(_village(area.path))
    named: dict[tuple[str, str], Day] = {}
    for (path, place), day in visits.patrolled(reading, by.scope, village).items():
        key = (_village(path), place)
        named[key] = max(day, named.get(key, 0))
    return {
        row["id"]: max(
            named.get((_village(row["path"]), patrols.place_key({patrols.PLACE: row["label"]})), 0),
            0 if row["filled_at"] is None else periods.day_number(row["filled_at"]),
        )
        for row in rows
    }


def _by_village(reading: Reading, rows: Sequence[Row], found: Sequence[Unvisited]) -> list[VillageVisits]:
    counts: dict[str, list[int]] = {}
    for row in rows:
        counts.setdefault(_village(row["path"]), [0, 0])[0] += 1
    for each in found:
        counts[_village(each.path)][1] += 1
    names = areas.names(reading, {path.rpartition("/")[2] for path in counts})
    return [
        VillageVisits(code, short_name(names.get(code, code)), records, missing)
        for path, (records, missing) in sorted(counts.items())
        for code in (path.rpartition("/")[2],)
    ]


def _village(path: str) -> str:
    return "/".join(path.split("/")[:_VILLAGE_STEPS])


def _day(number: Day) -> str:
    return f"{number // 10_000}-{number // 100 % 100:02}-{number % 100:02}" if number else ""
