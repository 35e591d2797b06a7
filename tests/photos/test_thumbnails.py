"""Thumbnails are made once, beside the server, of whatever was sent; what cannot be drawn is told and keeps nobody."""

from __future__ import annotations

import os
import struct
import threading
import time
import zlib

import pytest
from PIL import ExifTags

from server import instants
from server.admin.usecases import unneeded_files
from server.photos.store import thumbnail_process
from server.photos.store.thumbnail_files import Drawer, Outcome, ThumbnailFiles
from server.photos.usecases import thumbnails
from server.submissions.store import sent_files
from server.submissions.store import thumbnails as rows
from server.submissions.store.thumbnails import State
from tests.api_county import uuid_of
from tests.photos.taken_photos import SECRET, a_photo, attach, draw, opened, receive

STATION = f"/records/{uuid_of('station two')}"
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def county(county_to_change):
    by_hand = county_to_change.broken()
    draw(county_to_change)
    yield county_to_change
    assert county_to_change.broken() == by_hand


@pytest.fixture
def drawn(tmp_path):
    """Return what draws one picture by the process itself, and where."""
    files = ThumbnailFiles(tmp_path)
    with Drawer(files, threading.Event()) as drawer:

        def of(content: bytes):
            path = tmp_path / "photo"
            path.write_bytes(content)
            outcome, reason = drawer.draw(path, "ab" * 32)
            paths = (files.thumbnail("ab" * 32), files.large("ab" * 32))
            return outcome, reason, *(path.read_bytes() if path.exists() else None for path in paths)

        yield of


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def a_bomb(side: int) -> bytes:
    """Return a PNG of some kilobytes that would be gigabytes of points."""
    header = struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
    return PNG + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1_000_000))) + chunk(b"IEND", b"")


def state(county, sha256: str) -> State | None:
    with county.store.reading() as reading:
        return rows.states(reading, [sha256]).get(sha256)


def address(file, version: int) -> str:
    return f"{STATION}/attachments/{version}/{file.name}"


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "HEIF", "AVIF", "TIFF"])
def test_a_thumbnail_is_small_upright_and_tells_no_place(drawn, format):
    outcome, _, small, large = drawn(a_photo(format, (1_000, 500), turned=6))

    picture = opened(small)
    assert (outcome, picture.format) == (Outcome.MADE, "JPEG")
    assert max(picture.size) == 400
    assert picture.size == ((400, 200) if format == "HEIF" else (200, 400))  # HEIC is turned by itself, not by Exif
    assert not picture.getexif().get_ifd(ExifTags.IFD.GPSInfo)
    assert SECRET.encode() not in small
    assert (large is not None) == (format in ("HEIF", "AVIF", "TIFF"))  # which not every browser shows
    assert large is None or (max(opened(large).size), SECRET.encode() in large) == (1_000, False)


@pytest.mark.parametrize("content", [b"", b"\xff\xd8 front", a_bomb(60_000), PNG + b"nothing", a_photo("HEIF")[:-40]])
def test_what_is_no_picture_or_a_bomb_is_told_and_the_next_one_is_drawn(drawn, content):
    assert drawn(content)[0] is Outcome.DAMAGED
    assert drawn(a_photo())[0] is Outcome.MADE


def test_a_tiff_of_a_kind_that_nothing_here_draws_is_not_called_damaged(drawn):
    assert drawn(b"II+\x00\x08\x00\x00\x00" + bytes(100))[0] is Outcome.UNDRAWN
    assert drawn(a_photo("TIFF")[:400])[0] is not Outcome.MADE
    assert drawn(a_photo())[0] is Outcome.MADE


