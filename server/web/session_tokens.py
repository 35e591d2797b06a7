"""The tokens of people who signed in: signed by this installation's secret, and checked against their session.

An access token opens every door for some minutes, a refresh token gets the next pair, once. Both name the session and
the refresh token of their pair, which says whether the pair has arrived.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

from flask import Flask, current_app
from flask_jwt_extended import JWTManager, create_access_token, create_refresh_token, decode_token
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt.exceptions import PyJWTError

from server import instants
from server.errors import SignInRequired
from server.people.domain.actors import Actor
from server.people.store.sessions import Session
from server.people.usecases import sessions
from server.people.usecases.sign_in import SignedIn
from server.web import context

ACCESS, REFRESH = "access", "refresh"


@dataclass(frozen=True, slots=True)
class Tokens:
    """A pair of tokens. refresh: of no use where the session could not be written."""

    access: str
    refresh: str


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token of ours says. session: its id, empty where it could not be written. pair: id of the refresh token.

    stamp: of the password, only where the session could not be written.
    """

    name: str
    session: str
    pair: str
    stamp: str


def mount(app: Flask) -> None:
    """Configure Flask-JWT-Extended, which signs with this installation's secret."""
    JWTManager(app)


def of_sign_in(signed_in: SignedIn) -> Tokens:
    """Return the tokens of somebody who has just signed in."""
    name = signed_in.actor.name
    if signed_in.session is not None:
        return of_session(signed_in.session)
    with context.database().reading() as reading:
        claims = {"session": "", "pair": "", "stamp": sessions.unrecorded_stamp(reading, name)}
    minutes = timedelta(minutes=context.settings().access_minutes)
    return Tokens(_access(name, claims), _refresh(name, minutes, claims))


def of_session(session: Session) -> Tokens:
    """Return the next pair of tokens of a session."""
    claims = {"session": session.id, "pair": session.token, "stamp": ""}
    left = instants.parse(session.expires_at) - instants.parse(session.last_used_at)
    return Tokens(_access(session.person, claims), _refresh(session.person, left, claims))


def holder(token: str, *, may_be_given: bool = False) -> Actor:
    """Return the holder of an access token.

    may_be_given: those too who have to change their password first. Raises SignInRequired when it is invalid or has run
    out, or its session has ended; PasswordChangeRequired.
    """
    claims = read(token, ACCESS)
    if claims.session:
        return sessions.caller(context.database(), claims.session, claims.pair, may_be_given=may_be_given)
    with context.database().reading() as reading:
        return sessions.unrecorded_caller(reading, claims.name, claims.stamp, may_be_given=may_be_given)


def renewed(token: str) -> tuple[Actor, Tokens]:
    """Return the holder of a refresh token and the pair that follows. Raises SignInRequired, PasswordChangeRequired."""
    claims = read(token, REFRESH)
    found = sessions.renew(context.database(), claims.session, claims.pair)
    return found.actor, of_session(found.session)


def read(token: str, kind: str | None = None) -> Claims:
    """Return what a token of this kind says, None for either. Raises SignInRequired when it is none of ours."""
    try:
        claims = _verified(current_app.config["JWT_SECRET_KEY"], token)
    except (PyJWTError, JWTExtendedException) as error:
        raise _refused() from error
    if claims["type"] not in ((ACCESS, REFRESH) if kind is None else (kind,)):
        raise _refused()
    if not all(isinstance(claims.get(name), str) for name in ("sub", "session", "pair", "stamp")):
        raise _refused()
    if "exp" not in claims:
        raise _refused()  # such a token would never run out; we make none
    if claims["exp"] <= time.time():
        raise _refused()
    return Claims(claims["sub"], claims["session"], claims["pair"], claims["stamp"])


@lru_cache(maxsize=1_000)  # a page and its lists show one token again and again, and verifying costs a tenth of a list
def _verified(secret: str, token: str) -> dict[str, Any]:
    """Return what a token says that this installation has signed. It may have run out since.

    secret: of the installation, the key of the signature. Raises PyJWTError, JWTExtendedException.
    """
    claims: dict[str, Any] = decode_token(token)
    return claims


def _access(name: str, claims: dict[str, str]) -> str:
    minutes = context.settings().access_minutes
    token: str = create_access_token(name, expires_delta=timedelta(minutes=minutes), additional_claims=claims)
    return token


def _refresh(name: str, lasts: timedelta, claims: dict[str, str]) -> str:
    token: str = create_refresh_token(name, expires_delta=lasts, additional_claims=claims)
    return token


def _refused() -> SignInRequired:
    return SignInRequired("登录已过期或无效，请重新登录。")
