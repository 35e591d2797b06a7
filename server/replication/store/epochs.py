"""Stores the epoch of the database: what it is, how far the database has got in it, and up to where it is backed up."""

from __future__ import annotations

from typing import NamedTuple

from server.db import epoch
from server.db.transactions import Reading, Transaction
from server.replication.store import pulls


class Mark(NamedTuple):
    """How far a database had got when somebody was told so.

    epoch: of the database. seq: its newest number. restores: how many new epochs it had taken. revision, change: seq
    of its newest revision, 0 for none, and the id of the change that made it. The last three are None in the cursors
    of older versions.
    """

    epoch: str
    seq: int
    restores: int | None = None
    revision: int | None = None
    change: str | None = None


def mark(reading: Reading) -> Mark:
    """Return how far the database has got."""
    newest = reading.sql.find("SELECT seq, change FROM revision ORDER BY seq DESC LIMIT 1") or {"seq": 0, "change": ""}
    return Mark(current(reading), pulls.current_seq(reading), restores(reading), newest["seq"], newest["change"])


def is_behind(reading: Reading, told: Mark) -> bool:
    """Say whether the database has not got as far as ``told``, which it has signed itself: an older copy was put back.

    Within its epoch it lacks what the mark names. Of another epoch that it had taken as many times over, or more, it
    knows nothing, though its own mark says so. Once a new epoch is taken no mark given before is ahead of it.
    """
    if told.epoch != current(reading):
        return told.restores is not None and told.restores >= restores(reading)
    if told.seq > pulls.current_seq(reading):
        return True
    return bool(told.revision) and told.change != _change_at(reading, told.revision or 0)


def current(reading: Reading) -> str:
    """Return the epoch: it changes with every restore (``sync.md`` section 5)."""
    return epoch.current(reading)


def restores(reading: Reading) -> int:
    """Return how many new epochs the database has taken since it was made."""
    return epoch.number(reading)


def durable(reading: Reading) -> int:
    """Return the seq that the last finished backup covers; where none is configured, everything committed."""
    covered = epoch.setting(reading, "durable")
    return pulls.current_seq(reading) if covered is None else int(covered)


def is_backed_up(reading: Reading) -> bool:
    """Say whether backups are made, so that only what one covers is durable."""
    return epoch.setting(reading, "durable") is not None


def cover(tx: Transaction, seq: int) -> None:
    """Say that a finished backup covers everything up to ``seq``; one that covers less takes nothing back."""
    covered = epoch.setting(tx, "durable")
    if covered is None or int(covered) < seq:
        tx.sql.put(_SET, {"name": "durable", "value": str(seq)})


def replace(tx: Transaction, epoch: str, restores: int) -> None:
    """Put a new epoch in the place of the present one. restores: its number."""
    for name, value in (("epoch", epoch), ("restores", str(restores))):
        tx.sql.put(_SET, {"name": name, "value": value})
    tx.configuration_changed()


_SET = """
    INSERT INTO setting (name, value) VALUES (:name, :value)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""


def _change_at(reading: Reading, seq: int) -> str | None:
    found: str | None = reading.sql.value("SELECT change FROM revision WHERE seq = :seq", {"seq": seq})
    return found
