"""Keeps what our own clients say still waits on them, so that nobody is moved over unsent work unawares."""

from __future__ import annotations

from datetime import timedelta

from server import instants
from server.db.transactions import Reading, Transaction
from server.people.domain.people import FieldClient

SAID_EVERY = timedelta(minutes=10)
"""How often the same word is written anew at most: every write costs a commit, and an idle pull shall cost none."""


def is_news(reading: Reading, person: str, device: str, unsent: int) -> bool:
    """Say whether what a client says is another number than before, or the same after a while."""
    sql = "SELECT unsent, seen_at FROM field_client WHERE person = :person AND device = :device"
    known = reading.sql.find(sql, {"person": person, "device": device})
    return known is None or known["unsent"] != unsent or instants.later(known["seen_at"], SAID_EVERY) <= reading.now


def say(tx: Transaction, person: str, device: str, program: str, unsent: int) -> None:
    """Keep how many changes of ``person`` a client says still wait on it. program: what it calls itself."""
    tx.sql.run(
        """
        INSERT INTO field_client (person, device, program, seen_at, unsent)
        VALUES (:person, :device, :program, :now, :unsent)
        ON CONFLICT (person, device) DO UPDATE
           SET program = excluded.program, seen_at = excluded.seen_at, unsent = excluded.unsent
        """,
        {"person": person, "device": device, "program": program, "now": tx.now, "unsent": unsent},
    )


def of_person(reading: Reading, person: str) -> tuple[FieldClient, ...]:
    """Return every client of ours that ever spoke in this person's name, the one heard of last first."""
    sql = "SELECT device, program, seen_at, unsent FROM field_client WHERE person = :person"
    rows = reading.sql.rows(f"{sql} ORDER BY seen_at DESC, device", {"person": person})
    return tuple(FieldClient(**row) for row in rows)
