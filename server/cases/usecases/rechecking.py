"""Lists the closed cases that were drawn to be checked again, with what the reader may do about each."""

from __future__ import annotations

from typing import NamedTuple

from server.cases.store import rechecks
from server.cases.store.rechecks import Recheck, Wanted
from server.cases.usecases import todo_column
from server.db.sql import Row
from server.db.transactions import Reading
from server.people.domain.actors import Actor
from server.records.store import record_lists
from server.records.store.record_lists import Filters

ACTION = "recheck"


class Drawn(NamedTuple):
    """A case that was drawn. row: as ``record_lists.page_by_due`` has it. may_recheck: the reader may do so now."""

    recheck: Recheck
    row: Row
    may_recheck: bool


def list_drawn(reading: Reading, by: Actor, wanted: Wanted) -> list[Drawn]:
    """Return the cases in the scope of ``by`` that were drawn, those due first in front; a thousand at most.

    Which of more than that, ``rechecks.list_drawn`` of the store says.
    """
    found = rechecks.list_drawn(reading, by.scope, wanted)
    rows: dict[str, Row] = {}
    if found:
        filters = Filters(ids=frozenset(each.record for each in found))
        listed = record_lists.page_by_due(reading, by.scope, filters, after=None, limit=len(found))
        rows = {row["id"]: row for row in listed}
    todo = todo_column.TodoOfCaller(reading, by)
    return [
        Drawn(each, row, each.waits and todo.may_take(row, (ACTION,)))
        for each in found
        if (row := rows.get(each.record)) is not None
    ]
