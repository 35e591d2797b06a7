"""Whoever shows no key or token, or asks at no address, is answered before much of what they send is taken.

Each sends as phones do: the whole body first, as far as the server takes it, and then reads the answer.
"""

from __future__ import annotations

import re
import socket
import sqlite3
from contextlib import closing, suppress

import pytest

from server.db.folder import FILE_NAME
from tests.stories.child_server import Folder, Server, make_folder, new_instance, send, serving

pytestmark = pytest.mark.slow

MB = 1_000_000
UPLOAD = "multipart/form-data; boundary=b"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Folder:
    return make_folder(tmp_path_factory.mktemp("made") / "data")


@pytest.fixture(scope="module")
def server(folder):
    with serving(folder, FIREGRID_SUBMISSION_BYTES_MAX=str(40 * MB)) as server:
        yield server
        assert server.stop() == 0


def pour(server: Server, path: str, size: int, *, chunked: bool = False, **headers: str) -> tuple[int, str, int]:
    """Send a body of ``size`` bytes; return status, message, and how many bytes of it the server let in."""
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}"
    lines = [f"POST {path} HTTP/1.1", "Host: x", "X-OpenRosa-Version: 1.0", length]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    piece = b"x" * 65_536
    sent, received = 0, b""
    with closing(socket.create_connection(("127.0.0.1", server.port), timeout=60)) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        with suppress(ConnectionError):
            while sent < size:
                connection.sendall(b"10000\r\n" + piece + b"\r\n" if chunked else piece[: size - sent])
                sent += len(piece)
            if chunked:
                connection.sendall(b"0\r\n\r\n")
        with suppress(ConnectionError):
            while more := connection.recv(65_536):
                received += more
    status = int(received.split(b" ", 2)[1]) if received else 0
    return status, received.partition(b"\r\n\r\n")[2].decode(), sent


@pytest.mark.parametrize("chunked", [False, True], ids=["stated", "chunked"])
@pytest.mark.parametrize(
    ("path", "headers", "status", "words"),
    [
        ("/nowhere", {}, 404, "没有这个地址"),
        ("/key/nobody/submission", {"Content_Type": UPLOAD}, 403, "密钥"),
        ("/key/nobody/nowhere", {}, 404, "没有这个地址"),
        ("/submission", {"Content_Type": UPLOAD}, 401, "二维码"),
        ("/api/v1/sync/push", {"Content_Type": "application/json"}, 401, "登录"),
        ("/api/v1/sync/push", {"Authorization": "Key nobody"}, 403, "密钥"),
        ("/api/v1/forms", {"Authorization": "Bearer x", "Content_Type": UPLOAD}, 401, "登录"),
        ("/api/v1/session", {"Content_Type": "application/json"}, 413, "太大"),
        ("/healthz", {}, 405, "请求方式"),
    ],
)
def test_a_stranger_is_answered_in_words_and_a_body_of_the_advertised_size_is_let_in_so_that_they_read_them(
    server, path, headers, status, words, chunked
):
    answered, said, _ = pour(server, path, MB, chunked=chunked, **headers)

    assert answered == status
    assert words in said


@pytest.mark.parametrize("path", ["/nowhere", "/key/nobody/submission", "/api/v1/sync/push"])
def test_of_900_megabytes_of_a_stranger_a_few_are_let_in(server, path):
    _, _, sent = pour(server, path, 900 * MB)

    assert sent < 20 * MB  # most of it waits in the kernel's buffers


@pytest.mark.parametrize("path", ["/KEY/forms/report.xml", "/api/v1/records"])
def test_who_has_a_key_may_send_no_large_body_where_none_is_due(server, path):
    key = {"Authorization": f"Key {server.key}", "Content_Type": "application/json"}

    answered, said, sent = pour(server, path.replace("KEY", f"key/{server.key}"), 30 * MB, **key)

    assert sent < 20 * MB
    assert answered in (0, 405, 413), said


def test_a_submission_that_is_too_large_is_told_how_large_it_may_be(server):
    answered, said, _ = pour(server, f"/key/{server.key}/submission", 41 * MB, Content_Type=UPLOAD)

    assert (answered, "40 MB" in said or "38.1 MB" in said) in [(413, True), (0, False)]


def test_a_large_submission_of_a_known_phone_is_taken(server, folder):
    instance = new_instance()

    assert send(server, instance, b"\xff\xd8\xff" + b"x" * 20 * MB) == 201

    with closing(sqlite3.connect(folder.path / FILE_NAME)) as database:
        assert database.execute("SELECT size FROM submission_file").fetchone() == (20 * MB + 3,)


def test_a_large_submission_to_a_form_that_nobody_knows_is_still_kept_for_the_office(server, folder):
    instance = new_instance()
    xml = f'<data id="unknown" version="1"><meta><instanceID>{instance}</instanceID></meta></data>'
    part = 'Content-Disposition: form-data; name="xml_submission_file"; filename="s.xml"\r\nContent-Type: text/xml'
    body = f"--b\r\n{part}\r\n\r\n{xml}\r\n--b\r\n".encode()
    body += b'Content-Disposition: form-data; name="1.jpg"; filename="1.jpg"\r\n\r\n' + b"x" * 3 * MB + b"\r\n--b--\r\n"

    with closing(server.connect()) as connection:
        headers = {"Content-Type": UPLOAD, "X-OpenRosa-Version": "1.0"}
        connection.request("POST", f"/key/{server.key}/submission", body, headers)
        with connection.getresponse() as answer:
            assert answer.status == 404

    with closing(sqlite3.connect(folder.path / FILE_NAME)) as database:
        kept = database.execute("SELECT instance_id, size FROM kept_body JOIN kept_file ON body = kept_body.sha256")
        assert kept.fetchall() == [(instance, 3 * MB)]


def test_each_refused_request_is_one_line_in_the_log(server):
    before = len(server.said)

    pour(server, "/nowhere", MB)
    assert server.get("/healthz")[0] == 200

    told = server.wait_until_said(lambda lines: '"view":"healthz"' in lines, after=before)
    assert re.findall(r'"view":"(\w+)"', told) == ["unknown", "healthz"]
