"""The phones' door: OpenRosa 1.0 and ODK Entities as ODK Collect and KoboCollect speak them."""

from __future__ import annotations

from flask import Flask, Response, request

from server.openrosa import responses
from server.openrosa.fast_path import Express
from server.openrosa.routes import door
from server.web import context
from server.web.problem_details import allow_methods, ask_to_wait, challenge_of, status_of, words_of
from server.web.proxy import is_phone_path

__all__ = ["Express", "as_envelope", "mount"]

_CLIENT_STATUSES = frozenset({400, 401, 403, 404, 405, 409, 413})


def mount(app: Flask) -> None:
    """Give the application the phones' door."""
    app.register_blueprint(door)

    @app.after_request
    def dress(response: Response) -> Response:
        if not is_phone_path(request.path):
            return response
        return responses.dress(request, response, context.settings().advertised_bytes)


def as_envelope(error: Exception) -> Response:
    """Answer ``error`` in the envelope whose message the phone shows; other 4xx than phones know become 400."""
    status = status_of(error)
    if 400 <= status < 500 and status not in _CLIENT_STATUSES:
        status = 400
    response = responses.envelope(status, words_of(error), "error")
    allow_methods(error, response)
    ask_to_wait(error, response)
    if status == 401:
        challenge = challenge_of(error)
        if challenge is not None:
            response.headers["WWW-Authenticate"] = challenge
    return response
