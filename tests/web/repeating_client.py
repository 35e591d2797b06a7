"""A client of tests that sends every write twice, as somebody does who never got the answer.

The second is answered as the first was, and carries nothing out. So this holds of whatever route any test writes by;
``test_requests_that_come_again.py`` says what else holds, and ``test_every_write_comes_again.py`` tries every route of
the API.
"""

from __future__ import annotations

import io
import re
import threading
from collections import Counter
from typing import Any
from uuid import uuid4

from flask.testing import FlaskClient
from werkzeug.wrappers import Request

from server import app as application

OWN_WAY = re.compile(
    r"/api/v1/session$|/api/v1/session/refresh$"  # another session each time; the loser of a race is told so
    r"|/api/v1/sync/"  # each change has an id of its own
    r"|/api/v1/uploads"  # tus says from where to go on
    r"|/office/cases/[^/]+/acts/"  # a page says that an act was done before
    r"|/office/sign-(in|out)"
)
"""What answers a repeat in a way of its own."""

WRITES = re.compile(r"/api/v1/|/office/")

tried: Counter[str] = Counter()
"""How often each route was sent twice in this run of tests, by its rule."""


class RepeatingClient(FlaskClient):
    """The client of a county that runs in a test."""

    def open(self, *args: Any, buffered: bool = False, follow_redirects: bool = False, **kwargs: Any) -> Any:
        is_write = kwargs.get("method", "GET") not in ("GET", "HEAD", "OPTIONS")
        is_alone = threading.current_thread() is threading.main_thread()  # who sends at once counts by himself
        if not is_write or not is_alone or follow_redirects or "environ_overrides" in kwargs:
            return super().open(*args, buffered=buffered, follow_redirects=follow_redirects, **kwargs)
        asked = self._request_from_builder_args(args, kwargs)
        if not WRITES.match(asked.path) or OWN_WAY.match(asked.path):
            return super().open(asked, buffered=buffered)
        asked.environ.setdefault("HTTP_IDEMPOTENCY_KEY", str(uuid4()))
        body = asked.get_data()
        first = super().open(_again(asked, body), buffered=buffered)
        if first.status_code < 400:
            self._repeat(asked, body, first)
        return first

    def _repeat(self, asked: Request, body: bytes, first: Any) -> None:
        """Send the same again."""
        before = self._kept()
        second = super().open(_again(asked, body), buffered=True)
        assert second.status_code == first.status_code, (asked.path, second.text)
        assert second.headers.get("Location") == first.headers.get("Location"), asked.path
        assert self._kept() == before, f"{asked.method} {asked.path} was carried out twice"
        if asked.path.startswith("/api/") and not first.is_streamed:
            assert second.data == first.data, asked.path
        rule, _ = self.application.url_map.bind("localhost").match(asked.path, asked.method, return_rule=True)
        tried[f"{asked.method} {rule.rule}"] += 1

    def _kept(self) -> list[tuple[Any, ...]]:
        with application.database_of(self.application).reading() as reading:
            of_history = "SELECT value FROM counter WHERE name IN ('seq', 'configuration') ORDER BY name"
            results = reading.sql.value("SELECT COUNT(*) FROM write_result")
            return [(results,), *reading.sql.tuples(of_history)]


def _again(asked: Request, body: bytes) -> Request:
    environ = {name: value for name, value in asked.environ.items() if not name.startswith(("werkzeug.", "flask."))}
    return Request({**environ, "wsgi.input": io.BytesIO(body)})
