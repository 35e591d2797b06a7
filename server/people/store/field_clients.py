"""Store how many changes field clients report as unsent, so that nobody is moved over unsent work unawares."""

from __future__ import annotations

from datetime import timedelta

from server import instants
from server.db.transactions import Reading, Transaction
from server.people.domain.people import FieldClient

WRITTEN_EVERY = timedelta(minutes=10)
"""How often an unchanged report is written at most: every write costs a commit, and an idle pull shall cost none."""


def is_due(reading: Reading, person: str, device: str, unsent: int, address: str | None) -> bool:
    """Return whether a report is to be written: another number or address than before, or the last one is old.

    address: the public one by which the client comes, None where it is none of those that are known.
    """
    sql = "SELECT unsent, seen_at, address FROM field_client WHERE person = :person AND device = :device"
    known = reading.sql.find(sql, {"person": person, "device": device})
    return (
        known is None
        or known["unsent"] != unsent
        or address not in (None, known["address"])
        or not instants.is_recent(known["seen_at"], WRITTEN_EVERY, reading.now)
    )


def record(tx: Transaction, person: str, device: str, program: str, unsent: int, address: str) -> None:
    """Record how many changes of ``person`` a client reports as unsent.

    program: the name it reports. address: of the server, by which it comes.
    """
    tx.sql.put(
        """
        INSERT INTO field_client (person, device, program, seen_at, unsent, address)
        VALUES (:person, :device, :program, :now, :unsent, :address)
        ON CONFLICT (person, device) DO UPDATE
           SET program = excluded.program, seen_at = excluded.seen_at, unsent = excluded.unsent,
               address = excluded.address
        """,
        {
            "person": person,
            "device": device,
            "program": program,
            "now": tx.now,
            "unsent": unsent,
            "address": address,
        },
    )


def of_person(reading: Reading, person: str) -> tuple[FieldClient, ...]:
    """Return every field client that ever synced for this person, the one seen last first."""
    sql = "SELECT device, program, seen_at, unsent FROM field_client WHERE person = :person"
    rows = reading.sql.rows(f"{sql} ORDER BY seen_at DESC, device", {"person": person})
    return tuple(FieldClient(**row) for row in rows)
