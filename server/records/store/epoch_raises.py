"""Gives records versions that no epoch before has given out: by revisions of the server that change nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from server.db import epoch as database_epoch
from server.db.sql import Row, inserting
from server.db.transactions import Transaction
from server.records.domain.records import Record
from server.records.store import buckets, checksums, revisions
from sync.changes import Verdict

ACTION, ORIGIN = "restore", "server"
VERSIONS = 1_000
"""By how many versions each new epoch raises every record."""

_RAISE = """
    UPDATE record SET version = :version, seq = :seq, check_value = :check_value WHERE id = :record
"""
_ADD_REVISION = inserting("revision", revisions.COLUMNS)
_VERDICT = ("id", "record", "type", "author", "content", "verdict", "version", "conflicts", "received_at")
_ADD_VERDICT = inserting("change", _VERDICT)
_RAISED = ("version", "seq", "check_value", "record")


def raise_new(tx: Transaction, record: Record) -> Record:
    """Raise a record that was made just now by as much as every epoch has raised the others; return it as it is then.

    It may have been here before an older copy was put back, and devices may show it at any version of that time: from
    version 1 on it would give the same numbers out again, and a phone takes no row of a version that it has.
    """
    number = database_epoch.number(tx)
    if number == 0:
        return record
    epoch = database_epoch.current(tx)
    raised = row(tx, record.id, record.type, record.version, by=VERSIONS * number, epoch=epoch)
    add(tx, [raised])
    buckets.raise_all(tx, record.type, buckets.of(record), raised["seq"])
    return replace(record, version=raised["version"], seq=raised["seq"])


def add(tx: Transaction, rows: Sequence[Row]) -> None:
    """Keep raises, as ``row`` makes them, with their verdicts, and let the records stand where they lead to."""
    tx.sql.run_each(_ADD_VERDICT, ({name: row[name] for name in _VERDICT} for row in rows))
    tx.sql.run_each(_ADD_REVISION, ({name: row[name] for name in revisions.COLUMNS} for row in rows))
    tx.sql.run_each(_RAISE, ({name: row[name] for name in _RAISED} for row in rows))


def row(tx: Transaction, id: str, type: str, held: int, *, by: int, epoch: str) -> Row:
    """Return the revision that raises a record, with what its verdict and the record itself need.

    id, type, held: of the record, and its version until then. by: how many versions. epoch: for whose sake.
    """
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
