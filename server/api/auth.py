"""Authenticate callers of the API: signed-in people by their tokens, phones and field clients by their keys.

Both tokens of a session carry its id, so that ending the session ends both, and the stamp of the password under
which they were made, so that another password ends them too.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from flask import Flask, request
from flask_jwt_extended import JWTManager, create_access_token, create_refresh_token, decode_token
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt.exceptions import PyJWTError

from server import instants
from server.audit.domain.entries import Entry
from server.audit.usecases.recording import record
from server.db.transactions import Reading, Transaction
from server.errors import SignInRequired
from server.people.domain.actors import Actor
from server.people.usecases import sign_in
from server.web import context

FIELD_CLIENTS = "api-sync"
"""The blueprint of the field clients."""

ACCESS, REFRESH = "access", "refresh"
CHALLENGE = 'Bearer realm="Firegrid", Key realm="Firegrid"'
"""The WWW-Authenticate header of a 401; no browser opens a sign-in window of its own for these schemes."""


def mount(app: Flask) -> None:
    """Configure Flask-JWT-Extended, which signs with this installation's secret."""
    JWTManager(app)


def identify_caller() -> Actor:
    """Set whoever the Authorization header names as the caller of this request, and return them.

    Raises SignInRequired without a header, or when its token has run out; KeyRefused for a bad phone key.
    """
    scheme, _, credential = request.headers.get("Authorization", "").strip().partition(" ")
    credential = credential.strip()
    if scheme.lower() == "key" and credential:
        return context.caller_by_key(credential, is_phone=request.blueprint != FIELD_CLIENTS)
    if scheme.lower() == "bearer" and credential:
        return context.set_caller(token_holder(credential, ACCESS))
    raise SignInRequired("请先登录，或在 Authorization 里带上密钥。", challenge=CHALLENGE)


def bearer_token() -> str:
    """Return the token of the Authorization header. Raises SignInRequired when it has none."""
    scheme, _, token = request.headers.get("Authorization", "").strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise SignInRequired("请先登录。", challenge=CHALLENGE)
    return token.strip()


def begin_session(reading: Reading, actor: Actor) -> tuple[str, str]:
    """Return the access and the refresh token of a new session of ``actor``."""
    session, stamp = str(uuid4()), sign_in.session_stamp(reading, actor.name)
    claims = {"session": session, "stamp": stamp}
    refresh = create_refresh_token(
        actor.name, expires_delta=timedelta(days=context.settings().refresh_days), additional_claims=claims
    )
    return _access(actor, claims), refresh


def renew_session(token: str) -> tuple[str, Actor]:
    """Return another access token for the session of a refresh token, and its holder. Raises SignInRequired."""
    claims = _claims(token, REFRESH)
    actor = _holder(claims)
    return _access(actor, {"session": claims["session"], "stamp": claims["stamp"]}), actor


def token_holder(token: str, kind: str) -> Actor:
    """Return the holder of a token of this kind. Raises SignInRequired when it is invalid, expired or revoked."""
    return _holder(_claims(token, kind))


def end_session(tx: Transaction, session: str, name: str, refresh_days: int) -> None:
    """Refuse both tokens of a session from now on; the record of it is deleted once the last of them has run out.

    name: whose session it is.
    """
    sign_in.revoke_token(tx, session, instants.later(tx.now, timedelta(days=refresh_days)))
    record(tx, Entry("session.end", name, name))


def session_of(token: str) -> tuple[str, str]:
    """Return the id of the session that a token of either kind belongs to, and whose it is. Raises SignInRequired."""
    claims = _claims(token, None)
    return claims["session"], claims["sub"]


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
    if "exp" not in claims:
        raise _refused()  # such a token would never run out; we make none
    return claims


def _refused() -> SignInRequired:
    return SignInRequired("登录已过期或无效，请重新登录。", challenge=CHALLENGE)
