"""What a connection may cost before its request is known has an end; a long question is a request all the same."""

import asyncio

import pytest
import uvicorn
from uvicorn.server import ServerState

from server.web import http_protocol
from server.web.asgi import HEADER_BYTES_MAX
from server.web.http_protocol import BoundedProtocol


async def count(scope, receive, send):
    """Answer how long the query is."""
    body = str(len(scope["query_string"])).encode()
    headers = [(b"content-length", str(len(body)).encode()), (b"x-path", scope["raw_path"])]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def said(*pieces: bytes, app=count) -> bytes:
    """Send the pieces on one connection and return all that comes back until the server closes it."""

    async def scene() -> bytes:
        config = uvicorn.Config(app, http=BoundedProtocol, lifespan="off", ws="none", log_config=None)
        config.load()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: BoundedProtocol(config, ServerState(), {}), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            return await reader.read()
        except ConnectionError:
            return b"cut off"  # the server let go while bytes were on their way
        finally:
            writer.close()
            server.close()

    return asyncio.run(asyncio.wait_for(scene(), 20))


def asking(path: bytes) -> bytes:
    return b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("records", [1, 1_500, 2_000, 20_000])
def test_a_phone_asks_after_as_many_records_as_it_holds(records):
    ids = b"%2C".join([b"9f0c0d5e-2c1f-4b0e-9c38-0d6f3a7e5b11"] * records)

    answer = said(asking(b"/lists/wells/integrity?id=" + ids))

    assert answer.startswith(b"HTTP/1.1 200")
    assert b"x-path: /lists/wells/integrity\r\n" in answer
    assert answer.endswith(b"\r\n\r\n" + str(len(b"id=" + ids)).encode())


def test_headers_without_end_are_cut_off():
    line = b"X-More: " + b"y" * 60_000 + b"\r\n"

    answer = said(b"GET / HTTP/1.1\r\n", *[line] * (2 * HEADER_BYTES_MAX // len(line)))

    assert answer == b"cut off" or answer.startswith(b"HTTP/1.1 431")


def test_a_request_line_without_end_is_cut_off():
    answer = said(b"GET /?", *[b"y" * 60_000] * (2 * HEADER_BYTES_MAX // 60_000))

    assert answer == b"cut off" or answer.startswith(b"HTTP/1.1 431")


@pytest.mark.parametrize("begun", [b"", b"GET /key/", b"GET / HTTP/1.1\r\nHost: x\r\n"])
def test_a_connection_that_never_says_what_it_wants_is_closed(monkeypatch, begun):
    monkeypatch.setattr(http_protocol, "HEAD_S", 0.05)

    assert said(begun) == b""


def test_a_second_request_that_breaks_off_leaves_the_first_its_answer(monkeypatch):
    monkeypatch.setattr(http_protocol, "HEAD_S", 0.05)

    answer = said(b"GET /?abc HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /half")

    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"\r\n\r\n3")


async def tell_headers(scope, receive, send):
    """Read the body, then answer which headers the request has."""
    while (await receive()).get("more_body"):
        continue
    body = b",".join(name for name, _ in scope["headers"])
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n"


def test_a_trailer_is_no_header():
    answer = said(CHUNKED, b"0\r\nX-Forwarded-For: 10.1.2.3\r\n\r\n", app=tell_headers)

    assert answer.endswith(b"host,connection,transfer-encoding")


@pytest.mark.parametrize("begun", [b"0\r\nX-More: ", b"0\r\n", b"5;extension="], ids=["trailer", "trailers", "chunk"])
def test_what_stands_around_chunks_has_an_end(begun):
    line = b"X-More: " + b"y" * 60_000 + b"\r\n" if begun == b"0\r\n" else b"y" * 60_000

    answer = said(CHUNKED, begun, *[line] * (2 * HEADER_BYTES_MAX // 60_000), app=tell_headers)

    assert answer == b"cut off" or answer.startswith(b"HTTP/1.1 431")


def test_a_long_body_in_small_chunks_is_no_long_head():
    answer = said(CHUNKED, *[b"1\r\nx\r\n" * 10_000] * 30, b"0\r\n\r\n", app=tell_headers)

    assert answer.startswith(b"HTTP/1.1 200")
