"""Sign people in by password: argon2 outside of every transaction, a lock after repeated failures, revocable tokens.

Hashing takes tens of milliseconds and 19 MiB, so it may happen neither in the writer nor in many threads at once.
``sign_in`` is therefore three steps, and holds the store itself: look up (a reading), verify (no transaction),
record (a short write). What is true if we die after each: 1. and 2. nobody is signed in, nothing is stored; 3. the
failure or the success is recorded and durable.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass
from functools import cache
from hashlib import sha256

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from server import instants
from server.db import audit
from server.db.database import Database
from server.db.transactions import Reading, Transaction
from server.errors import LockedOut, SignInFailed, SignInRequired
from server.instants import BEIJING, Instant
from server.people.domain import sign_in_rules
from server.people.domain.actors import Actor
from server.people.domain.sign_in_rules import checked_password
from server.people.store import accounts, people
from server.people.store.accounts import Account

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_HASHING = threading.BoundedSemaphore(2)
"""How many passwords are hashed at once: two cores, and 19 MiB each."""

_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Letters and digits that nobody confuses when a password is read out or copied by hand."""


@dataclass(frozen=True, slots=True)
class SignInAttempt:
    """A try to sign in as ``name``. account: None when there is none, or none that may sign in with a password."""

    name: str
    account: Account | None


def sign_in(database: Database, name: str, password: str) -> Actor:
    """Return the person who signs in. Not for use inside a transaction.

    Raises SignInFailed (the same for a wrong name and a wrong password, after the same time), and LockedOut with
    ``until`` when too many tries failed.
    """
    with database.reading() as reading:
        attempt = look_up(reading, name)
    if not password_matches(attempt, password):
        raise database.write(lambda tx: record_failure(tx, attempt))
    return database.write(lambda tx: _begin_session(tx, attempt))


def look_up(reading: Reading, name: str) -> SignInAttempt:
    """Return the attempt of ``name`` with the account. Raises LockedOut while the account is locked."""
    account = accounts.find(reading, name)
    if account is None or account.revoked_at is not None or account.password_hash is None:
        return SignInAttempt(name, None)
    _require_unlocked(account, reading.now)
    return SignInAttempt(name, account)


def password_matches(attempt: SignInAttempt, password: str) -> bool:
    """Return whether the password is correct; takes as long for a name that does not exist. Tens of milliseconds."""
    stored = attempt.account.password_hash if attempt.account else None
    with _HASHING:
        try:
            _HASHER.verify(stored or _dummy_hash(), password)
        except (VerifyMismatchError, VerificationError, InvalidHashError):
            return False
    return stored is not None


def record_failure(tx: Transaction, attempt: SignInAttempt) -> SignInFailed | LockedOut:
    """Count a failed try, lock the account when it was one too many, and return the refusal to answer with.

    It is returned and not raised, since raising would undo the count.
    """
    account = accounts.find(tx, attempt.name) if attempt.account else None
    if account is None:
        accounts.count_unknown_name(tx)
        return _failed()
    if account.is_locked(tx.now):
        return _locked(account.locked_until or tx.now, tx.now)
    rules = sign_in_rules.at(tx.now)
    failures = 1 + (0 if account.locked_until else account.failures)  # a lock that has run out starts a new count
    until = instants.later(tx.now, rules.locked_for) if failures >= rules.failures_max else None
    accounts.set_failures(tx, account.name, failures, until)
    if until is None:
        return _failed()
    audit.add(tx, account.name, "session.lock", account.name, {"failures": failures, "until": until})
    return _locked(until, tx.now)


def record_success(tx: Transaction, attempt: SignInAttempt) -> Actor:
    """Reset the count of failed tries and return who has signed in.

    Raises LockedOut or SignInFailed when the account was locked, revoked or given another password meanwhile.
    """
    account = accounts.find(tx, attempt.name)
    if account is None or attempt.account is None or account.revoked_at is not None:
        raise _failed()
    if account.password_hash != attempt.account.password_hash:
        raise _failed()
    _require_unlocked(account, tx.now)
    if account.failures:
        accounts.set_failures(tx, account.name, 0, None)
    return people.actor(tx, account.name)


def session_stamp(reading: Reading, name: str) -> str:
    """Return the stamp that tokens of ``name`` carry; it changes with the password, which ends older tokens."""
    return _stamp(accounts.get(reading, name))


def actor_by_token(reading: Reading, name: str, jti: str, stamp: str) -> Actor:
    """Return who holds a valid sign-in token. name, jti, stamp: its subject, id and ``session_stamp``.

    Raises SignInRequired when the token or the person was revoked, or the password changed.
    """
    account = accounts.find(reading, name)
    if account is None or account.revoked_at is not None:
        raise SignInRequired("您的账号已停用；如有疑问请联系管理员。")
    if not secrets.compare_digest(stamp, _stamp(account)) or accounts.is_token_revoked(reading, jti):
        raise SignInRequired("登录已失效，请重新登录。")
    return people.actor(reading, name)


def revoke_token(tx: Transaction, jti: str, expires_at: Instant) -> None:
    """Refuse one token from now on. expires_at: when it would have run out; after that it is deleted."""
    accounts.revoke_token(tx, jti, expires_at)


def make_password() -> str:
    """Return a new password that is easy to copy by hand: 16 letters and digits in four groups, 79 bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))


def hash_password(password: str) -> str:
    """Return the argon2 hash of a password, in PHC form. Tens of milliseconds: not for use inside a transaction."""
    with _HASHING:
        return _HASHER.hash(password)


def hash_chosen_password(password: str, name: str, at: Instant) -> str:
    """Return the hash of a password that somebody chose for ``name``. Raises Invalid that names every broken rule."""
    return hash_password(checked_password(password, name, sign_in_rules.at(at).password_length_min))


def set_password(tx: Transaction, name: str, password_hash: str, *, by: str) -> None:
    """Give ``name`` another password; a lock opens, and tokens given before end. Raises NotFound."""
    account = accounts.get(tx, name)
    accounts.set_password(tx, account.name, password_hash)
    audit.add(tx, by, "user.password", account.name, {})


def _begin_session(tx: Transaction, attempt: SignInAttempt) -> Actor:
    actor = record_success(tx, attempt)
    audit.add(tx, actor.name, "session.begin", actor.name, {})
    return actor


@cache
def _dummy_hash() -> str:
    """Return a hash that no password matches, so that an unknown name costs the same time."""
    return _HASHER.hash(secrets.token_urlsafe(32))


def _stamp(account: Account) -> str:
    return sha256((account.password_hash or "").encode()).hexdigest()[:16]


def _require_unlocked(account: Account, at: Instant) -> None:
    if account.locked_until is not None and account.is_locked(at):
        raise _locked(account.locked_until, at)


def _failed() -> SignInFailed:
    return SignInFailed("用户名或密码不对；请核对后再试，忘记密码请联系管理员重设。")


def _locked(until: Instant, now: Instant) -> LockedOut:
    clock = instants.parse(until).astimezone(BEIJING).strftime("%H:%M:%S")
    day = instants.local_day(until)
    shown = clock if day == instants.local_day(now) else f"{day} {clock}"
    return LockedOut(
        f"登录失败次数过多，账号已暂时锁定；请在 {shown}（北京时间）之后再试，或请管理员重设密码。", until=until
    )
