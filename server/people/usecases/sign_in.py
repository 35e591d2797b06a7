"""Sign people in by password: argon2 outside of every transaction, limits on failed tries.

Failures are counted by account and address, by address, and by account: whoever guesses is locked out, whoever signed
in from the same address or browser before is not (OWASP Authentication Cheat Sheet, "Account Lockout", and OWASP's
device cookies). A name that does not exist is counted, answered and timed as one that does.

Hashing takes tens of milliseconds and 19 MiB, so it may happen neither in the writer nor in many threads at once.
``sign_in`` is therefore three steps, and holds the store itself: look up (a reading), verify (no transaction),
record (a short write). What is true if we die after each: 1. and 2. nobody is signed in, nothing is stored; 3. the
failure or the success is recorded and durable.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from server import instants
from server.audit.domain.entries import SERVER, Entry
from server.audit.usecases import deferred
from server.audit.usecases.recording import count_failed_sign_in, record
from server.db.database import Database
from server.db.transactions import Reading, Transaction
from server.errors import LockedOut, SignInFailed, Unavailable
from server.instants import BEIJING, Instant
from server.people.domain import sign_in_rules
from server.people.domain.actors import Actor
from server.people.domain.passwords import PasswordState
from server.people.store import accounts, people, sign_in_failures
from server.people.store.accounts import Account
from server.people.store.sessions import Session
from server.people.usecases import password_hashing, password_rules, sessions

T = TypeVar("T")

BEGIN = "session.begin"

KNOWN_EVERY = timedelta(days=1)
"""How often at most a sign-in from a known address is noted again."""


@dataclass(frozen=True, slots=True)
class SignInAttempt:
    """A try to sign in as ``name`` from ``address``.

    account: None when there is none, or none that may sign in with a password. device: id of a browser on which this
    person signed in rightly before, empty for any other.
    """

    name: str
    account: Account | None
    address: str = ""
    device: str = ""

    @property
    def place(self) -> str:
        """Where its failures are counted: on the device, or else at the address."""
        return f"device {self.device}" if self.device else self.address


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who has signed in. session: None where it could not be written, on a full disk: it ends with its access token.

    must_change: their password is to be changed first; until then the session opens nothing else.
    """

    actor: Actor
    session: Session | None
    must_change: bool


