"""What all requests hold together has a bound, so that many small strangers cost no more than one large one."""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path

import pytest

from server.errors import Busy
from server.web import bodies, http_protocol
from server.web.bodies import Body, Spool
from tests.web.front import PATIENCE_S, bridge_to, connect, rest, said, served

ASKED = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
LARGE = b"X-More: " + b"y" * 20_000 + b"\r\n"


def ok(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]


def test_of_half_heads_that_are_too_many_together_the_first_are_given_up_and_others_answered(monkeypatch):
    monkeypatch.setattr(http_protocol, "HEADS_BYTES_MAX", 100_000)
    with served(bridge_to(ok)) as port, ExitStack() as held:
        strangers = [held.enter_context(connect(port)) for _ in range(10)]
        for stranger in strangers:
            stranger.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n" + LARGE)

        assert said(port, ASKED).endswith(b"ok")
        assert was_cut_off(strangers[0])
        strangers[-1].sendall(b"Connection: close\r\n\r\n")
        assert rest(strangers[-1]).endswith(b"ok")


def was_cut_off(connection):
    try:
        return rest(connection) == b""
    except ConnectionResetError:
        return True


def test_large_heads_whose_bodies_do_not_come_leave_room_to_others_once_they_are_given_up(monkeypatch):
    monkeypatch.setattr(bodies, "HEADS_BYTES_MAX", 100_000)
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n" + LARGE
    with served(bridge_to(ok)) as port:
        with ExitStack() as held:
            for _ in range(4):
                held.enter_context(connect(port)).sendall(head + b"\r\n")
            refused = until(lambda: said(port, head + b"Connection: close\r\n\r\nabcdefghi"), b"HTTP/1.1 503 ")
            assert b"retry-after: 10\r\n" in refused
            assert said(port, ASKED).endswith(b"ok"), "an ordinary head takes part in no sum"

        until(lambda: said(port, head + b"Connection: close\r\n\r\nabcdefghi"), b"HTTP/1.1 200 ")


def until(ask, begins: bytes) -> bytes:
    """Ask until an answer begins so: what was sent on another connection may not be there yet."""
    limit = time.monotonic() + PATIENCE_S
    while not (answer := ask()).startswith(begins):
        assert time.monotonic() < limit, answer[:200]
    return answer


class Wire:
    """Sends a body in pieces."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = list(pieces)

    async def __call__(self) -> dict[str, object]:
        piece = self._pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(self._pieces)}


def taken(spool: Spool, *pieces: bytes) -> Body:
    body = Body(Wire(*pieces), spool)
    try:
        asyncio.run(body.take(bodies.UNJUDGED_BYTES_MAX))
    except Busy:
        body.close()
        raise
    return body


def test_a_small_body_waits_in_a_file_where_there_is_no_memory_for_it(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(bodies, "BODIES_BYTES_MAX", 10)
    spool = Spool(tmp_path, 1_000, 0)

    first, second, third = taken(spool, b"abc", b"defg"), taken(spool, b"hi", b"jkl"), taken(spool, b"mno")

    assert [isinstance(each.file, BytesIO) for each in (first, second, third)] == [True, False, True]
    assert [_content(each) for each in (first, second, third)] == [b"abcdefg", b"hijkl", b"mno"]
    for body in (first, second, third):
        body.close()
    again = taken(spool, b"0123456789")
    assert isinstance(again.file, BytesIO), "what has been released is there for others"
    again.close()


def test_bodies_in_files_have_a_bound_together_though_each_is_small(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(bodies, "BODIES_BYTES_MAX", 0)
    spool = Spool(tmp_path, 10, 0)
    held = taken(spool, b"abcdefg")

    with pytest.raises(Busy):
        taken(spool, b"hijk")

    held.close()


def _content(body: Body) -> bytes:
    body.file.seek(0)
    return body.file.read()
