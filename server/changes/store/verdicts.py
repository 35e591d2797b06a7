"""Stores the verdict on every change, so that a retry gets the same answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

import orjson

from server import instants
from server.changes.store import devices
from server.changes.store.devices import DeviceOrigin
from server.db.sql import InsertInto, Lookup, Row
from server.db.transactions import Reading, Transaction
from server.instants import Instant
from sync.changes import AttachmentName, Change, Dot, FieldWrite, Verdict
from sync.values import frozen

_PLAIN = ("id", "record", "type", "author", "content", "verdict", "version", "problem", "submission")
_INSERT = InsertInto("change", *_PLAIN, "conflicts", "received_at", "body")
_plain = attrgetter(*_PLAIN)

TOLD = """
    CASE WHEN change.verdict = 'quarantined' AND change.version IS NULL AND EXISTS (
           SELECT 1 FROM problem AS filed WHERE filed.id = change.problem AND filed.kind = 'waiting')
         THEN 'waiting' ELSE change.verdict END
"""
"""The verdict that people beyond the record's reach are told: theirs never came, whether it is here or not."""

_RAISED = """
    COALESCE((
      SELECT MAX(raised.version) FROM revision AS raised
       WHERE raised.record = change.record AND raised.version > change.version
         AND raised.action = 'restore' AND raised.origin = 'server'
         AND NOT EXISTS (
           SELECT 1 FROM revision AS other
            WHERE other.record = change.record AND other.version > change.version AND other.version < raised.version
              AND (other.action <> 'restore' OR other.origin <> 'server'))
    ), change.version)
"""
"""The version that a change made, or to which new epochs have raised the record since, and nobody else did anything."""

_SHOWN = f"""
    id, record, type, author, content, verdict, version, conflicts, problem, submission, {TOLD} AS told,
    {_RAISED} AS raised
"""


@frozen
class Stored:
    """The verdict on one change.

    content: hash of the change, without ``clock_offset_s``. version: of the record that the change
    made, None while there is none. conflicts: fields that conflicted when it was applied. problem: id. told: the
    verdict that its author is told; another one where the record is here, and not theirs to know of (ADR 0038). raised:
    the version that its author is told and goes on from: ``version``, or what new epochs have made of that.
    """

    id: str
    record: str
    type: str
    author: str
    content: str
    verdict: Verdict
    version: int | None
    conflicts: tuple[str, ...] = ()
    problem: str | None = None
    submission: str | None = None
    told: Verdict | None = None
    raised: int | None = None


class Here(NamedTuple):
    """What is here already of a change that arrives: its verdict, its record, changes that wait for its record.

    device: what is known of the bare id of the device that made it, None for a new device, and for other doors.
    """

    verdict: bool
    record: bool
    waiting: bool
    device: DeviceOrigin | None = None


def look(tx: Transaction, change: Change, author: str) -> Here:
    """Say in one statement what is here of a change, since most changes are new and need no further reading."""
    asked = lookup(change, author)
    verdict, record, waiting, *known = next(tx.sql.tuples(asked.sql, asked.parameters))
    return Here(bool(verdict), bool(record), bool(waiting), devices.known(known) if known else None)


def lookup(change: Change, author: str) -> Lookup:
    """Return what ``look`` asks."""
    if change.device is None:
        return look_of_phone(change.id, change.record)
    asked = {"record": change.record, **devices.asked(change.device, change, author)}
    return Lookup(_HERE_OF_DEVICE, asked, (change.id, change.record, change.dot.seq))


def look_of_phone(change: str, record: str) -> Lookup:
    """Return what ``look`` asks of a change that no laptop has made. change, record: their ids."""
    return Lookup(_HERE, {"change": change, "record": record}, (change, record))


_HERE = """
    SELECT EXISTS (SELECT 1 FROM change WHERE id = :change),
           EXISTS (SELECT 1 FROM record WHERE id = :record),
           EXISTS (SELECT 1 FROM change WHERE verdict = 'waiting' AND record = :record)
"""
_HERE_OF_DEVICE = f"""
    {_HERE}, {devices.KNOWN}
      FROM (SELECT :origin AS origin) AS asked
      LEFT JOIN device_origin AS known ON known.origin = asked.origin
"""


