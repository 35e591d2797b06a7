"""Make, give and change passwords. One that somebody else has set opens nothing until its holder has changed it."""

from __future__ import annotations

import secrets

from server.audit.domain.entries import Entry
from server.audit.usecases.recording import record
from server.db.database import Database
from server.db.transactions import Transaction
from server.errors import Invalid, SignInFailed
from server.people.domain.passwords import PasswordState
from server.people.store import accounts, people, sign_in_failures
from server.people.usecases import password_rules, sessions, sign_in

_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Letters and digits that nobody confuses when a password is read out or copied by hand."""


def make_password() -> str:
    """Return a new password that is easy to copy by hand: 16 letters and digits in four groups, 79 bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))


def reset(tx: Transaction, name: str, password_hash: str, *, by: str, end_keys: bool = False) -> None:
    """Give ``name`` a password that they have to change; a lock opens, and they are signed out everywhere.

    end_keys: refuse their phone keys from now on too. Raises NotFound.
    """
    account = accounts.get(tx, name)
    _set(tx, account.name, password_hash, PasswordState.TO_CHANGE)
    ended = sessions.end_all(tx, account.name, by=by)
    keys = people.end_keys(tx, account.name) if end_keys else 0
    record(tx, Entry("user.password", by, account.name, {"sessions": ended, "phone_keys": keys}))


def change_own(database: Database, name: str, session: str, old: str, new: str, address: str = "") -> None:
    """Give ``name``, who knows the old password, another one; every session but ``session`` ends.

    address: of the network, empty for none. A wrong old password is counted like a failed sign-in. Not for use inside a
    transaction. Raises Invalid at ``old_password`` or ``new_password``, LockedOut, TooManySignIns, ShortOfMemory.
    """
    with database.reading() as reading:
        attempt = sign_in.look_up(reading, name, address)
        rules = password_rules.of(reading, name, accounts.get(reading, name).display)
    if not sign_in.password_matches(attempt, old):
        refusal = sign_in.failed(database, attempt)
        raise _old_is_wrong() if isinstance(refusal, SignInFailed) else refusal
    if new == old:
        raise _wrong("new_password", "新密码不能与原密码相同；请换一个。")
    password_hash = rules.hashed(new, "new_password")

    def keep(tx: Transaction) -> None:
        try:
            sign_in.record_success(tx, attempt)
        except SignInFailed as refusal:  # it was changed meanwhile
            raise _old_is_wrong() from refusal
        _set(tx, name, password_hash, PasswordState.OWN)
        ended = sessions.end_all(tx, name, by=name, but=session)
        record(tx, Entry("user.own_password", name, name, {"sessions": ended}, address=attempt.address))

    database.write(keep)


def _set(tx: Transaction, name: str, password_hash: str, state: PasswordState) -> None:
    accounts.set_password(tx, name, password_hash, state)
    sign_in_failures.forget(tx, name, None)


def _old_is_wrong() -> Invalid:
    return _wrong("old_password", "原密码不对；请核对后再试，忘记密码请联系管理员重设。")


def _wrong(field: str, message: str) -> Invalid:
    return Invalid(message, field=field, errors=[{"field": field, "message": message}])
