"""Begins, continues and ends the sessions of people who sign in with a password."""

from __future__ import annotations

from flask import Response, request

from schemas.people import RefreshedSessionSchema, SessionSchema, SignInRequestSchema
from server.api import responses, serializers, tokens
from server.api.blueprints import open_door
from server.errors import SignInFailed, SignInRequired
from server.people.usecases import sign_in
from server.web import context

door = open_door("session", "登录与退出 · signing in and out")


@door.route("/session", methods=("POST",))
@door.arguments(SignInRequestSchema)
@door.response(200, SessionSchema)
@door.alt_response(401, success=False, description="user name or password is wrong")
@door.alt_response(429, success=False, description="too many failed tries; `until` says when the next one is allowed")
@door.doc(security=[])
def begin(login: dict[str, str]) -> Response:
    """Sign in."""
    try:
        actor = sign_in.sign_in(context.database(), login["username"], login["password"])
    except SignInFailed as refusal:
        refusal.data["challenge"] = tokens.CHALLENGE
        raise
    context.set_caller(actor)
    with context.database().reading() as reading:
        access, refresh = tokens.begin(reading, actor)
    return responses.secret(
        {"access_token": access, "refresh_token": refresh, "user": serializers.people.caller(actor)}
    )


@door.route("/session/refresh", methods=("POST",))
@door.response(200, RefreshedSessionSchema)
@door.doc(security=[{"refresh": []}])
def refresh() -> Response:
    """Get another access token; the Authorization header shows the refresh token."""
    access, actor = tokens.renew(_bearer())
    context.set_caller(actor)
    return responses.secret({"access_token": access, "user": serializers.people.caller(actor)})


@door.route("/session", methods=("DELETE",))
@door.response(204)
@door.doc(security=[{"access": []}, {"refresh": []}])
def end() -> Response:
    """Sign out: both tokens of the session are refused from now on."""
    session, days = tokens.session_of(_bearer()), context.settings().refresh_days
    context.write(lambda tx: tokens.end(tx, session, days))
    return Response(status=204)


def _bearer() -> str:
    scheme, _, token = request.headers.get("Authorization", "").strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise SignInRequired("请先登录。", challenge=tokens.CHALLENGE)
    return token.strip()
