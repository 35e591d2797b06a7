"""Judges a request by its head: whether there is such an address, who asks, and how large a body it takes; and whether
those before it have waited for so long that it is not taken in.

The event loop asks before it takes more than a little of a body (``server.web.bodies``). What a door refuses here it
would refuse with the whole body just the same; so the doors' own rules are run, once more, and no others.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from flask import Flask, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from server.settings import WAIT_S

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

BODY_BYTES_MAX = 65_536
"""The size of a body, in bytes, where a door allows no larger one (``request.max_content_length``)."""

ADMITTED = "firegrid.body_bytes_max"
"""Where the environment of an admitted request says how large its body may be, in bytes."""


class Admission:
    """A WSGI application that answers a request that ``app`` would refuse whatever its body says.

    Of one that it admits it writes ``ADMITTED`` into the environment; the answer then means nothing. The body is not
    read, and its length is what the environment states, or what has come of it.
    """

    def __init__(self, app: Flask) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with self._app.request_context(environ):
            refusal = self._refusal()
            if refusal is not None:
                return refusal(environ, start_response)
            environ[ADMITTED] = request.max_content_length
        start_response("100 Continue", [("Content-Length", "0")])
        return []

    def _refusal(self) -> Response | None:
        """Return the answer to a request that is refused, as Flask would finish it, log line and all."""
        try:
            answer = self._app.preprocess_request()
            _require_admissible()
        except Exception as error:  # Flask knows how each is answered
            answer = self._app.handle_user_exception(error)
        return None if answer is None else self._app.process_response(self._app.make_response(answer))


def _require_admissible() -> None:
    """Raise what Flask found wrong with the address or the method, and RequestEntityTooLarge."""
    if request.routing_exception is not None:
        raise request.routing_exception
    if (request.content_length or 0) > (request.max_content_length or 0):
        raise RequestEntityTooLarge


class Queue:
    """Requests that wait to be served, first come, first served. wait_s: how long the first may, in seconds, before no
    more are taken in; an evening on which a whole county sends drains long before.
    """

    def __init__(self, wait_s: float = WAIT_S, now: Callable[[], float] = time.monotonic) -> None:
        self._wait_s = wait_s
        self._now = now
        self._since: deque[float] = deque()

    def is_overloaded(self) -> bool:
        """Return whether the first in the queue has waited for so long that the last would wait in vain."""
        try:
            return self._now() - self._since[0] > self._wait_s
        except IndexError:
            return False

    def enter(self) -> None:
        """Note that one more waits."""
        self._since.append(self._now())

    def leave(self) -> None:
        """Note that the first is being served."""
        with suppress(IndexError):
            self._since.popleft()
