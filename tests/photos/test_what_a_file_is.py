"""What a file is its bytes say, at every door; a page that calls itself a photo is never shown as one, nor run."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from server.pictures import media_types
from server.submissions.store.thumbnails import State
from server.web import downloads
from tests.case_land import a_report
from tests.filled_forms import Filled
from tests.office.desk import Desk, with_passwords
from tests.photos.taken_photos import a_photo, draw, opened

PAGE = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
DRAWING = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
FILES = [
    (a_photo("JPEG"), "application/octet-stream", "image/jpeg"),
    (a_photo("PNG"), "image/jpeg", "image/png"),
    (a_photo("WEBP"), "image/jpeg", "image/webp"),
    (a_photo("HEIF"), "image/jpeg", "image/heic"),
    (a_photo("AVIF"), "image/jpeg", "image/avif"),
    (a_photo("TIFF"), "text/html", "image/tiff"),
    (b"GIF89a...", "image/jpeg", "image/gif"),
    (PAGE, "image/jpeg", "text/html"),
    (b"\xef\xbb\xbf \n<HTML >", "image/png", "text/html"),
    (DRAWING, "image/jpeg", "image/svg+xml"),
    (b"<data><a/></data>", "text/plain", "application/xml"),
    (b"event,node,start,end\n", "text/csv", "text/csv"),
    ("备注".encode(), "text/html", "text/plain"),
    ("备注".encode("gbk"), "text/csv", "text/csv"),
    (b"%PDF-1.7", "image/jpeg", "application/pdf"),
    (b"PK\x03\x04", "image/jpeg", "application/zip"),
    (b"PK\x03\x04", "application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.text"),
    (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00isommp42", "audio/mp4", "audio/mp4"),
    (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00isommp42", "image/jpeg", "video/mp4"),
    (b"\x00\x00\x00\x18ftyp3gp4\x00\x00\x00\x00isom3gp4", "video/3gpp", "video/3gpp"),
    (b"\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  ", "video/mp4", "video/quicktime"),
    (b"\x00\x00\x00\x1cftypM4A \x00\x00\x00\x00M4A mp42", "audio/mpeg", "audio/mp4"),
    (b"#!AMR\n\x3c", "audio/3gpp", "audio/amr"),
    (b"ID3\x04\x00", "audio/mpeg", "audio/mpeg"),
    (b"\xff\xfb\x90\x64", "audio/mpeg", "audio/mpeg"),
    (b"\xff\xf1\x50\x80", "audio/aac", "audio/aac"),
    (b"OggS\x00\x02", "audio/ogg", "audio/ogg"),
    (b"OggS\x00\x02", "video/ogg", "video/ogg"),
    (b"RIFF\x24\x00\x00\x00WAVEfmt ", "audio/x-wav", "audio/wav"),
    (b"\x00\x01\x02", "image/jpeg", "application/octet-stream"),
    (b"", "image/jpeg", "application/octet-stream"),
]
ACTIVE = {"text/html", "image/svg+xml", "application/xml", "application/pdf", "text/xml", "application/xhtml+xml"}


@pytest.mark.parametrize(("content", "declared", "found"), FILES)
def test_what_a_file_is_its_bytes_say(content, declared, found):
    assert media_types.of(content[: media_types.HEAD_BYTES], declared) == found


@given(st.binary(max_size=60), st.sampled_from(sorted(downloads.INLINE_TYPES | ACTIVE)))
@example(PAGE, "image/jpeg")
@example(DRAWING, "text/plain")
def test_it_is_the_same_whenever_it_is_asked_and_never_what_a_browser_would_run(content, declared):
    found = media_types.of(content, declared)

    assert media_types.of(content, found) == found
    assert not ACTIVE & downloads.INLINE_TYPES
    if content.lstrip()[:5].lower() in (b"<html", b"<svg "):
        assert found not in downloads.INLINE_TYPES


@pytest.mark.parametrize(("content", "kind"), [(PAGE, "text/html"), (DRAWING, "image/svg+xml")])
def test_a_page_that_a_phone_calls_a_photo_is_saved_as_it_is_and_served_to_be_saved(valley, phone, content, kind):
    filled = sent(phone, content)

    shown = files(valley, filled)[0]
    served = valley.get(f"/submissions/{id_of(valley, filled)}/attachments/a.jpg", "officer")

    assert (shown["media_type"], shown["declared_type"]) == (kind, "image/jpeg")
    assert (served.status_code, served.mimetype, served.data) == (200, "application/octet-stream", content)
    assert served.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in served.headers["Content-Security-Policy"]


def test_a_row_of_before_is_served_as_what_its_bytes_are(valley, phone):
    filled = sent(phone, PAGE)
    valley.do(lambda tx: tx.sql.run("UPDATE submission_file SET media_type = declared_type"))

    served = valley.get(f"/submissions/{id_of(valley, filled)}/attachments/a.jpg", "officer")

    assert served.mimetype == "application/octet-stream"


def test_a_photo_that_is_called_anything_is_a_photo(valley, phone):
    filled = sent(phone, a_photo("PNG"), "application/x-anything")
    path = f"/submissions/{id_of(valley, filled)}/attachments/a.jpg"

    assert draw(valley) == 1
    assert files(valley, filled)[0]["media_type"] == valley.get(path, "officer").mimetype == "image/png"
    assert valley.get(f"{path}?size=thumb", "officer").mimetype == "image/jpeg"


@pytest.mark.parametrize("format", ["TIFF", "AVIF"])
def test_a_tiff_and_an_avif_are_shown_small_and_saved_as_they_were_sent(valley, phone, format):
    content = a_photo(format, (900, 600))
    filled = sent(phone, content, f"image/{format.lower()}")
    path = f"/submissions/{id_of(valley, filled)}/attachments/a.jpg"
    draw(valley)

    original, small = (valley.get(path + query, "officer", buffered=True) for query in ("", "?size=thumb"))

    assert (original.data, original.mimetype) == (content, "application/octet-stream")
    assert (small.mimetype, opened(small.data).size) == ("image/jpeg", (400, 267))
    assert states(valley) == {State.MADE}


def test_a_photo_that_has_become_something_else_on_the_way_is_told_to_be_damaged(valley, phone):
    sent(phone, b"\x00\x01\x02\x03 half a photo")
    draw(valley)

    assert states(valley) == {State.DAMAGED}


def test_a_page_of_the_office_never_shows_a_page_as_a_picture(land):
    with_passwords(land.valley)
    desk = Desk(land.valley)
    desk.sign_in("officer")
    filled = a_report(photo="a.jpg")
    assert land.valley.phone().send(filled, ("a.jpg", PAGE, "image/jpeg")).status_code == 201
    id = filled.entities[0].id

    shown = desk.client.get(f"/office/cases/{id}/photos/1/a.jpg", buffered=True)

    assert (shown.status_code, shown.mimetype) == (200, "image/svg+xml")
    assert b"alert" not in shown.data
    assert "照片损坏" in shown.text


def sent(phone, content: bytes, called: str = "image/jpeg") -> Filled:
    """Let a phone send a report with one file."""
    filled = Filled("audited", {"seen": "a.jpg"})
    assert phone.send(filled, ("a.jpg", content, called)).status_code == 201
    return filled


def id_of(valley, filled: Filled) -> str:
    return valley.rows("SELECT id FROM submission WHERE instance_id = :id", id=filled.instance)[0]["id"]


def files(valley, filled: Filled) -> list[dict]:
    return valley.get(f"/submissions/{id_of(valley, filled)}/attachments", "officer").json["items"]


def states(valley) -> set[State]:
    return {State(row["state"]) for row in valley.rows("SELECT state FROM thumbnail")}
