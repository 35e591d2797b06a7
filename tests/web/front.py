"""The front as it is served: the real event loop, the real protocol, a socket; the application is the test's own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir

from werkzeug.exceptions import RequestEntityTooLarge

from server.app import refused
from server.cli import serve
from server.settings import Settings
from server.web.admission import ADMITTED
from server.web.asgi import Bridge
from server.web.bodies import Spool
from server.web.graceful_stop import GracefulServer

PATIENCE_S = 30


def bridge_to(application, *, body_bytes_max: int = 10_000_000, **options) -> Bridge:
    """Return a bridge to an application that admits every body of so many bytes, in two threads.

    options: of ``Bridge``.
    """

    def admission(environ, start_response):
        if int(environ["CONTENT_LENGTH"]) > body_bytes_max:
            return refused(environ["PATH_INFO"], RequestEntityTooLarge())(environ, start_response)
        environ[ADMITTED] = body_bytes_max
        start_response("100 Continue", [("Content-Length", "0")])
        return []

    spool = Spool(Path(gettempdir()), 1_000_000_000, 0)
    parts = {"threads": 2, "admission": admission, "refused": refused, "spool": spool, **options}
    return Bridge(application, **parts)


@contextmanager
def served(bridge: Bridge, connections_max: int | None = None) -> Iterator[int]:
    """Serve ``bridge`` on a free port of its own until the block ends."""
    server = GracefulServer(serve.configuration(bridge, Settings(Path()), connections_max), bridge)
    with serve.listening("127.0.0.1", 0) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(PATIENCE_S)
            bridge.close()


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)


def said(port: int, *pieces: bytes) -> bytes:
    """Send the pieces on one connection, and return all that comes back until the server closes it."""
    with connect(port) as connection:
        for piece in pieces:
            connection.sendall(piece)
        return rest(connection)


def rest(connection: socket.socket) -> bytes:
    """Return all that comes until the server closes the connection."""
    received = b""
    while piece := connection.recv(65_536):
        received += piece
    return received
