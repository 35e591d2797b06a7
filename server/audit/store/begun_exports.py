"""Notes of exports under way: outside of the chain, since a chain takes only what will never change."""

from __future__ import annotations

import json
from collections.abc import Iterator

from server.audit.domain.entries import Entry, details_text, whole
from server.db.sql import inserting
from server.db.transactions import Transaction
from server.instants import Instant

_ADD = inserting("audit_begun", ("id", "at", "action", "actor", "subject", "detail", "address"))


def add(tx: Transaction, entry: Entry) -> tuple[str, Instant]:
    """Note that an export begins now, and return the note's id and its instant."""
    row = {"id": tx.new_id(), "at": tx.now, "action": entry.event, "actor": whole(entry.by)}
    address = entry.address or tx.address
    tx.sql.put(_ADD, row | {"subject": whole(entry.object), "detail": details_text(entry), "address": address})
    return row["id"], tx.now


def delete(tx: Transaction, id: str) -> None:
    """Delete a note, if it is there."""
    tx.sql.put("DELETE FROM audit_begun WHERE id = :id", {"id": id})


def take_all(tx: Transaction) -> Iterator[tuple[Entry, Instant]]:
    """Delete every note; yield what each says, oldest first, with the instant at which its export began."""
    rows = tx.sql.rows("SELECT * FROM audit_begun ORDER BY at, id")
    tx.sql.put("DELETE FROM audit_begun")
    for row in rows:
        details = json.loads(row["detail"])
        yield Entry(row["action"], row["actor"], row["subject"], details, address=row["address"]), row["at"]
