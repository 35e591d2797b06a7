"""Pages show every photo small, HEIC too, say of one what is wrong with it, and never where it was taken."""

from __future__ import annotations

import re

import pytest

from tests.office.desk import Desk, with_passwords
from tests.photos.taken_photos import SECRET, a_photo, draw, opened, receive

FIXED = {"result_code": "fixed", "no_photo_reason": "no_battery"}


@pytest.fixture
def desk(land):
    with_passwords(land.valley)
    made = Desk(land.valley)
    made.sign_in("officer")
    return made


def with_photos(land, *contents: bytes) -> str:
    """Return a case to which an officer has added photos."""
    id = land.report("neighbour")
    files = [receive(land.valley, "officer", content) for content in contents]
    body = {"action": "note", "fields": {"note": "补照片"}, "attachments": [each._asdict() for each in files]}
    assert land.valley.post(f"/records/{id}/changes", "officer", body).status_code == 200
    return id


def pictures(desk: Desk, path: str) -> list:
    found = re.findall(r'<img src="([^"]+/photos/[^"]+)"', desk.open(path).text)
    return [desk.client.get(each, buffered=True) for each in found]


def test_a_heic_is_said_to_be_under_work_and_then_shown_as_jpeg(land, desk):
    id = with_photos(land, a_photo("HEIF", (900, 600)))
    [early] = pictures(desk, f"/office/cases/{id}")

    draw(land.valley)
    [small] = pictures(desk, f"/office/cases/{id}")
    [link] = re.findall(r'<figure><a href="([^"]+)"', desk.open(f"/office/cases/{id}").text)
    large = desk.client.get(link, buffered=True)

    assert (early.status_code, early.mimetype, "照片正在处理" in early.text) == (200, "image/svg+xml", True)
    assert early.headers["Cache-Control"] == "no-store"
    assert [(each.mimetype, opened(each.data).size) for each in (small, large)] == [
        ("image/jpeg", (400, 267)),
        ("image/jpeg", (900, 600)),
    ]
    assert not any(SECRET.encode() in each.data for each in (small, large))


def test_a_photo_comes_without_its_place_small_or_large_before_and_after_its_thumbnail_is_made(land, desk):
    content = a_photo(size=(900, 600))
    id = with_photos(land, content)
    [link] = re.findall(r'<figure><a href="([^"]+)"', desk.open(f"/office/cases/{id}").text)

    before = [desk.client.get(link, buffered=True).data, pictures(desk, f"/office/cases/{id}")[0].data]
    draw(land.valley)
    after = [desk.client.get(link, buffered=True).data, pictures(desk, f"/office/cases/{id}")[0].data]

    assert [opened(each).size for each in (*before, *after)] == [(900, 600)] * 3 + [(400, 267)]
    assert [SECRET.encode() in each for each in (content, *before, *after)] == [True, False, False, False, False]


def test_a_damaged_photo_is_marked_and_what_is_left_of_it_shown(land, desk):
    whole = a_photo(size=(900, 900))
    id = with_photos(land, whole[: len(whole) // 2], b"\xff\xd8\xff\xc0\x00\x11\x08\x00\x10\x00\x10" + bytes(30))
    draw(land.valley)

    cut, nothing = pictures(desk, f"/office/cases/{id}")

    assert desk.open(f"/office/cases/{id}").text.count(">照片损坏<") == 2
    assert opened(cut.data).size == (400, 400)
    assert (nothing.mimetype, "照片损坏" in nothing.text) == ("image/svg+xml", True)


def test_intake_shows_thumbnails_too(land, desk):
    id = with_photos(land, a_photo(size=(900, 600)))
    draw(land.valley)

    [shown] = pictures(desk, f"/office/intake?report={id}")[:1]

    assert opened(shown.data).size == (400, 267)


def test_the_link_to_all_photos_is_there_for_who_may_export(land, desk):
    id = with_photos(land, a_photo())
    worker = Desk(land.valley)
    worker.sign_in("neighbour")

    sent = desk.client.get(f"/office/cases/{id}/photos.zip", buffered=True)

    assert f"/office/cases/{id}/photos.zip" in desk.open(f"/office/cases/{id}").text
    assert (sent.status_code, sent.mimetype) == (200, "application/zip")
    assert SECRET.encode() not in sent.data
    assert "photos.zip" not in worker.open(f"/office/cases/{id}").text
    assert worker.client.get(f"/office/cases/{id}/photos.zip").status_code == 403
