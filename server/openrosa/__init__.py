"""The phones' door: OpenRosa 1.0 and ODK Entities as ODK Collect and KoboCollect use them."""

from __future__ import annotations

from flask import Flask, Response, request

from server.openrosa import responses
from server.openrosa.routes import door
from server.web import context
from server.web.problem_details import challenge_of, message_of, set_particulars, set_retry_after, status_of
from server.web.proxy import is_phone_path

__all__ = ["as_envelope", "mount", "refusal"]

_CLIENT_STATUSES = frozenset({400, 401, 403, 404, 405, 409, 413})


def mount(app: Flask) -> None:
    """Give the application the phones' door."""
    app.register_blueprint(door)

    @app.after_request
    def finish(response: Response) -> Response:
        if not is_phone_path(request.path):
            return response
        return responses.finish(request, response, context.settings().advertised_bytes)


def refusal(error: Exception, advertised_bytes: int) -> Response:
    """Answer ``error`` to a phone before Flask sees its request: the envelope, with the headers that phones require."""
    response = as_envelope(error)
    response.headers.extend(responses.required_headers(advertised_bytes))
    return response


def as_envelope(error: Exception) -> Response:
    """Answer ``error`` in the envelope whose message the phone shows; a 4xx that phones do not know becomes 400."""
    status = status_of(error)
    if 400 <= status < 500 and status not in _CLIENT_STATUSES:
        status = 400
    response = responses.envelope(status, message_of(error), "error")
    set_particulars(error, response)
    set_retry_after(error, response)
    if status == 401:
        challenge = challenge_of(error)
        if challenge is not None:
            response.headers["WWW-Authenticate"] = challenge
    return response
