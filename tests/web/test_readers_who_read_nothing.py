"""Whoever asks and then reads nothing is let go after a while; whoever reads slowly gets all of it."""

from __future__ import annotations

import json
import threading
import time
from contextlib import ExitStack

import pytest

from server.cli import serve
from server.web import bodies
from tests.stories.child_server import make_folder, new_instance, send, serving
from tests.web.front import PATIENCE_S, bridge_to, connect, rest, served

pytestmark = pytest.mark.slow

BYTES = 30_000_000
"""More than the kernel holds for a connection whose other end reads nothing."""

ASKED = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@pytest.fixture(params=["as it is made", "in one piece"])
def port(request, monkeypatch):
    monkeypatch.setattr(bodies, "STALL_S", 2)
    pieces = 1 if request.param == "in one piece" else 300

    def application(environ, start_response):
        start_response("200 OK", [])
        return (b"x" * (BYTES // pieces) for _ in range(pieces))

    with served(bridge_to(application)) as port:
        yield port


def test_who_reads_nothing_is_cut_off(port):
    with connect(port) as connection:
        connection.sendall(ASKED)
        time.sleep(5)

        assert cut_off_after(connection) < BYTES


def test_who_reads_slowly_gets_the_whole_answer(port):
    begun = 0
    with connect(port) as connection:
        connection.sendall(ASKED)
        for _ in range(10):
            begun += len(connection.recv(1_000_000))
            time.sleep(0.5)

        assert begun + len(rest(connection)) > BYTES


def cut_off_after(connection) -> int:
    """Return how many bytes come until the connection is cut off, with a reset or without."""
    received = 0
    try:
        while piece := connection.recv(65_536):
            received += len(piece)
    except ConnectionError:
        return received
    return received


def test_a_reader_who_reads_nothing_keeps_no_server_from_stopping(monkeypatch):
    monkeypatch.setattr(serve, "STOP_S", 1)
    closed = threading.Event()

    def application(environ, start_response):
        start_response("200 OK", [])
        return _endless(closed)

    with ExitStack() as held:
        with served(bridge_to(application)) as port:
            for _ in range(3):
                connection = held.enter_context(connect(port))
                connection.sendall(ASKED)
                connection.recv(1)

        assert closed.wait(PATIENCE_S)


def test_a_county_goes_on_while_more_people_than_there_are_threads_begin_to_load_a_video_and_read_nothing(tmp_path):
    video = b"\x00" * 20_000_000
    with serving(make_folder(tmp_path / "data")) as server, ExitStack() as held:
        assert send(server, new_instance(), video) == 201
        key = {"Authorization": f"Key {server.key}"}
        (submission,) = json.loads(server.get("/api/v1/submissions", **key)[1])["items"]
        path = f"/api/v1/submissions/{submission['id']}/attachments/1.jpg"
        for _ in range(serve.THREADS + 1):
            reader = held.enter_context(connect(server.port))
            reader.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Key {server.key}\r\n\r\n".encode())
            assert reader.recv(12) == b"HTTP/1.1 200"

        assert server.get("/healthz")[0] == 200
        assert server.get("/api/v1/records", **key)[0] == 200
        assert send(server, new_instance()) == 201
        assert server.get(path, **key)[0] == 200


def _endless(closed: threading.Event):
    try:
        while True:
            yield b"x" * 65_536
    finally:
        closed.set()
