"""Counts failed sign-ins by minute and address: outside of the chain until the minute is over."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter

from server.audit.domain.entries import SERVER, Entry
from server.db.transactions import Reading, Transaction
from server.instants import Instant

_MINUTE_CHARS = len("2026-11-24T03:00")

_COUNT = """
INSERT INTO audit_sign_in_failure (minute, address, account, tries) VALUES (:minute, :address, :account, 1)
ON CONFLICT (minute, address, account) DO UPDATE SET tries = audit_sign_in_failure.tries + 1
"""
_OVER = "SELECT * FROM audit_sign_in_failure WHERE minute < :minute ORDER BY minute, address, account"


def count(tx: Transaction, address: str, account: str) -> None:
    """Count one failed try now. account: of whom, empty for a name that nobody has."""
    tx.sql.put(_COUNT, {"minute": _minute(tx.now), "address": address, "account": account})


def are_over(reading: Reading) -> bool:
    """Return whether there are tries of a minute that is over."""
    return reading.sql.find(f"{_OVER} LIMIT 1", {"minute": _minute(reading.now)}) is not None


def take_over(tx: Transaction) -> Iterator[Entry]:
    """Delete the counts of the minutes that are over; yield one entry for each minute and address, oldest first."""
    now = {"minute": _minute(tx.now)}
    rows = tx.sql.rows(_OVER, now)
    tx.sql.put("DELETE FROM audit_sign_in_failure WHERE minute < :minute", now)
    for (minute, address), found in groupby(rows, key=itemgetter("minute", "address")):
        tries = {row["account"]: row["tries"] for row in found}
        details = {"minute": f"{minute}Z", "tries": sum(tries.values()), "unknown": tries.pop("", 0), "accounts": tries}
        yield Entry("session.failed", SERVER, address, details, "refused", tuple(tries), address)


def _minute(at: Instant) -> str:
    return at[:_MINUTE_CHARS]
