"""A small submission is answered past Flask and in the writer, and nobody outside can tell by which way it went."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse
from werkzeug.wrappers import Request

from server.app import bridge_to
from server.fast_path.small import SMALL_BYTES
from tests.filled_forms import Filled, a_station, multipart, new_uuid, photo
from tests.odk_collect import Phone
from tests.source_tree import ROOT
from tests.valley import a_valley

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SEEN = Filled("audited", {"seen": "无"})
OTHER = replace(SEEN, values={"seen": "有"})
STATION = a_station(new_uuid(), head="甲")
PICTURED = replace(a_station(new_uuid(), before="a.jpg"), entities=())
UNKNOWN = replace(SEEN, form="nowhere")
POSTS: dict[str, Callable[[Phone], TestResponse]] = {
    "new": lambda phone: phone.send(STATION),
    "again": lambda phone: (phone.send(STATION), phone.send(STATION))[1],
    "named by the phone": lambda phone: phone.send(SEEN, query="?deviceID=collect%3Aabc"),
    "small file": lambda phone: phone.send(PICTURED, photo("a.jpg")),
    "awaits a file": lambda phone: phone.send(PICTURED),
    "other content": lambda phone: (phone.send(SEEN), phone.send(OTHER))[1],
    "unknown form": lambda phone: phone.send(UNKNOWN),
    "no XML": lambda phone: phone.send(b"<data"),
    "no multipart": lambda phone: phone.post(b"x", "text/plain"),
    "empty": lambda phone: phone.post(b"", "multipart/form-data; boundary=b"),
    "large": lambda phone: phone.send(replace(SEEN, values={"seen": "无" * SMALL_BYTES})),
    "trailing slash": lambda phone: phone.post(*multipart(SEEN.xml(), ()), path="submission/"),
    "another protocol": lambda phone: phone.post(*multipart(SEEN.xml(), ()), **{"X-OpenRosa-Version": "0.9"}),
    "bad key": lambda phone: replace(phone, base="/key/nobody").send(SEEN),
}
KEPT = {
    "submission": "SELECT form, instance_id, author, device, user_agent, xml, files_present FROM submission",
    "revision": "SELECT record, version, author, verdict, received FROM revision",
    "problem": "SELECT kind, path, author, message, detail FROM problem",
    "phone_key": "SELECT person, device, app_version FROM phone_key ORDER BY person",
}


def through_the_bridge(app: Flask) -> WSGIApplication:
    """Return an application that asks ``app`` through the event loop's bridge, as a web server does."""
    bridge = bridge_to(app, 2)

    def ask(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        request = Request(environ)
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": request.method,
            "scheme": request.scheme,
            "path": environ["PATH_INFO"],
            "raw_path": request.path.encode(),
            "query_string": request.query_string,
            "headers": [(name.lower().encode(), value.encode()) for name, value in request.headers],
        }
        whole = {"type": "http.request", "body": request.get_data(), "more_body": False}
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return whole

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        asyncio.run(bridge(scope, receive, send))
        headers = [(name.decode(), value.decode()) for name, value in sent[0]["headers"]]
        start_response(f"{sent[0]['status']} -", headers)
        return [message.get("body", b"") for message in sent[1:]]

    return ask


def outcome(folder: Path, post: Callable[[Phone], TestResponse], *, fast_path: bool) -> tuple[object, ...]:
    """Return the answer to ``post`` and what the server stored."""
    with a_valley(folder, fast_path=fast_path) as valley:
        valley.app.wsgi_app = through_the_bridge(valley.app)
        answer = post(valley.phone("worker"))
        headers = sorted((name, value) for name, value in answer.headers if name != "date")
        return answer.status_code, answer.data, headers, {name: valley.rows(sql) for name, sql in KEPT.items()}


@pytest.mark.parametrize("name", POSTS)
def test_both_ways_give_the_same_answer_and_keep_the_same(tmp_path, name):
    on = outcome(tmp_path / "on", POSTS[name], fast_path=True)
    off = outcome(tmp_path / "off", POSTS[name], fast_path=False)

    assert on == off


def test_a_small_submission_never_reaches_flask(valley, phone, monkeypatch):
    monkeypatch.setattr(type(valley.app), "full_dispatch_request", refuse)

    answer = phone.send(SEEN)

    assert answer.status_code == 201


@pytest.mark.sqlite
def test_without_the_fast_path_no_greenlet_is_needed(tmp_path):
    with a_valley(tmp_path / "data", fast_path=False) as valley:
        key = valley.keys["worker"]
    program = f"""
import sys
sys.modules["greenlet"] = None  # importing it fails
from pathlib import Path
from server import app
from server.settings import Settings
from tests.filled_forms import multipart
opened = app.create_app(Settings(Path({str(tmp_path / "data")!r}), fast_path=False))
body, content_type = multipart({SEEN.xml()!r}, ())
headers = {{"X-OpenRosa-Version": "1.0"}}
posted = opened.test_client().post("/key/{key}/submission", data=body, content_type=content_type, headers=headers)
print(posted.status, app.short_requests(opened))
app.close(opened)
"""

    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False)

    assert ran.stdout == "201 CREATED None\n", ran.stderr


def refuse(*_arguments: object) -> None:
    raise RuntimeError("this way is closed")
