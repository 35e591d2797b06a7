"""The queue of intake: reports of a reader's areas that nobody has decided on, the one due first before all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

import orjson

from server import instants
from server.db.sql import Row
from server.db.transactions import Reading
from server.errors import NotFound
from server.grid.domain.areas import Area, short_name
from server.office import layout
from server.office.cases import case_rows
from server.office.cases.board_choices import areas_below
from server.office.cases.case_rows import ShownCase
from server.people.domain.actors import Actor
from server.people.store import display_names
from server.people.usecases import visibility
from server.records.domain.status import Status
from server.records.store import record_lists
from server.records.store.record_lists import Filters
from server.submissions.usecases import case_details

ROWS = 50
COUNTED_MOST = 999
SERIOUS = frozenset({"suspected_major", "major"})
"""Severities of a report that are marked: the brigade judges them."""


class Item(NamedTuple):
    """A report in the queue. hours_left: until its limit, None for one that is late or has days."""

    case: ShownCase
    author: str
    is_twice: bool
    is_serious: bool
    hours_left: int | None


class Queue(NamedTuple):
    """What waits at intake. total: as it is shown; area: that it is narrowed to, as ``(code, name)``."""

    items: tuple[Item, ...]
    total: str
    area: tuple[str, str] | None
    ignored: tuple[str, ...]

    @property
    def ids(self) -> list[str]:
        return [each.case.id for each in self.items]

    def place_of(self, id: str) -> int | None:
        """Return which in the queue a report is, from 0; None for one that is not in it, or far behind."""
        return self.ids.index(id) if id in self.ids else None

    def after(self, id: str) -> str:
        """Return the id of the report behind ``id``, of the first one where there is none; empty without any."""
        place = self.place_of(id)
        others = [each for each in self.ids if each != id]
        if place is None or place >= len(others):
            return others[0] if others else ""
        return others[place]


def read(reading: Reading, by: Actor, said: Mapping[str, str]) -> Queue:
    """Return the queue as an address asks for it. said: its ``area``; one that is out of reach is told and ignored."""
    area, ignored = _area(reading, by, said.get("area", ""))
    wanted = _wanted(area)
    rows = record_lists.page_by_due(reading, by.scope, wanted, after=None, limit=ROWS)
    count = record_lists.count_by_status(reading, by.scope, wanted, COUNTED_MOST + 1).get(Status.REPORTED, 0)
    return Queue(
        tuple(_items(reading, rows, by)),
        f"{min(count, COUNTED_MOST)}{'+' if count > COUNTED_MOST else ''}",
        None if area is None else (area.code, short_name(area.name)),
        ignored,
    )


def choices(reading: Reading, by: Actor) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Return the areas that the queue may be narrowed to: code and name of each, with those in it; none of just one."""
    below = areas_below(reading, by)
    if len(below) < 2:
        return []
    return [
        (top.code, short_name(top.name), [(one.code, short_name(one.name)) for one in inside]) for top, inside in below
    ]


def ids(reading: Reading, by: Actor, said: Mapping[str, str]) -> list[str]:
    """Return the ids of the reports of the queue that an address asks for, where none of them is shown."""
    area, _ = _area(reading, by, said.get("area", ""))
    return [row["id"] for row in record_lists.page_by_due(reading, by.scope, _wanted(area), after=None, limit=ROWS)]


def _wanted(area: Area | None) -> Filters:
    return Filters(statuses=(Status.REPORTED.value,), place=None if area is None else area.place)


def _area(reading: Reading, by: Actor, code: str) -> tuple[Area | None, tuple[str, ...]]:
    if not code:
        return None, ()
    try:
        return visibility.get_visible(reading, code, by), ()
    except NotFound:
        return None, (code[:50],)


def _items(reading: Reading, rows: list[Row], by: Actor) -> list[Item]:
    shown = case_rows.shown(reading, rows, by, layout.language())
    authors = display_names.of_people(reading, {row["author"] for row in rows})
    twice = case_details.with_duplicates(reading, rows, by)
    return [
        Item(
            case,
            authors[row["author"]],
            row["id"] in twice,
            orjson.loads(row["fields"]).get("severity", "") in SERIOUS,
            hours_left(row["due_at"], reading.now),
        )
        for case, row in zip(shown, rows, strict=True)
    ]


def hours_left(due_at: instants.Instant | None, now: instants.Instant) -> int | None:
    """Return the whole hours until a limit that is less than two days off, None for any other."""
    if due_at is None or due_at <= now:
        return None
    hours = (instants.parse(due_at) - instants.parse(now)) // timedelta(hours=1)
    return hours if hours < 48 else None
