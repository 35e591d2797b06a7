"""Lists the suspended and transferred cases that are to be looked at again now, each quarter or month."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from server.cases.domain.circumstances import may_be_reviewed
from server.cases.usecases import todo_column
from server.db.sql import Row
from server.db.transactions import Reading
from server.grid.domain.areas import Place
from server.instants import Instant
from server.people.domain.actors import Actor
from server.records.domain.case import Case
from server.records.domain.status import Status
from server.records.store import case_json, record_lists
from server.records.store.record_lists import Filters

ACTION = "review"
REVIEWED = (Status.SUSPENDED, Status.TRANSFERRED)
"""Statuses in which somebody looks at a case by the calendar."""

PAGE_ROWS = 1_000
"""How many held cases are read at once."""


class Review(NamedTuple):
    """A case to be looked at. row: as ``record_lists.page_by_due`` has it. due_at: until when, None for at once.

    may_review: the reader may say that nothing has changed.
    """

    row: Row
    due_at: Instant | None
    may_review: bool


def list_due(reading: Reading, by: Actor, place: Place | None = None, *, later: bool = False) -> list[Review]:
    """Return the held cases in the scope of ``by`` that it is time to look at, those due first in front.

    place: where they lie, None for all of the scope. later: those that it is not yet time to look at, too.
    """
    todo = todo_column.TodoOfCaller(reading, by)
    found = [
        Review(row, case.review_due_at, todo.may_take(row, (ACTION,)))
        for row, case in _held(reading, by, place)
        if later or may_be_reviewed(case.review_due_at, reading.now)
    ]
    return sorted(found, key=lambda each: (each.due_at or "", each.row["id"]))


def _held(reading: Reading, by: Actor, place: Place | None) -> Iterator[tuple[Row, Case]]:
    filters = Filters(statuses=tuple(status.value for status in REVIEWED), place=place)
    after = None
    while rows := record_lists.page_by_due(reading, by.scope, filters, after=after, limit=PAGE_ROWS):
        for row in rows:
            if (case := case_json.from_text(row["case_state"])) is not None:
                yield row, case
        if len(rows) < PAGE_ROWS:
            return
        after = record_lists.due_position(rows[-1])
