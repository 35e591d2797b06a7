"""Answers small submissions without Flask, which costs more than the write.

Everything else goes to Flask as if it had never been here: another request, a refusal, any error. That is safe because
a submission is stored once, however often it is sent; and both share ``submission_post.receive``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from server.fast_path.small import small_submission_key
from server.openrosa import responses, submission_post, submission_xml
from server.openrosa.submission_post import SubmissionRequest
from server.people.domain.actors import Actor
from server.submissions.usecases.receiving import Receipt
from server.web.context import Services, actor_of_key, name_of_device
from server.web.proxy import client_address

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

VIEW = "openrosa.post_submission"
"""The name of the view in metrics and log, the same as in Flask."""

_STATUS_LINES = {status: f"{status} {HTTPStatus(status).phrase.upper()}" for status in (201, 202)}
"""Of the answers to a receipt (``submission_post.receipt_message``), as Flask writes them."""

RequestRecorder = Callable[[str, str, int, float, Actor, str, str], None]
"""Counts and logs an answer: its view, method, status, duration in seconds, caller, address and receipt number."""


class PastFlask:
    """A WSGI application that answers small submissions by phone key itself, and gives all else to ``app``."""

    def __init__(self, app: WSGIApplication, services: Services, record: RequestRecorder) -> None:
        self._app = app
        self._services = services
        self._record = record

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        token = small_submission_key(environ)
        if token is None:
            return self._app(environ, start_response)
        began = time.perf_counter()
        raw = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        environ["wsgi.input"] = BytesIO(raw)
        try:
            by, receipt = self._receive(environ, token, raw)
        except Exception:  # whatever it is, Flask meets it again, and answers and logs it
            return self._app(environ, start_response)
        status, message = submission_post.receipt_message(receipt)
        content = submission_xml.response(message, responses.SUCCESS)
        headers = [("Content-Type", responses.TEXT_XML), ("Content-Length", str(len(content)))]
        start_response(
            _STATUS_LINES[status],
            [*headers, *responses.required_headers(self._services.settings.advertised_bytes)],
        )
        address = client_address(environ, self._services.settings.trusted_proxies)
        self._record(VIEW, "POST", status, time.perf_counter() - began, by, address, receipt.number)
        return [content]

    def _receive(self, environ: WSGIEnvironment, token: str, raw: bytes) -> tuple[Actor, Receipt]:
        """Store a submission. Raises whatever keeps it from being answered with a receipt."""
        query, agent = environ["QUERY_STRING"], environ.get("HTTP_USER_AGENT")
        device = parse_qs(query).get("deviceID", [""])[0] if query else None
        by = actor_of_key(self._services, token, device, agent, environ)
        posted = SubmissionRequest(
            BytesIO(raw),
            environ.get("CONTENT_TYPE", ""),
            len(raw),
            name_of_device(device),
            name_of_device(agent),
        )
        outcome = submission_post.receive(self._services, by, posted)
        if not isinstance(outcome, Receipt):
            raise outcome
        return by, outcome