def test_a_photo_that_breaks_off_is_drawn_as_far_as_it_goes_and_told_to_be_damaged(drawn):
    whole = a_photo("JPEG", (900, 900))

    outcome, reason, small, _ = drawn(whole[: len(whole) // 2])

    assert (outcome, opened(small).size) == (Outcome.DAMAGED, (400, 400))
    assert "truncated" in reason


def test_a_photo_that_takes_too_long_or_kills_the_process_is_given_up_and_another_is_begun(tmp_path, monkeypatch):
    slow = tmp_path / "slow.py"
    slow.write_text("import sys, time\nfor line in sys.stdin:\n  time.sleep(60) if 'slow' in line else sys.exit(3)\n")
    monkeypatch.setattr(thumbnail_process, "__file__", str(slow))
    files, began = ThumbnailFiles(tmp_path), time.monotonic()
    with Drawer(files, threading.Event(), drawing_s=0.3) as drawer:
        assert drawer.draw(tmp_path / "slow", "ab" * 32) == (Outcome.DIED, "longer than 0.3 s")
    with Drawer(files, threading.Event()) as drawer:
        assert drawer.draw(tmp_path / "dies", "ab" * 32) == (Outcome.DIED, "exit status 3")
    stopping = threading.Event()
    stopping.set()
    with Drawer(files, stopping) as drawer:
        assert drawer.draw(tmp_path / "slow", "ab" * 32).outcome is Outcome.STOPPED
    assert time.monotonic() - began < 50


def test_a_photo_of_which_the_process_dies_again_and_again_counts_as_damaged(county, tmp_path, monkeypatch):
    dies = tmp_path / "dies.py"
    dies.write_text("import sys\nsys.stdin.readline()\n")
    monkeypatch.setattr(thumbnail_process, "__file__", str(dies))
    file = receive(county, "town", a_photo())

    draw(county)

    assert state(county, file.sha256) is State.DAMAGED


def test_until_it_is_made_the_photo_comes_without_its_place_and_then_the_thumbnail_by_another_name(county):
    file = receive(county, "town", a_photo(size=(900, 600)))
    path = address(file, attach(county, "town", STATION, file)) + "?size=thumb"

    early = county.get(path, "town")
    assert draw(county) == 1
    made = county.get(path, "town")

    assert (early.status_code, opened(early.data).size) == (200, (900, 600))
    assert SECRET.encode() not in early.data
    assert (made.status_code, made.content_type, opened(made.data).size) == (200, "image/jpeg", (400, 267))
    assert early.headers["ETag"] != made.headers["ETag"]
    assert county.get(path, "town", **{"If-None-Match": made.headers["ETag"]}).status_code == 304
    assert county.get(path, "worker").status_code == 404
    assert draw(county) == 0


def test_the_original_is_whole_and_a_size_that_is_none_is_refused(county):
    content = a_photo()
    file = receive(county, "town", content)
    path = address(file, attach(county, "town", STATION, file))

    assert county.get(path, "town").data == content
    refused = county.get(f"{path}?size=huge", "town")
    assert (refused.status_code, [each["field"] for each in refused.json["errors"]]) == (422, ["size"])


def test_a_part_is_given_by_range_and_none_where_there_is_none(county):
    content = a_photo(size=(300, 300))
    file = receive(county, "town", content)
    path = address(file, attach(county, "town", STATION, file))
    draw(county)
    small = county.get(f"{path}?size=thumb", "town")

    for whole, asked, tag in ((content, path, f'"{file.sha256}"'), (small.data, f"{path}?size=thumb", None)):
        tag = tag or small.headers["ETag"]
        part = county.get(asked, "town", Range="bytes=10-19")
        assert (part.status_code, part.data) == (206, whole[10:20])
        assert part.headers["Content-Range"] == f"bytes 10-19/{len(whole)}"
        assert county.get(asked, "town", Range="bytes=-5").data == whole[-5:]
        beyond = county.get(asked, "town", Range=f"bytes={len(whole)}-")
        assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{len(whole)}")
        longer = county.get(asked, "town", Range=f"bytes=-{len(whole) + 1}")
        assert (longer.status_code, longer.data) == (206, whole)
        for nothing_in_particular in ("bytes=0-1,5-6", "lines=0-4", "bytes=a-b", f"bytes=-{'9' * 5_000}"):
            assert county.get(asked, "town", Range=nothing_in_particular).status_code == 200
        asks = {"Authorization": f"Key {county.keys['town']}", "Range": "bytes=0-9"}
        head = county.client.head(f"/api/v1{asked}", headers=asks, buffered=True)
        assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(whole)))
        same = county.get(asked, "town", Range="bytes=0-3", **{"If-Range": tag})
        other = county.get(asked, "town", Range="bytes=0-3", **{"If-Range": '"another"'})
        assert (same.status_code, other.status_code, other.data) == (206, 200, whole)


def test_a_thumbnail_that_is_lost_is_made_again(county):
    file = receive(county, "town", a_photo())
    path = address(file, attach(county, "town", STATION, file)) + "?size=thumb"
    draw(county)
    ThumbnailFiles(county.store.folder).delete(file.sha256)  # as after a backup was put back

    assert county.get(path, "town").status_code == 200
    assert draw(county) == 1
    assert thumbnails.file_of(county.store, file.sha256) is not None


def test_a_thumbnail_goes_with_its_photo(county):
    file = receive(county, "town", a_photo())
    draw(county)
    path = ThumbnailFiles(county.store.folder).thumbnail(file.sha256)
    assert path.exists()
    blobs = county.blob_store
    os.utime(blobs.path(file.sha256), (0, 0))  # nobody has received it today

    county.store.write(lambda tx: sent_files.let_go(tx, [{"sha256": file.sha256, "author": "town"}], instants.FOREVER))
    unneeded_files.delete_beside(county.store, blobs)

    assert not path.exists()
    assert state(county, file.sha256) is None


def test_nothing_stays_of_a_photo_that_is_deleted_while_it_is_drawn(county):
    file = receive(county, "town", a_photo())
    path = ThumbnailFiles(county.store.folder).thumbnail(file.sha256)
    blobs = county.blob_store
    os.utime(blobs.path(file.sha256), (0, 0))
    county.store.write(lambda tx: sent_files.let_go(tx, [{"sha256": file.sha256, "author": "town"}], instants.FOREVER))
    write = county.store.write

    def drawn_meanwhile(work):
        if not blobs.path(file.sha256).exists() and state(county, file.sha256) is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"drawn from the photo that was open")
        return write(work)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(county.store, "write", drawn_meanwhile)
        unneeded_files.delete_beside(county.store, blobs)

    assert not path.exists()
    assert state(county, file.sha256) is None


def test_a_photo_that_was_deleted_meanwhile_is_forgotten(county):
    file = receive(county, "town", a_photo())
    county.blob_store.delete(file.sha256)

    draw(county)

    assert state(county, file.sha256) is None


def test_on_a_disk_that_is_nearly_full_none_is_made(county):
    file = receive(county, "town", a_photo())
    blobs = county.blob_store

    assert thumbnails.round_of(county.store, blobs, threading.Event(), free_bytes_min=2**62) == 0
    assert state(county, file.sha256) is State.WAITING


@pytest.mark.slow
def test_a_photo_of_as_many_points_as_are_taken_is_drawn_within_the_bounds(drawn):
    outcome, reason, *_ = drawn(a_photo("PNG", (8_000, 8_000)))  # nearly as many points as are taken at all

    assert (outcome, reason) == (Outcome.MADE, "")
