"""Keep people signed in: sessions begin with a sign-in, are renewed by tokens that each work once, and can be ended.

A session is the family of the refresh tokens that follow each other on one device. Whoever shows one that was exchanged
before has a copy, or lost theirs to somebody who had: the session ends for both (RFC 9700, section 4.14.2). On a weak
line the answer with the successor may be lost, so the predecessor is taken again while nobody has shown the successor,
nor an access token that was given with it (ADR 0040).
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from hashlib import sha256
from typing import NamedTuple

from server import instants
from server.audit.domain.entries import Entry
from server.audit.usecases.recording import record
from server.db.database import Database
from server.db.transactions import Reading, Transaction
from server.errors import PasswordChangeRequired, Refusal, SignInRequired, Unavailable
from server.log import log
from server.people.domain.actors import Actor
from server.people.domain.passwords import PasswordState
from server.people.store import accounts, people
from server.people.store import sessions as store
from server.people.store.sessions import Session

LASTS = timedelta(days=30)
"""How long a session lasts unless settings say otherwise."""

USED_EVERY = timedelta(minutes=1)
"""How often at most the use of a session is noted: every write costs a commit, and minutes are enough."""


class Renewed(NamedTuple):
    """A renewed session: its holder, and the session with the token that may be exchanged next."""

    actor: Actor
    session: Session


def begin(tx: Transaction, name: str, address: str, lasts: timedelta = LASTS) -> Session:
    """Begin a session of ``name`` and return it. address: of the network, empty for none. lasts: at most."""
    until = instants.later(tx.now, lasts)
    session = Session(tx.new_id(), name, tx.new_id(), None, False, tx.now, tx.now, until, None, address)
    store.add(tx, session)
    return session


def caller(database: Database, id: str, token: str, *, may_be_given: bool = False) -> Actor:
    """Return who shows an access token of the session ``id``, and note its use once a minute, without waiting for it.

    token: id of the refresh token that it was given with. may_be_given: let people through whose password is one that
    they have to change; only for changing it. Not for use inside a transaction. Raises SignInRequired when the session
    has ended or the account is closed, PasswordChangeRequired.
    """
    reading = database.single_read()
    holder = store.find_holder(reading, id)
    if holder is None:
        raise _ended()
    actor = _open_holder(holder, may_be_given=may_be_given)
    is_first = holder.token == token and not holder.is_used
    if is_first or not instants.is_recent(holder.last_used_at, USED_EVERY, reading.now):
        database.write_later(lambda tx: store.note_use(tx, id, token), _not_noted)
    return actor


def renew(database: Database, id: str, token: str) -> Renewed:
    """Exchange the refresh token ``token`` of the session ``id`` for a new one. Not for use inside a transaction.

    Where nothing can be written, the present token stays good and is returned again. Raises SignInRequired, also when
    the token was exchanged before, which ends the session; PasswordChangeRequired.
    """
    try:
        renewed = database.write(lambda tx: _exchanged(tx, id, token))
    except Unavailable as error:
        log.error("session not renewed", problem=type(error).__name__, cause=repr(error.__cause__))
        with database.reading() as reading:
            renewed = _unchanged(reading, id, token)
    if isinstance(renewed, Refusal):
        raise renewed
    return renewed


def end(tx: Transaction, id: str) -> None:
    """Sign out: every token of the session is refused from now on."""
    session = store.find(tx, id)
    if session is not None and store.end(tx, id):
        record(tx, Entry("session.end", session.person, session.person, {"session": id}))


def end_all(tx: Transaction, name: str, *, by: str, but: str | None = None) -> int:
    """Sign ``name`` out everywhere, but for the session ``but``; return how many were open. Raises NotFound.

    Phone keys, and passwords that phones send, are not sessions and stay good.
    """
    account = accounts.get(tx, name)
    ended = store.end_all(tx, account.name, but)
    record(
        tx, Entry("session.end_all" if by == account.name else "user.sign_out", by, account.name, {"sessions": ended})
    )
    return ended


def unrecorded_stamp(reading: Reading, name: str) -> str:
    """Return the stamp of an access token whose session could not be written; another password makes it void."""
    return _stamp(accounts.get(reading, name).password_hash)


def unrecorded_caller(reading: Reading, name: str, stamp: str, *, may_be_given: bool = False) -> Actor:
    """Return who shows an access token that was given while no session could be written. Raises as ``caller``."""
    account = accounts.find(reading, name)
    if account is None or account.revoked_at is not None or account.password_hash is None:
        raise _closed()
    if not secrets.compare_digest(stamp, _stamp(account.password_hash)):
        raise _ended()
    _require_own(account.password_state, may_be_given=may_be_given)
    return people.actor(reading, name)


def _exchanged(tx: Transaction, id: str, token: str) -> Renewed | Refusal:
    """Return the renewed session or the refusal to answer with; raising it would undo that the session ends."""
    found = _renewable(tx, id)
    if isinstance(found, Refusal):
        return found
    actor, session = found
    if not _is_good(session, token):
        store.end(tx, id)
        record(tx, Entry("session.reused", session.person, session.person, {"session": id}, "refused"))
        return _ended()
    return Renewed(actor, store.exchange(tx, session, tx.new_id(), token))


def _unchanged(reading: Reading, id: str, token: str) -> Renewed | Refusal:
    found = _renewable(reading, id)
    if isinstance(found, Refusal):
        return found
    actor, session = found
    return Renewed(actor, session) if _is_good(session, token) else _ended()


def _renewable(reading: Reading, id: str) -> tuple[Actor, Session] | Refusal:
    session, holder = store.find(reading, id), store.find_holder(reading, id)
    if session is None or holder is None:
        return _ended()
    try:
        return _open_holder(holder, may_be_given=False), session
    except Refusal as refusal:
        return refusal


def _is_good(session: Session, token: str) -> bool:
    return token == session.token or (token == session.predecessor and not session.is_used)


def _open_holder(holder: store.Holder, *, may_be_given: bool) -> Actor:
    if holder.actor is None:
        raise _closed()
    if holder.has_ended:
        raise _ended()
    _require_own(holder.password, may_be_given=may_be_given)
    return holder.actor


def _require_own(state: PasswordState, *, may_be_given: bool) -> None:
    if state is PasswordState.TO_CHANGE and not may_be_given:
        raise PasswordChangeRequired(
            "您还在用别人设的或太容易猜的密码；请先改成自己的密码（网页上的“改密码”，或 fieldsync login），再继续。"
        )


def _not_noted(error: BaseException) -> None:
    log.error("use of a session not noted", problem=type(error).__name__, cause=repr(error.__cause__))


def _stamp(password_hash: str | None) -> str:
    return sha256((password_hash or "").encode()).hexdigest()[:16]


def _closed() -> SignInRequired:
    return SignInRequired("您的账号已停用；如有疑问请联系管理员。")


def _ended() -> SignInRequired:
    return SignInRequired("登录已失效，请重新登录。")
