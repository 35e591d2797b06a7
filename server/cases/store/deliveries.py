"""Stores when a case that somebody was given first reached their phone: their time to give it back runs from then."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from server.db.sql import inserting
from server.db.transactions import Reading, Transaction
from server.instants import Instant

_ADD = f"{inserting('case_delivery', ('record', 'assignee', 'since', 'delivered_at'))} ON CONFLICT DO NOTHING"


class Given(NamedTuple):
    """A case and whom it was given to. assignee: mark of the handler; since: when it was given to them."""

    record: str
    assignee: str
    since: Instant


def undelivered(reading: Reading, assignees: Collection[str]) -> list[Given]:
    """Return the cases that these handlers were given and have not taken over, as far as no phone has had them.

    assignees: marks of the person whose phone asks, and of the bodies that they act for.
    """
    if not assignees:
        return []
    marks = {f"assignee{n}": mark for n, mark in enumerate(assignees)}
    sql = f"""
        SELECT id, assignee, assigned_at FROM record
         WHERE assignee IN ({", ".join(f":{name}" for name in marks)})
           AND status = 'assigned' AND assigned_at IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM case_delivery AS known
                            WHERE known.record = record.id AND known.assignee = record.assignee
                              AND known.since = record.assigned_at)
    """
    return [Given(*row) for row in reading.sql.tuples(sql, marks)]


def add(tx: Transaction, given: Iterable[Given]) -> None:
    """Keep that these cases have reached a phone of their handlers now; what reached one before stays."""
    for each in given:
        tx.sql.put(_ADD, {**each._asdict(), "delivered_at": tx.now})


def first(reading: Reading, given: Given) -> Instant | None:
    """Return when a case first reached a phone of whom it was given to, None while it has not."""
    sql = """
        SELECT delivered_at FROM case_delivery WHERE record = :record AND assignee = :assignee AND since = :since
    """
    found: Instant | None = reading.sql.value(sql, given._asdict())
    return found