def find(reading: Reading, id: str) -> Stored | None:
    """Return the verdict on the change ``id``, None when it never arrived."""
    row = reading.sql.find(
        f"SELECT {_SHOWN} FROM change WHERE id = :id",
        {"id": id},
    )
    return None if row is None else _stored(row)


def add(tx: Transaction, stored: Stored, received_at: Instant, unapplied: Change | None) -> None:
    """Keep a verdict; ``unapplied`` is the change itself while it waits or is quarantined."""
    body = None if unapplied is None else _body(unapplied)
    tx.sql.insert(_INSERT, (*_plain(stored), " ".join(stored.conflicts), received_at, body))


def settle(tx: Transaction, stored: Stored) -> None:
    """Replace the verdict of a change that waited or was quarantined; this happens once.

    Problems filed while it waited end with the waiting; what an officer decided about it stays to be read. So the
    problem that was filed then is settled after this.
    """
    tx.sql.put(
        """
        UPDATE change
           SET verdict = :verdict, version = :version, conflicts = :conflicts,
               problem = COALESCE(:problem, CASE WHEN verdict = 'quarantined' OR EXISTS (
                   SELECT 1 FROM problem AS told WHERE told.id = change.problem AND told.settled_at IS NOT NULL
               ) THEN problem END)
         WHERE id = :id AND verdict IN ('waiting', 'quarantined')
        """,
        {
            "id": stored.id,
            "verdict": stored.verdict,
            "version": stored.version,
            "conflicts": " ".join(stored.conflicts),
            "problem": stored.problem,
        },
    )


def list_waiting(tx: Transaction, record: str) -> list[tuple[Stored, Change, Instant]]:
    """Return the changes that wait for ``record``, each with when it arrived, oldest first."""
    rows = tx.sql.rows(
        f"""
        SELECT {_SHOWN}, received_at, body
          FROM change
         WHERE verdict = 'waiting' AND record = :record
         ORDER BY received_at, id
        """,
        {"record": record},
    )
    return [_unapplied(row) for row in rows]


def find_unapplied(reading: Reading, id: str) -> tuple[Stored, Change, Instant] | None:
    """Return a change that was kept whole, with its verdict and when it arrived; None when none was kept."""
    row = reading.sql.find(
        f"SELECT {_SHOWN}, received_at, body FROM change WHERE id = :id AND body IS NOT NULL", {"id": id}
    )
    return None if row is None else _unapplied(row)


def asked_in(tx: Transaction, submission: str) -> list[tuple[str, Mapping[str, str]]]:
    """Return what a submission asks of records in changes that no history holds, since they wait or are set aside.

    Each record with what is asked of it, by field.
    """
    sql = """
        SELECT record, body FROM change
         WHERE submission = :submission AND body IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM revision WHERE revision.record = change.record AND revision.change = change.id)
         ORDER BY received_at, id
    """
    rows = tx.sql.rows(sql, {"submission": submission})
    return [(row["record"], {name: write.new for name, write in _change(row["body"]).fields.items()}) for row in rows]


def _unapplied(row: Row) -> tuple[Stored, Change, Instant]:
    body, received_at = row.pop("body"), row.pop("received_at")
    return _stored(row), _change(body), received_at


def _stored(row: Row) -> Stored:
    verdicts = {name: Verdict(row[name]) for name in ("verdict", "told")}
    return Stored(**(row | verdicts | {"conflicts": tuple(row["conflicts"].split())}))


def _body(change: Change) -> str:
    plain = {each.name: getattr(change, each.name) for each in fields(change)} | {
        "dot": tuple(change.dot),
        "fields": {name: tuple(write) for name, write in change.fields.items()},
        "made_at": _moment(change.made_at),
        "attachments": [tuple(attachment) for attachment in change.attachments],
    }
    return orjson.dumps(plain).decode()


def _moment(made_at: datetime | None) -> str | None:
    return None if made_at is None else made_at.isoformat()


def _change(body: str) -> Change:
    plain: dict[str, Any] = orjson.loads(body)
    return Change(
        **(
            plain
            | {
                "dot": Dot(*plain["dot"]),
                "fields": {name: FieldWrite(*values) for name, values in plain["fields"].items()},
                "made_at": None if plain["made_at"] is None else instants.parse(plain["made_at"]),
                "attachments": tuple(AttachmentName(*each) for each in plain["attachments"]),
            }
        )
    )
