"""Begin, renew and end the sessions of people who sign in with a password, and change that password."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from flask import Response, request

from schemas.people import (
    OwnPasswordRequestSchema,
    RefreshedSessionSchema,
    SessionEndQuery,
    SessionSchema,
    SignInRequestSchema,
)
from server.api import auth, responses, serializers
from server.api.blueprints import create_public_blueprint
from server.people.usecases import passwords, sessions, sign_in
from server.web import context, session_tokens

blueprint = create_public_blueprint("session", "登录与退出 · signing in and out")


@blueprint.route("/session", methods=("POST",))
@blueprint.arguments(SignInRequestSchema)
@blueprint.response(200, SessionSchema)
@blueprint.alt_response(401, success=False, description="user name or password is wrong")
@blueprint.alt_response(
    429,
    success=False,
    description="too many failed tries, and `until` says when the next one is allowed; or too many people at once",
)
@blueprint.doc(security=[])
def begin(login: dict[str, str]) -> Response:
    """Sign in. With `must_change_password` the tokens open nothing but `/session/password` and signing out."""
    signed_in = sign_in.sign_in(
        context.database(),
        login["username"],
        login["password"],
        request.remote_addr or "",
        lasts=timedelta(days=context.settings().refresh_days),
    )
    context.set_caller(signed_in.actor)
    tokens = session_tokens.of_sign_in(signed_in)
    return responses.secret(
        {
            "access_token": tokens.access,
            "refresh_token": tokens.refresh,
            "must_change_password": signed_in.must_change,
            "user": serializers.people.caller(signed_in.actor),
        }
    )


@blueprint.route("/session/refresh", methods=("POST",))
@blueprint.response(200, RefreshedSessionSchema)
@blueprint.alt_response(403, success=False, description="the password is to be changed first")
@blueprint.doc(security=[{"refresh": []}])
def refresh() -> Response:
    """Get the next two tokens; the Authorization header holds the refresh token, which is then used up.

    Ask again with the same one where the answer did not arrive. One that is shown after its successor was ends the
    session: somebody has a copy.
    """
    actor, tokens = session_tokens.renewed(auth.bearer_token())
    context.set_caller(actor)
    return responses.secret(
        {"access_token": tokens.access, "refresh_token": tokens.refresh, "user": serializers.people.caller(actor)}
    )


def _for_its_holder(view: Callable[..., Response]) -> Callable[..., Response]:
    """Ask who calls before anything is read: strangers are not told what a request should hold."""

    @wraps(view)
    def wrapped(*args: Any, **kwargs: Any) -> Response:
        context.set_caller(session_tokens.holder(auth.bearer_token(), may_be_given=True))
        return view(*args, **kwargs)

    return wrapped


@blueprint.route("/session/password", methods=("POST",))
@_for_its_holder
@blueprint.arguments(OwnPasswordRequestSchema)
@blueprint.response(204)
@blueprint.alt_response(422, success=False, description="the old password is wrong, or the new one too weak")
@blueprint.alt_response(429, success=False, description="too many wrong tries, as when signing in")
@blueprint.doc(security=[{"access": []}])
def change_password(asked: dict[str, str]) -> Response:
    """Change one's own password: this session goes on, all others end; phone keys stay good."""
    token = auth.bearer_token()
    by = context.set_caller(session_tokens.holder(token, may_be_given=True))
    session, address = session_tokens.read(token).session, request.remote_addr or ""
    old, new = asked["old_password"], asked["new_password"]
    context.carry_out(lambda database: passwords.change_own(database, by.name, session, old, new, address))
    return Response(status=204)


@blueprint.route("/session", methods=("DELETE",))
@blueprint.arguments(SessionEndQuery, location="query")
@blueprint.response(204)
@blueprint.doc(security=[{"access": []}, {"refresh": []}])
def end(query: dict[str, Any]) -> Response:
    """Sign out: both tokens are refused from now on. With `everywhere`, which takes an access token, on all devices."""
    token = auth.bearer_token()
    if query.get("everywhere", False):
        by = context.set_caller(session_tokens.holder(token, may_be_given=True)).name
        context.write(lambda tx: sessions.end_all(tx, by, by=by))
    else:
        session = session_tokens.read(token).session
        context.write(lambda tx: sessions.end(tx, session))
    return Response(status=204)
