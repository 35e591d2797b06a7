"""Reads the epoch of the database and the seq up to which it is backed up, by which clients know what to resend."""

from __future__ import annotations

from server.db.transactions import Reading
from server.replication.store import pulls


def current(reading: Reading) -> str:
    """Return the epoch: it changes with every restore (``sync.md`` section 5)."""
    return reading.cached("epoch", lambda fresh: str(_setting(fresh, "epoch")))


def durable(reading: Reading) -> int:
    """Return the seq that the last finished backup covers; where none is configured, everything committed."""
    covered = _setting(reading, "durable")
    return pulls.current_seq(reading) if covered is None else int(covered)


def _setting(reading: Reading, name: str) -> str | None:
    found: str | None = reading.sql.value("SELECT value FROM setting WHERE name = :name", {"name": name})
    return found
