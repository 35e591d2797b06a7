"""Sign people in by password: argon2 outside of every transaction, limits on failed tries, revocable tokens.

Failures are counted by account and address, by address, and by account: whoever guesses is locked out, whoever signed
in from the same address before is not (OWASP Authentication Cheat Sheet, "Account Lockout"). A name that does not exist
is counted, answered and timed as one that does.

Hashing takes tens of milliseconds and 19 MiB, so it may happen neither in the writer nor in many threads at once.
``sign_in`` is therefore three steps, and holds the store itself: look up (a reading), verify (no transaction),
record (a short write). What is true if we die after each: 1. and 2. nobody is signed in, nothing is stored; 3. the
failure or the success is recorded and durable.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import TypeVar

from server import instants
from server.audit.domain.entries import SERVER, Entry
from server.audit.usecases import deferred
from server.audit.usecases.recording import count_failed_sign_in, record
from server.db.database import Database
from server.db.transactions import Reading, Transaction
from server.errors import LockedOut, SignInFailed, SignInRequired, Unavailable
from server.instants import BEIJING, Instant
from server.people.domain import sign_in_rules
from server.people.domain.actors import Actor
from server.people.domain.sign_in_rules import checked_password
from server.people.store import accounts, people, sign_in_failures
from server.people.store.accounts import Account
from server.people.usecases import password_hashing

T = TypeVar("T")

BEGIN = "session.begin"

KNOWN_EVERY = timedelta(days=1)
"""How often at most a sign-in from a known address is noted again."""

_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Letters and digits that nobody confuses when a password is read out or copied by hand."""


@dataclass(frozen=True, slots=True)
class SignInAttempt:
    """A try to sign in as ``name`` from ``address``.

    account: None when there is none, or none that may sign in with a password.
    """

    name: str
    account: Account | None
    address: str = ""


def sign_in(database: Database, name: str, password: str, address: str = "") -> Actor:
    """Return the person who signs in. Not for use inside a transaction. address: of the network, empty for none.

    Raises SignInFailed (the same for a wrong name and a wrong password, after the same time), and LockedOut with
    ``until`` when too many tries failed.
    """
    with database.reading() as reading:
        attempt = look_up(reading, name, address)
    if not password_matches(attempt, password):
        raise failed(database, attempt)
    entry = Entry(BEGIN, name, name, address=attempt.address)
    return written_or(
        database, lambda tx: _begin_session(tx, attempt), lambda reading: admitted(reading, attempt), entry
    )


def written_or(
    database: Database, write: Callable[[Transaction], T], otherwise: Callable[[Reading], T], entry: Entry
) -> T:
    """Return what ``write`` returns or, when nothing can be written, ``otherwise``: a full disk keeps nobody out.

    The tries that fail meanwhile are not counted; no more can be made than are hashed one after the other. entry: what
    the audit then lacks, and says so later.
    """
    try:
        return database.write(write)
    except Unavailable as error:
        deferred.missed(database, entry, error)
        with database.reading() as reading:
            return otherwise(reading)


def look_up(reading: Reading, name: str, address: str = "") -> SignInAttempt:
    """Return the attempt of ``name`` with the account. Raises LockedOut while ``address`` is locked out of it."""
    account = accounts.find(reading, name)
    if account is not None and (account.revoked_at is not None or account.password_hash is None):
        account = None
    attempt = SignInAttempt(name, account, sign_in_rules.origin_of(address))
    _require_unlocked(reading, attempt)
    return attempt


def password_matches(attempt: SignInAttempt, password: str) -> bool:
    """Return whether the password is correct; takes as long for a name that does not exist. Tens of milliseconds.

    Raises TooManySignIns when too many wait already.
    """
    stored = attempt.account.password_hash if attempt.account else None
    return password_hashing.matches(password, stored)


def failed(database: Database, attempt: SignInAttempt) -> SignInFailed | LockedOut:
    """Count a failed try, where it can be written down, and return the refusal to answer with."""
    entry = Entry("session.failed", SERVER, attempt.address, address=attempt.address)
    return written_or(database, lambda tx: record_failure(tx, attempt), lambda reading: _failed(), entry)


def record_failure(tx: Transaction, attempt: SignInAttempt) -> SignInFailed | LockedOut:
    """Count a failed try, and return the refusal to answer with: LockedOut when it was one too many.

    It is returned and not raised, since raising would undo the count.
    """
    if (until := _locked_until(tx, attempt)) is not None:
        return _locked(until, tx.now)
    rules = sign_in_rules.at(tx.now)
    sign_in_failures.forget_before(tx, instants.later(tx.now, -rules.locked_for))
    sign_in_failures.add(tx, attempt.name, attempt.address, is_known=_is_known(tx, attempt))
    count_failed_sign_in(tx, attempt.address, attempt.name if attempt.account is not None else "")
    until = _locked_until(tx, attempt)
    if until is None:
        return _failed()
    if attempt.account is not None:
        accounts.set_locked_until(tx, attempt.name, until)
        record(tx, Entry("session.lock", SERVER, attempt.name, {"until": until}, address=attempt.address))
    return _locked(until, tx.now)


