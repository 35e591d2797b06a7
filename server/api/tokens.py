"""Makes and reads the tokens of signed-in people.

Both tokens of a session carry its id, so that ending the session ends both, and the stamp of the password under
which they were made, so that another password ends them too.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from flask import Flask
from flask_jwt_extended import JWTManager, create_access_token, create_refresh_token, decode_token
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt.exceptions import PyJWTError

from server import instants
from server.db.transactions import Reading, Transaction
from server.errors import SignInRequired
from server.people.domain.actors import Actor
from server.people.usecases import sign_in
from server.web import context

ACCESS, REFRESH = "access", "refresh"
CHALLENGE = 'Bearer realm="Firegrid", Key realm="Firegrid"'
"""What a 401 asks for; no browser opens a window of its own for these."""


def mount(app: Flask) -> None:
    """Let Flask-JWT-Extended sign with this installation's secret."""
    JWTManager(app)


def begin(reading: Reading, actor: Actor) -> tuple[str, str]:
    """Return the access and the refresh token of a new session of ``actor``."""
    session, stamp = str(uuid4()), sign_in.session_stamp(reading, actor.name)
    claims = {"session": session, "stamp": stamp}
    refresh = create_refresh_token(
        actor.name, expires_delta=timedelta(days=context.settings().refresh_days), additional_claims=claims
    )
    return _access(actor, claims), refresh


def renew(token: str) -> tuple[str, Actor]:
    """Return another access token for the session of a refresh token, and who holds it. Raises SignInRequired."""
    claims = _claims(token, REFRESH)
    actor = _holder(claims)
    return _access(actor, {"session": claims["session"], "stamp": claims["stamp"]}), actor


def holder(token: str, kind: str) -> Actor:
    """Return who holds a token of this kind. Raises SignInRequired when it is none, has run out or was ended."""
    return _holder(_claims(token, kind))


def end(tx: Transaction, session: str, refresh_days: int) -> None:
    """Refuse both tokens of a session from now on; they are forgotten once the last of them has run out."""
    sign_in.revoke_token(tx, session, instants.later(tx.now, timedelta(days=refresh_days)))


def session_of(token: str) -> str:
    """Return the id of the session that a token of either kind belongs to. Raises SignInRequired."""
    return _claims(token, None)["session"]


def _access(actor: Actor, claims: dict[str, str]) -> str:
    minutes = context.settings().access_minutes
    token: str = create_access_token(actor.name, expires_delta=timedelta(minutes=minutes), additional_claims=claims)
    return token


def _holder(claims: dict[str, str]) -> Actor:
    try:
        with context.database().reading() as reading:
            return sign_in.actor_by_token(reading, claims["sub"], claims["session"], claims["stamp"])
    except SignInRequired as refusal:
        refusal.data.setdefault("challenge", CHALLENGE)
        raise


def _claims(token: str, kind: str | None) -> dict[str, str]:
    try:
        claims = decode_token(token)
    except (PyJWTError, JWTExtendedException) as error:
        raise _refused() from error
    if claims["type"] not in ((ACCESS, REFRESH) if kind is None else (kind,)):
        raise _refused()
    if not all(isinstance(claims.get(name), str) for name in ("sub", "session", "stamp")):
        raise _refused()
    return claims


def _refused() -> SignInRequired:
    return SignInRequired("登录已过期或无效，请重新登录。", challenge=CHALLENGE)
