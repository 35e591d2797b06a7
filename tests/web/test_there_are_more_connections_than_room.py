"""Strangers hold as many connections as there is room for: who comes with a request is answered all the same."""

from __future__ import annotations

import resource
import threading
import time
from contextlib import ExitStack, closing

import pytest

from server.cli import serve
from server.cli.serve import share_of_files
from server.errors import Unavailable
from tests.web.front import PATIENCE_S, bridge_to, connect, rest, said, served

ROOM = 5
ASKED = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
LAST = b"Connection: close\r\n\r\n"


def ok(environ, start_response):
    body = b"x" * 1_000_000 if environ["PATH_INFO"] == "/large" else b"ok"
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET / HT",
        ASKED,
        ASKED + b"\r\n",
        b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx",
        b"POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
    ids=["nothing", "half a line", "half a head", "kept alive", "half a body", "no chunk"],
)
def test_the_connection_that_has_kept_the_server_waiting_longest_makes_room(begun):
    with served(bridge_to(ok), connections_max=ROOM) as port, ExitStack() as held:
        strangers = [held.enter_context(connect(port)) for _ in range(4 * ROOM)]
        for stranger in strangers:
            stranger.sendall(begun)

        for _ in range(3):
            assert said(port, ASKED + LAST).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("last", [b"\r\n", LAST], ids=["kept alive", "the last"])
def test_who_asks_for_much_and_reads_nothing_makes_room_once_the_answers_are_stuck(last):
    large = b"GET /large HTTP/1.1\r\nHost: x\r\n"
    with served(bridge_to(ok), connections_max=ROOM) as port, ExitStack() as held:
        for _ in range(4 * ROOM):
            held.enter_context(connect(port)).sendall((large + b"\r\n") * 9 + large + last)

        until = time.monotonic() + PATIENCE_S
        while not said_or_cut(port, ASKED + LAST).startswith(b"HTTP/1.1 200"):
            assert time.monotonic() < until


def test_a_request_that_is_being_answered_and_a_body_that_was_admitted_keep_their_connections():
    """All room is taken by those; a newcomer is told to come back, and each of them gets its answer."""
    begun, held = threading.Semaphore(0), threading.Event()

    def application(environ, start_response):
        environ["wsgi.input"].read()
        begun.release()
        held.wait(PATIENCE_S)
        return ok(environ, start_response)

    upload = b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\nExpect: 100-continue\r\n" + LAST
    with served(bridge_to(application, threads=ROOM), connections_max=ROOM) as port, ExitStack() as stack:
        asking = [stack.enter_context(closing(connect(port))) for _ in range(ROOM)]
        for connection in asking[1:]:
            connection.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n" + LAST)
            assert begun.acquire(timeout=PATIENCE_S)
        asking[0].sendall(upload)
        assert asking[0].recv(1_000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        asking[0].sendall(b"x" * 90_000)

        assert said(port).startswith(b"HTTP/1.1 503")

        asking[0].sendall(b"x" * 10_000)
        held.set()
        assert [rest(connection)[:12] for connection in asking] == [b"HTTP/1.1 200"] * ROOM


def said_or_cut(port: int, asked: bytes = b"") -> bytes:
    """Return what comes within a moment, and nothing when the server lets go."""
    with connect(port) as connection:
        connection.settimeout(0.2)
        try:
            connection.sendall(asked)
            return rest(connection)
        except (TimeoutError, ConnectionError):
            return b""


@pytest.mark.parametrize(
    ("files", "threads", "connections"),
    [(64, 4, 8), (1_024, 16, 464), (1_000_000, 16, 32_720), (resource.RLIM_INFINITY, 16, 32_720)],
)
def test_the_limit_of_open_files_is_raised_and_parted_among_threads_and_connections(
    monkeypatch, files, threads, connections
):
    raised = []
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (32, files))
    monkeypatch.setattr(resource, "setrlimit", lambda kind, limits: raised.append(limits))

    assert share_of_files(16) == (threads, connections)
    assert raised == [(serve.FILES_MAX if files > serve.FILES_MAX or files < 0 else files, files)]


def test_a_limit_that_leaves_too_little_is_refused_with_the_cure(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (48, 48))
    monkeypatch.setattr(resource, "setrlimit", lambda kind, limits: None)

    with pytest.raises(Unavailable, match="ulimit -n"):
        share_of_files(16)
