"""Whatever a server answers, no browser guesses its type, shows it in a frame, or comes back over plain HTTP."""

from __future__ import annotations

import os
import socket
from contextlib import closing

import pytest

from tests.stories.child_server import make_folder, run, serving

pytestmark = pytest.mark.slow

PATHS = ("/healthz", "/nowhere", "/api/docs", "/api/v1/records", "/key/KEY/formList", "/key/wrong/formList")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = make_folder(tmp_path_factory.mktemp("made") / "data")
    with serving(folder, FIREGRID_PUBLIC_URL="https://fire.example.org") as running:
        yield running


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_carries_the_headers_that_guard_it(server, path):
    with closing(server.connect()) as connection:
        connection.request("GET", path.replace("KEY", server.key), headers={"X-OpenRosa-Version": "1.0"})
        answer = connection.getresponse()

    assert answer.headers.get_all("X-Content-Type-Options") == ["nosniff"]
    assert "frame-ancestors 'none'" in answer.headers.get_all("Content-Security-Policy")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.parametrize(
    "request_text", ["巡查 without a request line\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\na b: c\r\n\r\n"]
)
def test_what_is_no_http_is_answered_with_them_too(server, request_text):
    with closing(socket.create_connection(("127.0.0.1", server.port))) as connection:
        connection.sendall(request_text.encode())
        answer = b"".join(iter(lambda: connection.recv(65_536), b"")).decode()

    assert answer.startswith("HTTP/1.1 400 ")
    assert "x-content-type-options: nosniff" in answer
    assert "connection: close" in answer


def test_a_server_without_a_public_address_says_so(tmp_path):
    with serving(make_folder(tmp_path / "data")) as running:
        running.stop()

    assert "没有设置 FIREGRID_PUBLIC_URL" in "".join(running.said)


def test_a_key_is_for_the_public_address_that_the_server_was_given_even_where_the_command_was_not(tmp_path):
    folder = make_folder(tmp_path / "data")
    run("user", "add", "gw-02", "--role", "grid_worker", "--area", "130630106201001", "--data", folder.path)
    with serving(folder, FIREGRID_PUBLIC_URL="https://fire.example.org"):
        done = run("user", "key", "gw-02", "--data", folder.path)

    assert done.stdout.startswith("https://fire.example.org/key/")
    assert "手机连不上" not in done.stderr


def test_what_a_command_makes_is_for_its_owner_alone(tmp_path):
    umask = os.umask(0o022)
    try:
        done = run("init", "--data", tmp_path / "data")
    finally:
        os.umask(umask)

    assert done.returncode == 0, done.stderr
    made = [tmp_path / "data", *(tmp_path / "data").rglob("*")]
    assert [path for path in made if path.stat().st_mode & 0o077] == []
