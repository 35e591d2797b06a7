"""Serves an application that does nothing on Firegrid's web server: the most that Python and the server allow."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from server.cli.serve import THREADS, configuration, freeze
from server.settings import Settings
from server.web.asgi import Bridge
from server.web.bodies import Spool
from server.web.graceful_stop import GracefulServer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from werkzeug.wrappers import Response

ANSWER = b"created\n"


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Read the request and answer 201."""
    environ["wsgi.input"].read()
    start_response("201 CREATED", [("Content-Type", "text/plain"), ("Content-Length", str(len(ANSWER)))])
    return [ANSWER]


def _never_refused(path: str, error: Exception) -> Response:
    raise RuntimeError(f"the empty application refuses {path}") from error


def serve(port: int) -> None:
    """Serve until SIGTERM."""
    spool = Spool(Path(), 0, 0)
    bridge = Bridge(application, THREADS, application, _never_refused, spool)
    config: uvicorn.Config = configuration(bridge, Settings(Path()))
    server = GracefulServer(config, bridge)
    server.stop_on_signals()
    freeze()
    with socket.create_server(("127.0.0.1", port)) as listener:
        server.run(sockets=[listener])
    bridge.close()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
