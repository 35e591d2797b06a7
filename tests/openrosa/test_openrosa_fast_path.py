"""A small submission is answered the short way, and nobody outside can tell by which way it went."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from werkzeug.test import TestResponse

from server import openrosa
from server.web.proxy import SMALL_BYTES
from tests.county import County
from tests.filled_forms import Filled, a_station, multipart, new_uuid, photo
from tests.odk_collect import Phone
from tests.valley import a_valley

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


def told(valley: County, post: Callable[[Phone], TestResponse]) -> tuple[object, ...]:
    answer = post(valley.phone("worker"))
    headers = sorted((name, value) for name, value in answer.headers if name != "Date")
    return answer.status_code, answer.data, headers, {name: valley.rows(sql) for name, sql in KEPT.items()}


@pytest.mark.parametrize("name", POSTS)
def test_both_ways_give_the_same_answer_and_keep_the_same(tmp_path, monkeypatch, name):
    with a_valley(tmp_path / "short") as valley:
        short = told(valley, POSTS[name])

    monkeypatch.setattr(openrosa, "FastPath", lambda long_way, *_: long_way)
    with a_valley(tmp_path / "long") as valley:
        long = told(valley, POSTS[name])

    assert short == long


def test_a_small_submission_never_reaches_flask(valley, phone, monkeypatch):
    monkeypatch.setattr(type(valley.app), "full_dispatch_request", refuse)

    answer = phone.send(SEEN)

    assert answer.status_code == 201


def refuse(*_asked: object) -> None:
    raise RuntimeError("this way is closed")
