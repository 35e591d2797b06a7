"""A change names its photos; its record shows them as under way, not as missing, until their bytes are in."""

from __future__ import annotations

import io
from uuid import uuid4

import pytest
from PIL import Image as Picture

from server.errors import DiskFull, Invalid, QuotaExceeded, TooLarge
from server.people.store import people
from server.photos.usecases import form_photos, uploads
from tests.api_county import UNIT, uuid_of
from tests.case_land import a_land

STATION = f"/records/{uuid_of('station two')}"


@pytest.fixture
def county(county_to_change):
    by_hand = county_to_change.broken()
    yield county_to_change
    assert county_to_change.broken() == by_hand


def a_photo(colour: str = "red", size: tuple[int, int] = (40, 30), format: str = "JPEG") -> bytes:
    out = io.BytesIO()
    Picture.new("RGB", size, colour).save(out, format)
    return out.getvalue()


def receive(county, name: str, content: bytes, called: str = "现场.jpg", media_type: str = "image/jpeg"):
    with county.store.reading() as reading:
        by = people.actor(reading, name)
    blobs = county.blob_store
    return form_photos.receive(county.store, blobs, io.BytesIO(content), called, media_type, by=by)


def named(file) -> dict[str, object]:
    return file._asdict()


def change(county, name: str, record: str, action: str, files, **asked):
    body = {"action": action, "attachments": [named(each) for each in files], **asked}
    return county.post(f"{record}/changes", name, body)


def photos(county, record: str, name: str = "town"):
    return [(each["version"], each["name"], each["href"]) for each in county.get(record, name).json["photos"]]


def test_a_photo_whose_bytes_came_first_is_shown_with_the_change_that_names_it(county):
    content = a_photo()
    file = receive(county, "town", content)

    answer = change(county, "town", STATION, "edit", [file])

    assert (answer.status_code, answer.json["version"]) == (200, 2)
    [(version, name, href)] = photos(county, STATION)
    assert (version, name) == (2, file.name)
    got = county.get(href.removeprefix("/api/v1"), "town")
    assert (got.data, got.content_type) == (content, "image/jpeg")
    assert got.headers["Content-Security-Policy"].startswith("sandbox")
    part = county.get(href.removeprefix("/api/v1"), "town", Range="bytes=2-5")
    assert (part.status_code, part.data) == (206, content[2:6])


def test_a_photo_whose_bytes_have_not_come_is_under_way_and_appears_by_itself(county):
    content = a_photo("blue")
    file = receive(county, "worker", content)  # what another has sent opens nothing to who names its hash

    assert change(county, "town", STATION, "edit", [file]).status_code == 200

    assert photos(county, STATION) == [(2, file.name, None)]
    assert county.get(f"{STATION}/attachments/2/{file.name}", "town").status_code == 404
    assert receive(county, "town", content) == file
    [(_, _, href)] = photos(county, STATION)
    assert county.get(href.removeprefix("/api/v1"), "town").data == content


def test_a_photo_is_seen_in_the_scope_of_its_record_alone(county):
    file = receive(county, "town", a_photo())
    change(county, "town", STATION, "edit", [file])
    path = f"{STATION}/attachments/2/{file.name}"

    assert county.get(path, "neighbour").status_code == 200
    assert county.get(path, "stranger").status_code == 404
    assert county.get(path, "worker").status_code == 404
    assert county.get(f"{STATION}/attachments/1/{file.name}", "town").status_code == 404


def test_feedback_with_an_attachment_has_its_photo_whether_the_bytes_are_in_or_under_way(tmp_path):
    with a_land(tmp_path / "data") as found:
        land = found.valley
        case = found.report()
        found.act(case, "assign", "officer", assignee="user:worker")
        file = receive(land, "neighbour", a_photo())  # so that they are under way for the handler

        said = {"result_code": "fixed", "note": "换了软管"}
        answer = change(land, "worker", f"/records/{case}", "feedback", [file], fields=said)

        assert answer.status_code == 200, answer.text
        assert answer.json["record"]["status"] == "feedback"
        assert "evidence_missing" not in answer.json["record"]["flags"]
        *_, revision = land.get(f"/records/{case}/history", "officer").json["items"]
        assert revision["inputs"]["fixed_photo"] == file.name
        assert photos(land, f"/records/{case}", "officer")[-1][1:] == (file.name, None)


def test_a_new_record_takes_photos_and_the_same_request_again_is_one(county):
    file, id = receive(county, "worker", a_photo()), str(uuid4())
    body = {"id": id, "type": "stations", "action": "create", "area": UNIT, "fields": {"head": "丁"}}

    made = county.post("/records", "worker", body | {"attachments": [named(file)]})
    again = county.post("/records", "worker", body | {"attachments": [named(file)]})
    other = county.post("/records", "worker", body)

    assert (made.status_code, again.status_code, other.status_code) == (201, 200, 409)
    assert [name for _, name, href in photos(county, f"/records/{made.json['record']['id']}", "worker") if href] == [
        file.name
    ]


def test_one_content_is_stored_once_and_each_name_in_a_change_is_its_own(county):
    before = len(county.blobs())

    first, second = (
        receive(county, "town", a_photo(), "C:\\照片\\a.jpg"),
        receive(county, "worker", a_photo(), "../b.PNG"),
    )
    third = receive(county, "town", a_photo("green"), "a.jpg")

    assert len(county.blobs()) == before + 2
    assert (first.sha256, first.name != second.name, first.name != third.name) == (second.sha256, True, True)
    assert first.name.startswith("a-")
    assert second.name.endswith(".jpg")
    assert "/" not in second.name
    twice = change(county, "town", STATION, "edit", [first, first])
    assert (twice.status_code, "同名" in twice.json["detail"]) == (422, True)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "空文件"),
        (b"%PDF-1.7 not a photo", "只收照片"),
        (a_photo()[:20], "不完整"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + (60_000).to_bytes(4) * 2, "像素"),
        (a_photo()[:2] + b"\xff\xfe\x00\x12<script>alert(1)" + a_photo()[2:], "网页"),
    ],
)
def test_what_is_no_photo_is_refused_with_the_cure_and_leaves_nothing(county, content, words):
    before, rows = county.blobs(), county.every_row()

    with pytest.raises(Invalid) as refused:
        receive(county, "town", content)

    assert words in refused.value.message
    assert (county.blobs(), county.every_row()) == (before, rows)


def test_too_large_a_photo_and_too_many_are_refused_before_more_is_read(county):
    before = county.blobs()

    with pytest.raises(TooLarge):
        receive(county, "town", a_photo() + bytes(form_photos.PHOTO_BYTES_MAX))
    with pytest.raises(TooLarge):
        form_photos.require_few(form_photos.FORM_PHOTOS_MAX + 1)

    assert county.blobs() == before


def test_photos_of_forms_have_the_same_bounds_as_uploads(county, monkeypatch):
    content = a_photo()
    monkeypatch.setattr(uploads, "PERSON_BYTES_MAX", len(content) + 10)

    assert receive(county, "town", content) == receive(county, "town", content)  # which takes no room again
    with pytest.raises(QuotaExceeded):
        receive(county, "town", a_photo("blue"))
    with county.store.reading() as reading:
        by = people.actor(reading, "worker")
    blobs, before = county.blob_store, county.blobs()
    with pytest.raises(DiskFull, match="记录照常能送"):
        form_photos.receive(
            county.store, blobs, io.BytesIO(content), "1.jpg", "image/jpeg", by=by, free_bytes_min=2**62
        )
    assert county.blobs() == before