def sign_in(
    database: Database,
    name: str,
    password: str,
    address: str = "",
    *,
    device: str = "",
    lasts: timedelta = sessions.LASTS,
) -> SignedIn:
    """Sign a person in and begin their session. Not for use inside a transaction.

    address: of the network, empty for none. device: id of a browser that is known to have signed ``name`` in before,
    which nobody else's wrong tries lock out; empty for any other. lasts: how long the session lasts at most. A password
    of the person's own that today's rules would refuse lets them in to change it. Raises SignInFailed (the same for a
    wrong name and a wrong password, after the same time), LockedOut with ``until`` when too many tries failed,
    TooManySignIns, and ShortOfMemory.
    """
    with database.reading() as reading:
        attempt = look_up(reading, name, address, device)
    if not password_matches(attempt, password) or attempt.account is None:
        raise failed(database, attempt)
    with database.reading() as reading:
        is_weak = password_rules.of(reading, name, attempt.account.display).refuse(password)
    return written_or(
        database,
        lambda tx: _begin_session(tx, attempt, lasts, is_weak=is_weak),
        lambda reading: _unrecorded(reading, attempt, is_weak=is_weak),
        Entry(BEGIN, name, name, address=attempt.address),
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


def look_up(reading: Reading, name: str, address: str = "", device: str = "") -> SignInAttempt:
    """Return the attempt of ``name`` with the account. Raises LockedOut while where it comes from is locked out."""
    account = accounts.find(reading, name)
    if account is not None and (account.revoked_at is not None or account.password_hash is None):
        account = None
    attempt = SignInAttempt(name, account, sign_in_rules.origin_of(address), device)
    _require_unlocked(reading, attempt)
    return attempt


def password_matches(attempt: SignInAttempt, password: str) -> bool:
    """Return whether the password is correct; takes as long for a name that does not exist. Tens of milliseconds.

    Raises TooManySignIns when too many wait already.
    """
    stored = attempt.account.password_hash if attempt.account else None
    return password_hashing.matches(password, stored)


def failed(database: Database, attempt: SignInAttempt) -> SignInFailed | LockedOut:
    """Count a failed try, where it can be written down, and return the refusal to answer with.

    Beside what is under way: a try that failed is no result of it, to be given to whoever sends the same again.
    """
    entry = Entry("session.failed", SERVER, attempt.address, address=attempt.address)
    return written_or(database.aside(), lambda tx: record_failure(tx, attempt), lambda reading: _failed(), entry)


def record_failure(tx: Transaction, attempt: SignInAttempt) -> SignInFailed | LockedOut:
    """Count a failed try, and return the refusal to answer with: LockedOut when it was one too many.

    It is returned and not raised, since raising would undo the count.
    """
    if (until := _locked_until(tx, attempt)) is not None:
        return _locked(until, tx.now)
    rules = sign_in_rules.at(tx.now)
    sign_in_failures.forget_before(tx, instants.later(tx.now, -rules.locked_for))
    sign_in_failures.add(tx, attempt.name, attempt.place, is_known=_is_known(tx, attempt))
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
    sign_in_failures.forget(tx, account.name, attempt.place)
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


def hash_password(password: str) -> str:
    """Return the argon2 hash of a password, in PHC form. Tens of milliseconds: not for use inside a transaction."""
    return password_hashing.hashed(password)


def _begin_session(tx: Transaction, attempt: SignInAttempt, lasts: timedelta, *, is_weak: bool) -> SignedIn:
    actor, account = record_success(tx, attempt), accounts.get(tx, attempt.name)
    if is_weak and account.password_state is PasswordState.OWN:
        accounts.set_password_state(tx, account.name, PasswordState.TO_CHANGE)
    session = sessions.begin(tx, actor.name, attempt.address, lasts)
    record(tx, Entry(BEGIN, actor.name, actor.name, address=attempt.address))
    return SignedIn(actor, session, must_change=_must_change(account, is_weak=is_weak))


def _unrecorded(reading: Reading, attempt: SignInAttempt, *, is_weak: bool) -> SignedIn:
    actor = admitted(reading, attempt)
    return SignedIn(actor, None, must_change=_must_change(accounts.get(reading, actor.name), is_weak=is_weak))


def _must_change(account: Account, *, is_weak: bool) -> bool:
    is_own = account.password_state is PasswordState.OWN
    return account.password_state is PasswordState.TO_CHANGE or (is_own and is_weak)


def _require_unlocked(reading: Reading, attempt: SignInAttempt) -> None:
    if (until := _locked_until(reading, attempt)) is not None:
        raise _locked(until, reading.now)


def _locked_until(reading: Reading, attempt: SignInAttempt) -> Instant | None:
    """Return until when the place of ``attempt`` is locked out of its account, None when it is not."""
    rules = sign_in_rules.at(reading.now)
    since = instants.later(reading.now, -rules.locked_for)
    name, address = attempt.name, attempt.address
    if _is_known(reading, attempt):
        first = sign_in_failures.nth_of_both(reading, name, attempt.place, since, rules.known_failures_max)
    else:
        firsts = (
            sign_in_failures.nth_of_both(reading, name, address, since, rules.failures_max),
            sign_in_failures.nth_of_address(reading, address, since, rules.address_failures_max),
            sign_in_failures.nth_of_account(reading, name, since, rules.account_failures_max),
        )
        first = max((instant for instant in firsts if instant is not None), default=None)
    return None if first is None else instants.later(first, rules.locked_for)


def _is_known(reading: Reading, attempt: SignInAttempt) -> bool:
    if attempt.device:
        return True
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
