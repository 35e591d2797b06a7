"""Begin, renew and end the sessions of people who sign in with a password."""

from __future__ import annotations

from flask import Response, request

from schemas.people import RefreshedSessionSchema, SessionSchema, SignInRequestSchema
from server.api import auth, responses, serializers
from server.api.blueprints import create_public_blueprint
from server.errors import SignInFailed
from server.people.usecases import sign_in
from server.web import context

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
    """Sign in."""
    try:
        actor = sign_in.sign_in(context.database(), login["username"], login["password"], request.remote_addr or "")
    except SignInFailed as refusal:
        refusal.data["challenge"] = auth.CHALLENGE
        raise
    context.set_caller(actor)
    with context.database().reading() as reading:
        access, refresh = auth.begin_session(reading, actor)
    return responses.secret(
        {"access_token": access, "refresh_token": refresh, "user": serializers.people.caller(actor)}
    )


@blueprint.route("/session/refresh", methods=("POST",))
@blueprint.response(200, RefreshedSessionSchema)
@blueprint.doc(security=[{"refresh": []}])
def refresh() -> Response:
    """Get another access token; the Authorization header holds the refresh token."""
    access, actor = auth.renew_session(auth.bearer_token())
    context.set_caller(actor)
    return responses.secret({"access_token": access, "user": serializers.people.caller(actor)})


@blueprint.route("/session", methods=("DELETE",))
@blueprint.response(204)
@blueprint.doc(security=[{"access": []}, {"refresh": []}])
def end() -> Response:
    """Sign out: both tokens of the session are refused from now on."""
    session, name = auth.session_of(auth.bearer_token())
    days = context.settings().refresh_days
    context.write(lambda tx: auth.end_session(tx, session, name, days))
    return Response(status=204)
