"""Finds the cases whose limit is near or has passed, and keeps of which limits the server has told."""

from __future__ import annotations

from server.db.transactions import Reading, Transaction
from server.instants import Instant
from server.records.domain.case import Case
from server.records.store import case_json

_DUE = "COALESCE(due_at, '9999-12-31T23:59:59.999Z')"  # written as in its index (migration 0062)


def with_handler_due(reading: Reading, matter: str, after: Instant, until: Instant, most: int) -> list[str]:
    """Return the ids of cases in somebody's hands that are due after one instant and until another, due first.

    matter: the act by which the server tells of it; a case whose limit it has told of is left out. most: how many.
    """
    rows = reading.sql.tuples(
        f"""
        SELECT id FROM record
         WHERE status IN ('assigned', 'accepted', 'handling') AND closed_at IS NULL
           AND {_DUE} > :after AND {_DUE} <= :until
           AND NOT EXISTS (SELECT 1 FROM told_limit
                            WHERE told_limit.record = record.id AND matter = :matter
                              AND told_limit.due_at = record.due_at)
         ORDER BY {_DUE}, born_seq
         LIMIT :most
        """,
        {"matter": matter, "after": after, "until": until, "most": most},
    )
    return [id for (id,) in rows]


def with_requests(reading: Reading) -> list[tuple[str, Case]]:
    """Return every open case on which somebody has asked for something."""
    rows = reading.sql.tuples("SELECT id, case_state FROM record WHERE flags LIKE '%|%_pending%' ORDER BY born_seq")
    found = ((id, case_json.from_text(state)) for id, state in rows)
    return [(id, case) for id, case in found if case is not None]


def is_told(reading: Reading, record: str, matter: str, due_at: Instant) -> bool:
    """Return whether the server has told of this limit. matter: of which, as ``keep_told`` was given it."""
    sql = "SELECT 1 FROM told_limit WHERE record = :record AND matter = :matter AND due_at = :due_at"
    return reading.sql.value(sql, {"record": record, "matter": matter, "due_at": due_at}) is not None


def keep_told(tx: Transaction, record: str, matter: str, due_at: Instant) -> None:
    """Keep that the server has told of a limit, in place of the one of the same matter that it told of before."""
    tx.sql.put(
        """
        INSERT INTO told_limit (record, matter, due_at) VALUES (:record, :matter, :due_at)
        ON CONFLICT (record, matter) DO UPDATE SET due_at = excluded.due_at
        """,
        {"record": record, "matter": matter, "due_at": due_at},
    )
