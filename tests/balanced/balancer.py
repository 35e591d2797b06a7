"""A balancer in front of servers of one county: each request goes to the next of them, whatever came before it.

It keeps nothing to itself: no connection, no answer, no memory of who asked. So a client meets two processes within one
story, as behind Caddy or nginx with the plainest of policies. A server that takes no connection is passed over. For one
that breaks off 502 is answered, since nobody knows what it had done.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from itertools import count
from urllib.parse import quote
from wsgiref.types import StartResponse, WSGIEnvironment

from werkzeug.serving import make_server

PATIENCE_S = 60
OF_A_CONNECTION = {"connection", "keep-alive", "transfer-encoding"}
"""Headers that say something of one connection, which the other has no part in."""


class Balancer:
    """Hands requests to the servers at ``ports`` of this machine, in turns."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = ports
        self._turn = count()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            with closing(self._connected()) as connection:
                with suppress(BrokenPipeError, ConnectionResetError):  # answered before all of the body was read
                    connection.request(environ["REQUEST_METHOD"], _target(environ), _body(environ), _headers(environ))
                answer = connection.getresponse()
                told = [(name, value) for name, value in answer.getheaders() if name.lower() not in OF_A_CONNECTION]
                body = answer.read()
        except (HTTPException, OSError):
            start_response("502 Bad Gateway", [("Content-Length", "0")])
            return []
        start_response(f"{answer.status} {answer.reason}", told)
        return [body]

    def _connected(self) -> HTTPConnection:
        """Return a connection to the next server that takes one. Raises ConnectionRefusedError when none does."""
        for _ in self._ports[1:]:
            connection = self._next()
            with suppress(ConnectionRefusedError):
                connection.connect()
                return connection
        connection = self._next()
        connection.connect()
        return connection

    def _next(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self._ports[next(self._turn) % len(self._ports)], timeout=PATIENCE_S)

    @contextmanager
    def listening(self) -> Iterator[str]:
        """Take requests of other programs at an address, until the block ends."""
        server = make_server("127.0.0.1", 0, self, threaded=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.port}"
        finally:
            server.shutdown()
            thread.join(PATIENCE_S)
            server.server_close()


def _target(environ: WSGIEnvironment) -> str:
    path = quote(environ["PATH_INFO"].encode("latin-1"), safe="/:@!$&'()*+,;=-._~")
    query = environ.get("QUERY_STRING", "")
    return f"{path}?{query}" if query else path


def _body(environ: WSGIEnvironment) -> bytes:
    if environ.get("wsgi.input_terminated"):
        return environ["wsgi.input"].read()
    return environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))


def _headers(environ: WSGIEnvironment) -> dict[str, str]:
    told = {
        name.removeprefix("HTTP_").replace("_", "-").title(): value
        for name, value in environ.items()
        if name.startswith("HTTP_") or (name in ("CONTENT_TYPE", "CONTENT_LENGTH") and value)
    }
    forwarded = {"X-Forwarded-For": environ.get("REMOTE_ADDR", ""), "X-Forwarded-Proto": environ["wsgi.url_scheme"]}
    return {name: value for name, value in told.items() if name.lower() not in OF_A_CONNECTION} | forwarded
