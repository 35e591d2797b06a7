"""A receiver of webhooks: a real HTTP server on this machine that keeps what it is sent, and answers as it is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from typing import Any

import orjson

from server.db.database import Database
from server.settings import Settings
from server.webhooks.usecases import delivering


class Receiver:
    """What came in, and how it answers. statuses: of the next answers, in turn; 204 when there are none left.

    refused: records of which nothing is taken. location: of an answer that leads elsewhere.
    """

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        self.refused: set[str] = set()
        self.location = ""
        self.port = 0
        self.gate = threading.Event()
        self.gate.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/firegrid"

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [orjson.loads(body) for _, body in self.got]

    def settings(self, database: Database) -> Settings:
        return Settings(database.folder, webhook_hosts=("127.0.0.1",), webhook_networks=(ip_network("127.0.0.0/8"),))

    def answer(self, headers: dict[str, str], body: bytes) -> int:
        self.gate.wait(10)
        self.got.append((headers, body))
        if orjson.loads(body)["record"] in self.refused:
            return 422
        return self.statuses.pop(0) if self.statuses else 204


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = receiver.answer({name.lower(): value for name, value in self.headers.items()}, body)
            self.send_response(status)
            if receiver.location:
                self.send_header("Location", receiver.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield receiver
    finally:
        receiver.gate.set()
        server.shutdown()
        thread.join()
        server.server_close()


def serve(database: Database, receiver: Receiver, id: str) -> None:
    """Send a receiver what is due now."""
    delivering.serve(database, receiver.settings(database), id)
