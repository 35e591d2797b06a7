"""Store accounts: password hash and whose it is, locks, revocation.

It serves signing in and is not scoped; people as others see them are in ``people``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from server.db.sql import inserting
from server.db.transactions import Reading, Transaction
from server.errors import NotFound
from server.instants import Instant
from server.people.domain.passwords import PasswordState

_ADD = inserting("person", ("name", "display", "password_hash", "password_state", "created_at"))


@dataclass(frozen=True, slots=True)
class Account:
    """The columns of a person that signing in needs.

    password_hash: argon2 in PHC form, None for people who only have phones; password_state: whose it is. locked_until:
    the end of the last lock of an address out of this account, possibly in the past. revoked_at: since when they are
    refused everywhere.
    """

    name: str
    display: str
    password_hash: str | None
    locked_until: Instant | None
    revoked_at: Instant | None
    password_state: PasswordState = PasswordState.OWN


def find(reading: Reading, name: str) -> Account | None:
    """Return the account of this exact name, revoked ones too; None when there is none."""
    row = reading.sql.find(
        """
        SELECT name, display, password_hash, locked_until, revoked_at, password_state
          FROM person
         WHERE name = :name
        """,
        {"name": name},
    )
    return None if row is None else Account(**row | {"password_state": PasswordState(row["password_state"])})


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
    sql = "SELECT name FROM person WHERE name LIKE :name ESCAPE '!'"
    alike: str | None = reading.sql.value(sql, {"name": escaped(name)})
    return alike


def escaped(text: str) -> str:
    """Return a text as a pattern of ``LIKE … ESCAPE '!'`` that holds no wildcard."""
    return "".join(f"!{each}" if each in "!%_" else each for each in text)


def add(tx: Transaction, name: str, display: str, password_hash: str | None, state: PasswordState) -> None:
    """Append an account; a name that exists is an integrity error, since callers have looked."""
    row = {"name": name, "display": display, "password_hash": password_hash, "password_state": state.value}
    tx.sql.put(_ADD, row | {"created_at": tx.now})


def set_password(tx: Transaction, name: str, password_hash: str, state: PasswordState) -> None:
    """Give the account another password and open a lock."""
    tx.sql.put(
        "UPDATE person SET password_hash = :hash, password_state = :state, locked_until = NULL WHERE name = :name",
        {"name": name, "hash": password_hash, "state": state.value},
    )


def set_password_state(tx: Transaction, name: str, state: PasswordState) -> None:
    """Note whose the password of the account is; it stays as it is."""
    tx.sql.put("UPDATE person SET password_state = :state WHERE name = :name", {"name": name, "state": state.value})


def set_locked_until(tx: Transaction, name: str, until: Instant | None) -> None:
    """Note until when some address is locked out of the account, for those who look after accounts."""
    tx.sql.put("UPDATE person SET locked_until = :until WHERE name = :name", {"name": name, "until": until})


def revoke(tx: Transaction, name: str) -> None:
    """Close the account for good, from now on."""
    tx.sql.put("UPDATE person SET revoked_at = :now WHERE name = :name", {"name": name, "now": tx.now})


def has_phone_keys(reading: Reading, name: str) -> bool:
    """Return whether a phone key of the account is good."""
    found = reading.sql.value(
        "SELECT 1 FROM phone_key WHERE person = :name AND revoked_at IS NULL LIMIT 1", {"name": name}
    )
    return found is not None
