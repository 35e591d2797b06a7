"""Store failed sign-ins by account and address, and the addresses from which an account signed in rightly before.

Not scoped, as signing in is not. Names are stored as digests: what a stranger types there may be a password.
"""

from __future__ import annotations

from hashlib import sha256

from server.db.sql import inserting
from server.db.transactions import Reading, Transaction
from server.instants import Instant

_ADD = inserting("sign_in_failure", ("account", "address", "is_known", "failed_at"))


def add(tx: Transaction, name: str, address: str, *, is_known: bool) -> None:
    """Append a failed try. is_known: whether ``name`` signed in rightly from ``address`` before."""
    row = {"account": _digest(name), "address": address, "is_known": int(is_known), "failed_at": tx.now}
    tx.sql.put(_ADD, row)


def nth_of_both(reading: Reading, name: str, address: str, since: Instant, number: int) -> Instant | None:
    """Return when the ``number``-th last try of ``name`` from ``address`` failed; None when fewer did ``since``."""
    where = "account = :account AND address = :address"
    return _nth(reading, where, {"account": _digest(name), "address": address}, since, number)


def nth_of_address(reading: Reading, address: str, since: Instant, number: int) -> Instant | None:
    """Return the same for tries from ``address`` under all names that had not signed in from there."""
    return _nth(reading, "address = :address AND is_known = 0", {"address": address}, since, number)


def nth_of_account(reading: Reading, name: str, since: Instant, number: int) -> Instant | None:
    """Return the same for tries of ``name`` from all addresses from which it had not signed in."""
    return _nth(reading, "account = :account AND is_known = 0", {"account": _digest(name)}, since, number)


def forget(tx: Transaction, name: str, address: str | None) -> None:
    """Delete the failures of ``name``: those from ``address``, or all."""
    where = "" if address is None else " AND address = :address"
    values = {"account": _digest(name)} | ({} if address is None else {"address": address})
    tx.sql.put(f"DELETE FROM sign_in_failure WHERE account = :account{where}", values)


def forget_before(tx: Transaction, instant: Instant) -> None:
    """Delete the failures before ``instant``, which count no longer."""
    tx.sql.put("DELETE FROM sign_in_failure WHERE failed_at < :instant", {"instant": instant})


def last_success(reading: Reading, name: str, address: str) -> Instant | None:
    """Return when ``name`` last signed in rightly from ``address``, to the day; None when never, or long ago."""
    found: Instant | None = reading.sql.value(
        "SELECT succeeded_at FROM sign_in_address WHERE person = :person AND address = :address",
        {"person": name, "address": address},
    )
    return found


def note_success(tx: Transaction, name: str, address: str, forgotten_before: Instant) -> None:
    """Record that ``name`` signed in rightly from ``address`` now; addresses unused for long are deleted."""
    tx.sql.put(
        """
        INSERT INTO sign_in_address (person, address, succeeded_at) VALUES (:person, :address, :now)
        ON CONFLICT (person, address) DO UPDATE SET succeeded_at = excluded.succeeded_at
        """,
        {"person": name, "address": address, "now": tx.now},
    )
    tx.sql.put("DELETE FROM sign_in_address WHERE succeeded_at < :before", {"before": forgotten_before})


def _nth(reading: Reading, where: str, values: dict[str, str], since: Instant, number: int) -> Instant | None:
    """What a clock that was ahead has dated after now does not count: it would lock people out until then."""
    found: Instant | None = reading.sql.value(
        f"""
        SELECT failed_at FROM sign_in_failure
         WHERE {where} AND failed_at > :since AND failed_at <= :now
         ORDER BY failed_at DESC LIMIT 1 OFFSET :skipped
        """,
        {**values, "since": since, "now": reading.now, "skipped": number - 1},
    )
    return found


def _digest(name: str) -> str:
    return sha256(name.encode()).hexdigest()[:32]
