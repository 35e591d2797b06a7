"""Reads which epoch the database is in: it changes with every restore, and each has a number above the one before."""

from __future__ import annotations

from server.db.transactions import Reading


def current(reading: Reading) -> str:
    """Return the epoch, 32 hexadecimal digits; the same until an older copy of the data is put back."""
    return reading.cached("epoch", lambda fresh: str(setting(fresh, "epoch")))


def number(reading: Reading) -> int:
    """Return how many new epochs the database has taken since it was made; 0 for none."""
    return reading.cached("restores", lambda fresh: int(setting(fresh, "restores") or 0))


def setting(reading: Reading, name: str) -> str | None:
    """Return what the database notes of itself under ``name``, None for nothing."""
    found: str | None = reading.sql.value("SELECT value FROM setting WHERE name = :name", {"name": name})
    return found
