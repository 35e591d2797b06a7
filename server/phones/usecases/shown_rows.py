"""Finds rows that a phone keeps at their version though its list shows them otherwise now.

A list shows a row to its caller: ``todo`` says what they may do, and what they may not read is left out. A phone
ignores a row whose version it has already, so such a row needs a new version.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import NamedTuple

from server.cases.usecases import todo_column
from server.changes.usecases.recording import apply_by_server
from server.db.sql import Row
from server.db.transactions import Reading, Transaction
from server.forms.domain.record_types import Kind
from server.forms.store import forms
from server.people.domain.actors import Actor
from server.phones.store import entity_rows
from server.phones.usecases import entity_lists
from server.records.domain.records import Record
from server.records.usecases.disclosing import RecordMask

ACTION = "renew"


class Viewer(NamedTuple):
    """Somebody to whom a list is shown. vacant: villages in which they stand in for an officer, None to find them."""

    actor: Actor
    vacant: frozenset[str] | None = None


def differing(reading: Reading, was: Viewer, now: Viewer) -> Iterator[str]:
    """Yield the ids of rows that are in the lists of both, and that these show differently."""
    since = entity_lists.closed_after(reading)
    hides = RecordMask(reading, was.actor).may_hide or RecordMask(reading, now.actor).may_hide
    before, after = _shown_to(reading, was), _shown_to(reading, now)
    for type in forms.catalogue(reading).types.values():
        if type.kind is not Kind.CASE and not hides:
            continue  # every column is the record's own
        rows = entity_rows.each(reading, type, entity_lists.phone_scope(now.actor), closed_after=since)
        found = [row["id"] for row in rows if before(row) != after(row)]
        yield from entity_rows.entitled_ids(
            reading, type, entity_lists.phone_scope(was.actor), found, closed_after=since
        )


def renewing(note: str) -> Callable[[Transaction, Record], bool]:
    """Return a step that gives a record a new version in which nothing else changes. note: why, as history says it."""

    def renew(tx: Transaction, record: Record) -> bool:
        apply_by_server(tx, record, ACTION, note)
        return True

    return renew


def _shown_to(reading: Reading, viewer: Viewer) -> Callable[[Row], Hashable]:
    """Return what tells how a row is shown: all in it that depends on who asks."""
    may_do = todo_column.TodoOfCaller(reading, viewer.actor, viewer.vacant)
    mask = RecordMask(reading, viewer.actor)

    def shown(row: Row) -> Hashable:
        return may_do.todo(row) if row["status"] is not None else "", mask.hides_row(row)

    return shown
