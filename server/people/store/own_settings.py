"""Keeps what people choose for the pages they work on; it is theirs on every browser."""

from __future__ import annotations

from server.db.sql import inserting
from server.db.transactions import Reading, Transaction

OPENS_NEXT = "opens_next"
"""Whether the next case opens by itself when one is done: ``on`` or ``off``; each page has its own rule without it."""

_KEEP = (
    f"{inserting('own_setting', ('person', 'name', 'value'))} "
    "ON CONFLICT (person, name) DO UPDATE SET value = excluded.value"
)


def get(reading: Reading, person: str, name: str) -> str:
    """Return what a person has chosen, empty for nothing. name: one of the words above."""
    sql = "SELECT value FROM own_setting WHERE person = :person AND name = :name"
    row = reading.sql.find(sql, {"person": person, "name": name})
    return "" if row is None else str(row["value"])


def keep(tx: Transaction, person: str, name: str, value: str) -> None:
    """Keep what a person has chosen, in the place of what they had chosen before."""
    tx.sql.put(_KEEP, {"person": person, "name": name, "value": value})
