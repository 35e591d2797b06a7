"""Store accounts: password hash, failed sign-ins, revocation, and revoked tokens.

It serves signing in and is not scoped; people as others see them are in ``people``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from server.db.sql import inserting
from server.db.transactions import Reading, Transaction
from server.errors import NotFound
from server.instants import Instant

_ADD = inserting("person", ("name", "display", "password_hash", "created_at"))


@dataclass(frozen=True, slots=True)
class Account:
    """The columns of a person that signing in needs.

    password_hash: argon2 in PHC form, None for people who only have phones. locked_until: the end of the last lock of
    an address out of this account, possibly in the past. revoked_at: since when they are refused everywhere.
    """

    name: str
    display: str
    password_hash: str | None
    locked_until: Instant | None
    revoked_at: Instant | None


def find(reading: Reading, name: str) -> Account | None:
    """Return the account of this exact name, revoked ones too; None when there is none."""
    row = reading.sql.find(
        """
        SELECT name, display, password_hash, locked_until, revoked_at
          FROM person
         WHERE name = :name
        """,
        {"name": name},
    )
    return None if row is None else Account(**row)


def get(reading: Reading, name: str) -> Account:
    """Return the account of this exact name, revoked ones too. Raises NotFound."""
    account = find(reading, name)
    if account is None:
        raise NotFound(f"没有用户“{name}”；请核对用户名。", user=name)
    return account


def display_names(reading: Reading, names: Iterable[str]) -> dict[str, str]:
    """Return the display names of accounts by user name; names without an account (``server``) are missing."""
    values = {f"name{number}": name for number, name in enumerate(sorted(set(names)))}
    if not values:
        return {}
    listed = ", ".join(f":{key}" for key in values)
    rows = reading.sql.each(f"SELECT name, display FROM person WHERE name IN ({listed})", {**values})
    return {row["name"]: row["display"] for row in rows}


def find_ignoring_case(reading: Reading, name: str) -> str | None:
    """Return the name of an account that differs from ``name`` in upper and lower case at most."""
    alike: str | None = reading.sql.value("SELECT name FROM person WHERE LOWER(name) = LOWER(:name)", {"name": name})
    return alike


def add(tx: Transaction, name: str, display: str, password_hash: str | None) -> None:
    """Append an account; a name that exists is an integrity error, since callers have looked."""
    tx.sql.run(_ADD, {"name": name, "display": display, "password_hash": password_hash, "created_at": tx.now})


def set_password(tx: Transaction, name: str, password_hash: str) -> None:
    """Give the account another password and open a lock."""
    tx.sql.run(
        "UPDATE person SET password_hash = :hash, locked_until = NULL WHERE name = :name",
        {"name": name, "hash": password_hash},
    )


def set_locked_until(tx: Transaction, name: str, until: Instant | None) -> None:
    """Note until when some address is locked out of the account, for those who look after accounts."""
    tx.sql.run("UPDATE person SET locked_until = :until WHERE name = :name", {"name": name, "until": until})


def revoke(tx: Transaction, name: str) -> None:
    """Close the account for good, from now on."""
    tx.sql.run("UPDATE person SET revoked_at = :now WHERE name = :name", {"name": name, "now": tx.now})


def revoke_token(tx: Transaction, jti: str, expires_at: Instant) -> None:
    """Refuse one sign-in token from now on, and delete revoked tokens that have run out anyway."""
    tx.sql.run("DELETE FROM revoked_token WHERE expires_at < :now", {"now": tx.now})
    tx.sql.run(
        """
        INSERT INTO revoked_token (jti, expires_at) VALUES (:jti, :expires_at)
        ON CONFLICT (jti) DO UPDATE SET expires_at = excluded.expires_at
        """,
        {"jti": jti, "expires_at": expires_at},
    )


def is_token_revoked(reading: Reading, jti: str) -> bool:
    """Return whether a sign-in token was revoked."""
    return reading.sql.value("SELECT 1 FROM revoked_token WHERE jti = :jti", {"jti": jti}) is not None