def record_success(tx: Transaction, attempt: SignInAttempt) -> Actor:
    """Reset the count of failed tries and return who has signed in. Raises as ``admitted``."""
    actor, account = admitted(tx, attempt), accounts.get(tx, attempt.name)
    if account.locked_until is not None:
        accounts.set_locked_until(tx, account.name, None)
    sign_in_failures.forget(tx, account.name, attempt.address)
    last = sign_in_failures.last_success(tx, account.name, attempt.address)
    if attempt.address and (last is None or last < instants.later(tx.now, -KNOWN_EVERY)):
        forgotten = instants.later(tx.now, -sign_in_rules.at(tx.now).known_for)
        sign_in_failures.note_success(tx, account.name, attempt.address, forgotten)
    return actor


def admitted(reading: Reading, attempt: SignInAttempt) -> Actor:
    """Return who signs in with the right password.

    Raises LockedOut or SignInFailed when the account was locked, revoked or given another password meanwhile.
    """
    account = accounts.find(reading, attempt.name)
    if account is None or attempt.account is None or account.revoked_at is not None:
        raise _failed()
    if account.password_hash != attempt.account.password_hash:
        raise _failed()
    _require_unlocked(reading, attempt)
    return people.actor(reading, account.name)


def unlock(tx: Transaction, name: str, *, by: str) -> None:
    """Let ``name`` sign in again from everywhere. Raises NotFound."""
    account = accounts.get(tx, name)
    accounts.set_locked_until(tx, account.name, None)
    sign_in_failures.forget(tx, account.name, None)
    record(tx, Entry("user.unlock", by, account.name))


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
    return password_hashing.hashed(password)


def hash_chosen_password(password: str, name: str, at: Instant) -> str:
    """Return the hash of a password that somebody chose for ``name``. Raises Invalid that names every broken rule."""
    return hash_password(checked_password(password, name, sign_in_rules.at(at).password_length_min))


def set_password(tx: Transaction, name: str, password_hash: str, *, by: str) -> None:
    """Give ``name`` another password; a lock opens, and tokens given before end. Raises NotFound."""
    account = accounts.get(tx, name)
    accounts.set_password(tx, account.name, password_hash)
    sign_in_failures.forget(tx, account.name, None)
    record(tx, Entry("user.password", by, account.name))


def _begin_session(tx: Transaction, attempt: SignInAttempt) -> Actor:
    actor = record_success(tx, attempt)
    record(tx, Entry(BEGIN, actor.name, actor.name, address=attempt.address))
    return actor


def _stamp(account: Account) -> str:
    return sha256((account.password_hash or "").encode()).hexdigest()[:16]


def _require_unlocked(reading: Reading, attempt: SignInAttempt) -> None:
    if (until := _locked_until(reading, attempt)) is not None:
        raise _locked(until, reading.now)


def _locked_until(reading: Reading, attempt: SignInAttempt) -> Instant | None:
    """Return until when the address of ``attempt`` is locked out of its account, None when it is not."""
    rules = sign_in_rules.at(reading.now)
    since = instants.later(reading.now, -rules.locked_for)
    name, address = attempt.name, attempt.address
    if _is_known(reading, attempt):
        first = sign_in_failures.nth_of_both(reading, name, address, since, rules.known_failures_max)
    else:
        firsts = (
            sign_in_failures.nth_of_both(reading, name, address, since, rules.failures_max),
            sign_in_failures.nth_of_address(reading, address, since, rules.address_failures_max),
            sign_in_failures.nth_of_account(reading, name, since, rules.account_failures_max),
        )
        first = max((instant for instant in firsts if instant is not None), default=None)
    return None if first is None else instants.later(first, rules.locked_for)


def _is_known(reading: Reading, attempt: SignInAttempt) -> bool:
    last = sign_in_failures.last_success(reading, attempt.name, attempt.address)
    return last is not None and last > instants.later(reading.now, -sign_in_rules.at(reading.now).known_for)


def _failed() -> SignInFailed:
    return SignInFailed("用户名或密码不对；请核对后再试，忘记密码请联系管理员重设。")


def _locked(until: Instant, now: Instant) -> LockedOut:
    clock = instants.parse(until).astimezone(BEIJING).strftime("%H:%M:%S")
    day = instants.local_day(until)
    shown = clock if day == instants.local_day(now) else f"{day} {clock}"
    return LockedOut(
        f"登录失败次数过多，暂时不能从这里登录；请在 {shown}（北京时间）之后再试，或请管理员解锁。", until=until
    )
