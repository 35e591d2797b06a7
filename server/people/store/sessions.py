"""Store the sessions of people who signed in with a password; no token is in it, only the ids of tokens.

Not scoped, as signing in is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import NamedTuple

from server.db.sql import inserting
from server.db.transactions import Reading, Transaction
from server.instants import Instant
from server.people.domain.actors import Actor
from server.people.domain.passwords import PasswordState
from server.people.store import people

_COLUMNS = (
    "id", "person", "token", "predecessor", "is_used",
    "created_at", "last_used_at", "expires_at", "ended_at", "address",
)  # fmt: skip
_ADD = inserting("sign_in_session", _COLUMNS)

_HOLDER = """
    SELECT sign_in_session.token, sign_in_session.is_used, sign_in_session.last_used_at, sign_in_session.ended_at,
           person.name, person.display, person.revoked_at, person.password_state,
           (SELECT value FROM counter WHERE name = 'configuration') AS configuration
      FROM sign_in_session
      JOIN person ON person.name = sign_in_session.person
     WHERE sign_in_session.id = :id
"""


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in of ``person`` on one device.

    token: id of the refresh token that may be exchanged next. predecessor: of the one that was exchanged for it, None
    at first. is_used: whether ``token``, or an access token given with it, has been shown. last_used_at: to the minute.
    expires_at: when it ends at the latest. ended_at: when it was ended before that. address: where it began.
    """

    id: str
    person: str
    token: str
    predecessor: str | None
    is_used: bool
    created_at: Instant
    last_used_at: Instant
    expires_at: Instant
    ended_at: Instant | None
    address: str


class Holder(NamedTuple):
    """Who shows a token of a session, and what is known of both. has_ended: the session has, or the account is closed.

    actor: None when the account is closed.
    """

    actor: Actor | None
    password: PasswordState
    has_ended: bool
    token: str
    is_used: bool
    last_used_at: Instant


def add(tx: Transaction, session: Session) -> None:
    """Append a session."""
    tx.sql.put(_ADD, asdict(session) | {"is_used": int(session.is_used)})


def find(reading: Reading, id: str) -> Session | None:
    """Return a session, ended or not; None when there is none, or none any more."""
    row = reading.sql.find(f"SELECT {', '.join(_COLUMNS)} FROM sign_in_session WHERE id = :id", {"id": id})
    return None if row is None else Session(**row | {"is_used": bool(row["is_used"])})


def find_holder(reading: Reading, id: str) -> Holder | None:
    """Return who holds the session ``id``; None when there is none. One statement: every request begins with it."""
    row = reading.sql.find(_HOLDER, {"id": id})
    if row is None:
        return None
    is_closed = row["revoked_at"] is not None
    actor = None if is_closed else people.known_actor(reading, row["name"], row["display"], row["configuration"])
    has_ended, state = is_closed or row["ended_at"] is not None, PasswordState(row["password_state"])
    return Holder(actor, state, has_ended, row["token"], bool(row["is_used"]), row["last_used_at"])


def exchange(tx: Transaction, session: Session, token: str, predecessor: str) -> Session:
    """Let ``token`` follow ``predecessor``, and return the session as it then stands."""
    changed = replace(session, token=token, predecessor=predecessor, is_used=False, last_used_at=tx.now)
    tx.sql.put(
        """
        UPDATE sign_in_session
           SET token = :token, predecessor = :predecessor, is_used = 0, last_used_at = :now
         WHERE id = :id
        """,
        {"id": session.id, "token": token, "predecessor": predecessor, "now": tx.now},
    )
    return changed


def note_use(tx: Transaction, id: str, token: str) -> None:
    """Record that the session is in use. token: the refresh token that the shown access token was given with."""
    tx.sql.put(
        """
        UPDATE sign_in_session
           SET last_used_at = :now, is_used = CASE WHEN token = :token THEN 1 ELSE is_used END
         WHERE id = :id
        """,
        {"id": id, "token": token, "now": tx.now},
    )


def end(tx: Transaction, id: str) -> int:
    """End a session now; return 0 when it had ended, or is not there."""
    return tx.sql.run(
        "UPDATE sign_in_session SET ended_at = :now WHERE id = :id AND ended_at IS NULL", {"id": id, "now": tx.now}
    )


def end_all(tx: Transaction, person: str, but: str | None = None) -> int:
    """End every session of a person now, but for one; return how many were open."""
    return tx.sql.run(
        """
        UPDATE sign_in_session
           SET ended_at = :now
         WHERE person = :person AND ended_at IS NULL AND expires_at > :now AND id <> :but
        """,
        {"person": person, "but": but or "", "now": tx.now},
    )


def list_open(reading: Reading, person: str) -> Iterator[Session]:
    """Yield the sessions of a person that are open, oldest first."""
    rows = reading.sql.each(
        f"""
        SELECT {", ".join(_COLUMNS)}
          FROM sign_in_session
         WHERE person = :person AND ended_at IS NULL AND expires_at > :now
         ORDER BY created_at, id
        """,
        {"person": person, "now": reading.now},
    )
    return (Session(**row | {"is_used": bool(row["is_used"])}) for row in rows)


def delete_expired(tx: Transaction) -> int:
    """Delete the sessions whose last token has run out; return how many."""
    return tx.sql.run("DELETE FROM sign_in_session WHERE expires_at <= :now", {"now": tx.now})
