"""A line that drops every second request: cut off within its body, or before its answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def every_second_request_lost(port: Callable[[], int], cut_at: int = 1_200_000) -> Iterator[int]:
    """Forward a port of one's own to ``port``, which is asked for each connection; yields its number.

    Of every second connection the client's bytes are forwarded up to ``cut_at``, and no answer: both ends break there,
    or when the answer would come.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    count = 0

    def serve() -> None:
        nonlocal count
        with suppress(OSError):  # closed: the test is over
            while True:
                client, _ = listener.accept()
                count += 1
                threading.Thread(
                    target=_forward, args=(client, port(), cut_at if count % 2 else None), daemon=True
                ).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


def _forward(client: socket.socket, port: int, cut_at: int | None) -> None:
    with client, suppress(OSError), socket.create_connection(("127.0.0.1", port)) as server:
        back = threading.Thread(target=_copy if cut_at is None else _lose, args=(server, client), daemon=True)
        back.start()
        _copy(client, server, cut_at)
        with suppress(OSError):
            server.shutdown(socket.SHUT_WR) if cut_at is None else server.shutdown(socket.SHUT_RDWR)
        back.join(30)


def _copy(source: socket.socket, target: socket.socket, most: int | None = None) -> None:
    """Copy what comes until it ends. most: bytes after which one stops."""
    passed = 0
    with suppress(OSError):
        while piece := source.recv(65_536):
            target.sendall(piece if most is None else piece[: most - passed])
            passed += len(piece)
            if most is not None and passed >= most:
                return


def _lose(source: socket.socket, target: socket.socket) -> None:
    """Wait for an answer and break the other side's line in its place: who is not answered waits for ever."""
    with suppress(OSError):
        source.recv(65_536)
        target.shutdown(socket.SHUT_RDWR)
