"""Sign in phones by user name and password, which Collect sends with every request once it was challenged.

Argon2 on each of them would cost tens of milliseconds, so recent results are cached, without any password.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from hmac import digest
from typing import NamedTuple

from server import instants
from server.audit.domain.entries import DONE, Entry
from server.audit.usecases.recording import record
from server.db.database import Database
from server.db.transactions import Transaction
from server.errors import PasswordChangeRequired, SignInFailed
from server.instants import FOREVER, Instant
from server.people.domain import sign_in_rules
from server.people.domain.actors import Actor
from server.people.domain.passwords import PasswordState
from server.people.store import people, sign_in_failures
from server.people.usecases import sign_in as signing_in
from server.people.usecases.sign_in import SignInAttempt

LOGINS_MAX = 10_000
"""How many logins are cached; the oldest goes first."""


class _Result(NamedTuple):
    correct: bool
    until: Instant


class LoginCache:
    """The results of recent logins in this process.

    Each is found by an HMAC of name, password and stored hash under a key that lives only as long as the process, so
    neither memory nor a core file holds a password, and another stored hash makes every earlier result unknown.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._results: OrderedDict[bytes, _Result] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, name: str, password: str, password_hash: str, at: Instant) -> bool | None:
        """Return whether this login was found correct or wrong lately; None when it is not cached."""
        with self._lock:
            result = self._results.get(self._key_of(name, password, password_hash))
        return result.correct if result is not None and at < result.until else None

    def add(self, name: str, password: str, password_hash: str, at: Instant, *, correct: bool) -> None:
        """Cache the result of verifying this login at ``at``.

        A correct one is kept as long as the rules of that day say. A wrong one stays wrong until the stored hash
        changes, so it is kept until newer ones push it out.
        """
        key = self._key_of(name, password, password_hash)
        until = instants.later(at, sign_in_rules.at(at).verified_for) if correct else FOREVER
        with self._lock:
            self._results[key] = _Result(correct, until)
            self._results.move_to_end(key)
            while len(self._results) > LOGINS_MAX:
                self._results.popitem(last=False)

    def _key_of(self, name: str, password: str, password_hash: str) -> bytes:
        login = b"\0".join(part.encode() for part in (name, password_hash, password))
        return digest(self._key, login, "sha256")


_CACHE = LoginCache()


def sign_in(database: Database, name: str, password: str, cache: LoginCache = _CACHE, *, address: str = "") -> Actor:
    """Return the person whose phone at ``address`` sends this name and password. Not for use inside a transaction.

    A wrong password that a phone repeats counts as one failed try: it repeats it for hours, all by itself, and
    would keep its owner locked out for ever. A password that somebody else has set opens nothing here, since Collect
    cannot change it; a weak one of the phone's owner goes on working here (ADR 0040).

    Raises SignInFailed, LockedOut, PasswordChangeRequired, TooManySignIns, ShortOfMemory.
    """
    with database.reading() as reading:
        attempt = signing_in.look_up(reading, name, address)
        # An unknown name is cached too: a phone that repeats one would lock its neighbours at that address out.
        stored = (attempt.account.password_hash if attempt.account else None) or ""
        cached = cache.find(name, password, stored, reading.now)
        if cached is True:
            _require_own(attempt)
            return people.actor(reading, name)
    if cached is False:
        raise SignInFailed("用户名或密码不对；请在 ODK Collect 的服务器设置里改正，或扫描管理员给的二维码。")
    correct = signing_in.password_matches(attempt, password)
    if not correct:
        refusal = signing_in.failed(database, attempt)
    else:
        actor = signing_in.written_or(
            database,
            lambda tx: _record_success(tx, attempt),
            lambda reading: signing_in.admitted(reading, attempt),
            Entry(signing_in.BEGIN, name, name, result=_result(attempt), address=attempt.address),
        )
    cache.add(name, password, stored, reading.now, correct=correct)
    if not correct:
        raise refusal
    _require_own(attempt)
    return actor


def _record_success(tx: Transaction, attempt: SignInAttempt) -> Actor:
    """Reset the count of failed tries; the audit has a phone's sign-in once a day from each address, not each visit."""
    last = sign_in_failures.last_success(tx, attempt.name, attempt.address)
    actor = signing_in.record_success(tx, attempt)
    if last is None or last < instants.later(tx.now, -signing_in.KNOWN_EVERY):
        told = {"door": "openrosa"}
        record(tx, Entry(signing_in.BEGIN, actor.name, actor.name, told, _result(attempt), address=attempt.address))
    return actor


TO_CHANGE = "to_change"
"""The result of a sign-in with the right password that lets nobody in, since it has to be changed first."""


def _result(attempt: SignInAttempt) -> str:
    """Return how a sign-in ends whose password was right."""
    return TO_CHANGE if _is_to_change(attempt) else DONE


def _is_to_change(attempt: SignInAttempt) -> bool:
    return attempt.account is not None and attempt.account.password_state is PasswordState.TO_CHANGE


def _require_own(attempt: SignInAttempt) -> None:
    if _is_to_change(attempt):
        raise PasswordChangeRequired(
            "这个密码是别人设的或太容易猜，要先在电脑或手机浏览器上登录、换成自己的密码；也可以请管理员发手机二维码。"
            "没送出的表单都还在。"
        )
