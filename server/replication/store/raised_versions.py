"""Raises the version of every record at once: a new epoch begins with numbers that none before has given out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from server.db.sql import Row, inserting
from server.db.transactions import Transaction
from server.records.store import checksums, revisions
from sync.changes import Verdict

ACTION, ORIGIN = "restore", "server"
RECORDS_AT_ONCE = 10_000
"""How many records are held in memory at a time."""

_RECORDS = """
    SELECT id, type, version, born_seq FROM record WHERE born_seq > :after ORDER BY born_seq LIMIT :limit
"""
_RAISE = """
    UPDATE record SET version = :version, seq = :seq, check_value = :check_value WHERE id = :record
"""
_ADD_REVISION = inserting("revision", revisions.COLUMNS)
_VERDICT = ("id", "record", "type", "author", "content", "verdict", "version", "conflicts", "received_at")
_ADD_VERDICT = inserting("change", _VERDICT)


def raise_all(tx: Transaction, by: int, epoch: str) -> int:
    """Raise every record by ``by`` versions, each with a revision that changes nothing else; return how many.

    epoch: the new one, which the verdicts of these revisions name as their content. Every list has changed then; when a
    record was last updated has not, so that figures of the past need not look at all of them.
    """
    raised, after = 0, -1
    while records := list(tx.sql.tuples(_RECORDS, {"after": after, "limit": RECORDS_AT_ONCE})):
        rows = [_row(tx, record, by, epoch) for record in records]
        tx.sql.run_each(_ADD_VERDICT, ({name: row[name] for name in _VERDICT} for row in rows))
        tx.sql.run_each(_ADD_REVISION, ({name: row[name] for name in revisions.COLUMNS} for row in rows))
        tx.sql.run_each(_RAISE, ({name: row[name] for name in _RAISED} for row in rows))
        raised, after = raised + len(records), records[-1][-1]
    tx.raise_every_bucket(tx.next_seq())
    return raised


_RAISED = ("version", "seq", "check_value", "record")


def _row(tx: Transaction, record: Sequence[Any], by: int, epoch: str) -> Row:
    """Return the revision of a record, with what its verdict and the record itself need."""
    id, type, held, _ = record
    version, change = held + by, tx.new_id()
    nothing = dict.fromkeys(("made_at", "form", "form_version", "submission", "attachments", "after"))
    return {
        **nothing,
        "id": change,
        "record": id,
        "type": type,
        "version": version,
        "seq": tx.next_seq(),
        "change": change,
        "action": ACTION,
        "author": ORIGIN,
        "verdict": Verdict.APPLIED.value,
        "base_version": held,
        "origin": ORIGIN,
        "origin_seq": version,
        "observed_at": tx.now,
        "received_at": tx.now,
        "diff": "{}",
        "received": "{}",
        "content": epoch,
        "conflicts": "",
        "check_value": checksums.of(id, version),
    }
