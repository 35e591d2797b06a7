"""Stores how far each timer has got."""

from __future__ import annotations

from server.db.transactions import Reading, Transaction
from server.instants import Instant


def done_until(reading: Reading, name: str) -> Instant | None:
    """Return the newest instant at which a timer was due and done; None for one that has never been looked at."""
    found: Instant | None = reading.sql.value("SELECT done_until FROM timer WHERE name = :name", {"name": name})
    return found


def begin(tx: Transaction, name: str, at: Instant) -> None:
    """Let a timer count from ``at``; nothing happens to one that counts already."""
    tx.sql.put(
        "INSERT INTO timer (name, done_until) VALUES (:name, :at) ON CONFLICT (name) DO NOTHING",
        {"name": name, "at": at},
    )


def move_on(tx: Transaction, name: str, before: Instant, to: Instant) -> bool:
    """Move a timer on from where it was read to be; False where another process has done so meanwhile."""
    sql = "UPDATE timer SET done_until = :to WHERE name = :name AND done_until = :before"
    return tx.sql.run(sql, {"name": name, "before": before, "to": to}) == 1
