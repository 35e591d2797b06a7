"""Whoever runs a server reads its log and its answers: plain words, one JSON line each, and nobody's key or number."""

from __future__ import annotations

import json
import socket

import pytest

from tests.stories.child_server import PATIENCE_S, Folder, make_folder, new_instance, send, serving

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Folder:
    return make_folder(tmp_path_factory.mktemp("made") / "data")


def answer_to(port: int, request: bytes) -> tuple[list[str], bytes]:
    """Send raw bytes; return the lines of the answer's head, and its body."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as connection:
        connection.sendall(request)
        received = b""
        while piece := connection.recv(65_536):
            received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    return head.decode().split("\r\n"), body


def test_an_address_with_chinese_words_as_they_are_is_refused_with_the_cure(folder):
    with serving(folder) as server:
        head, body = answer_to(server.port, "GET /api/v1/records?q=民宿 HTTP/1.1\r\nHost: x\r\n\r\n".encode())

    assert head[0] == "HTTP/1.1 400 Bad Request"
    assert "content-type: application/problem+json" in head
    assert "百分号编码" in json.loads(body)["detail"]


def test_the_log_is_json_lines_without_keys_names_of_files_or_phone_numbers(folder):
    with serving(folder) as server:
        assert send(server, new_instance(), b"\xff\xd8\xff photo") == 201
        assert server.get("/KEY/formList?deviceID=13800000001")[0] == 200
        assert server.get("/api/v1/records?q=13800000001")[0] == 401
        answer_to(server.port, b"GET /key/13800000001 nonsense\r\n\r\n")

        assert server.stop() == 0

    lines = [json.loads(line) for line in server.said if not line.startswith("Firegrid: ")]
    assert [line["view"] for line in lines if line["event"] == "request"] == [
        "openrosa.post_submission",
        "openrosa.form_list",
        "api-records.list_records",
    ]
    others = [line for line in lines if line["event"] not in ("request", "audit head")]
    assert [line["logger"] for line in others] == ["uvicorn.error"]
    said = "".join(server.said)
    assert folder.key not in said
    assert "13800000001" not in said
