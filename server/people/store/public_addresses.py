"""Stores the public address of the server, step by step: a move is appended, and never rewritten."""

from __future__ import annotations

from server.db.sql import inserting
from server.db.transactions import Reading, Transaction
from server.people.domain.public_addresses import KeptAddress, Step
from server.people.domain.unmoved_devices import History

_ADD = inserting("address_step", ("number", "step", "url", "old_url", "made_at", "made_by"))
_NEWEST = """
    SELECT step, url, old_url, made_at, made_by FROM address_step
     WHERE number = (SELECT MAX(number) FROM address_step)
"""


def newest(reading: Reading) -> KeptAddress | None:
    """Return the newest step, None while none was ever taken; one statement."""
    row = reading.sql.find(_NEWEST, {})
    if row is None:
        return None
    return KeptAddress(Step(row["step"]), row["url"], row["old_url"], row["made_at"], row["made_by"])


def history(reading: Reading) -> History:
    """Return which address was the public one since when."""
    rows = reading.sql.rows("SELECT url, old_url, made_at FROM address_step ORDER BY number")
    first = rows[0]["old_url"] if rows else ""
    return History(first, tuple((row["made_at"], row["url"]) for row in rows))


def add(tx: Transaction, step: Step, url: str, old_url: str, *, by: str) -> KeptAddress:
    """Append a step, and return how it is now. url, old_url: as of ``KeptAddress``."""
    number = int(tx.sql.value("SELECT COALESCE(MAX(number), 0) FROM address_step") or 0) + 1
    row = {"number": number, "step": step.value, "url": url, "old_url": old_url, "made_at": tx.now, "made_by": by}
    tx.sql.put(_ADD, row)
    return KeptAddress(step, url, old_url, tx.now, by)
