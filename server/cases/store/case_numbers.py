"""Assigns each case its number (案件编号) when it is registered: one counter a year."""

from __future__ import annotations

from server.db.transactions import Transaction
from server.instants import local_day


def take(tx: Transaction) -> str:
    """Return the next number of this Beijing year, such as ``2026-000123``; an undone work leaves no gap."""
    year = local_day(tx.now)[:4]
    number = tx.sql.value(
        """
        INSERT INTO counter (name, value) VALUES (:name, 1)
        ON CONFLICT (name) DO UPDATE SET value = counter.value + 1
        RETURNING value
        """,
        {"name": f"case {year}"},
    )
    return f"{year}-{int(number):06d}"
