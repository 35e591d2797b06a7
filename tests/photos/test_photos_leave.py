"""Photos of a record leave as an archive, to who may export it, without the place that is in the originals."""

from __future__ import annotations

import io
import zipfile

import pytest

from server.audit.store import chain
from server.pictures import copies
from tests.api_county import uuid_of
from tests.filled_forms import photo
from tests.photos.taken_photos import SECRET, a_photo, attach, draw, opened, receive
from tests.submissions.households import FIRST, ONE

STATION = f"/records/{uuid_of('station two')}"


@pytest.fixture
def county(county_to_change):
    return county_to_change


def archive(answer) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(answer.data)) as found:
        assert found.testzip() is None
        return {name: found.read(name) for name in found.namelist()}


def test_each_photo_has_a_name_of_its_own_that_stays_and_none_tells_its_place(county):
    first, same = a_photo(colour="red"), a_photo("PNG", colour="blue")
    one, other = receive(county, "town", first), receive(county, "town", same)
    other = other._replace(name=one.name.upper())  # which file systems do not tell apart
    attach(county, "town", STATION, one, other)

    before = archive(county.get(f"{STATION}/photos.zip", "town"))
    third = receive(county, "town", a_photo("WEBP", colour="green"), "ab:c?.jpg")
    attach(county, "town", STATION, third._replace(name="ab:c?.webp"))
    after = archive(county.get(f"{STATION}/photos.zip", "town"))

    stem, _, ending = one.name.rpartition(".")
    assert list(before) == [f"002_{one.name}", f"002_{stem.upper()}-2.{ending.upper()}"]
    assert list(after) == [*before, "003_ab-c-.webp"]
    assert [opened(each).tobytes() for each in before.values()] == [opened(each).tobytes() for each in (first, same)]
    assert not any(SECRET.encode() in each for each in after.values())
    assert SECRET.encode() in first


def test_names_that_only_some_file_systems_tell_apart_are_not_the_same_and_none_hides_its_ending(county):
    names = ["\u00c1.jpg", "a\u0301.jpg", "ﬁle.jpg", "FILE.jpg", "ok\u202egpj.exe"]
    files = [receive(county, "town", a_photo(colour=(at, 0, 0))) for at in range(len(names))]
    attach(county, "town", STATION, *(file._replace(name=name) for file, name in zip(files, names, strict=True)))

    found = archive(county.get(f"{STATION}/photos.zip", "town"))

    assert list(found) == ["002_Á.jpg", "002_á-2.jpg", "002_ﬁle.jpg", "002_FILE-2.jpg", "002_ok-gpj.exe"]


def test_it_says_which_photos_are_under_way_or_too_damaged_to_leave(county):
    coming = receive(county, "worker", a_photo(colour="navy"))  # another's bytes are not the town's
    broken = receive(county, "town", a_photo()[:1_000] + a_photo())
    attach(county, "town", STATION, coming, broken)
    blobs = county.blob_store
    blobs.path(broken.sha256).write_bytes(b"\xff\xd8 Exif" + bytes(broken.size - 7))

    found = archive(county.get(f"{STATION}/photos.zip", "town"))

    assert found == {
        "missing.txt": f"002_{coming.name}\r\n".encode(),
        "damaged.txt": f"002_{broken.name}\r\n".encode(),
    }


def test_who_may_not_export_gets_none_and_the_audit_tells_who_did(county):
    attach(county, "town", STATION, receive(county, "town", a_photo()))

    answers = {name: county.get(f"{STATION}/photos.zip", name).status_code for name in ("neighbour", "stranger")}
    sent = county.get(f"{STATION}/photos.zip", "town")
    assert len(archive(sent)) == 1
    sent.close()
    county.do(lambda tx: None)  # what was to be written without waiting is written before this

    assert answers == {"neighbour": 403, "stranger": 404}
    with county.store.reading() as reading:
        [entry] = [each for each in chain.list_about(reading, STATION.rpartition("/")[2]) if "photos" in each.event]
    assert (entry.event, entry.actor, entry.result, entry.details["rows"]) == ("photos.export", "town", "done", 1)


def test_it_is_sent_a_part_of_a_photo_at_a_time(county, monkeypatch):
    big = a_photo("PNG", (40, 40)) + bytes(5_000_000)
    file = receive(county, "town", big)
    attach(county, "town", STATION, file)
    monkeypatch.setitem(copies._PIECES, "image/png", lambda _file, size: [copies.Kept(0, size)])

    parts = list(county.get(f"{STATION}/photos.zip", "town", buffered=False).iter_encoded())

    assert sum(map(len, parts)) > 5_000_000
    assert max(map(len, parts)) < 600_000


def test_the_photos_of_exported_answers_tell_no_place_and_the_original_still_does(county):
    county.publish(FIRST)
    content = a_photo()
    assert county.phone("worker").send(ONE, photo("f.jpg", content)).status_code == 201

    found = archive(county.get("/forms/household/answers.zip", "brigade"))

    [(_, sent)] = [pair for pair in found.items() if pair[0].endswith("_f.jpg")]
    assert (SECRET.encode() in content, SECRET.encode() in sent) == (True, False)
    assert opened(sent).tobytes() == opened(content).tobytes()


def test_who_is_not_shown_the_record_whole_gets_no_place_from_any_address_of_a_photo(county):
    content = a_photo(size=(500, 300))
    file = receive(county, "town", content)
    path = f"{STATION}/attachments/{attach(county, 'town', STATION, file)}/{file.name}"
    draw(county)

    told = {}
    for name in ("town", "viewer"):
        for size in ("", "?size=thumb"):
            answer = county.get(path + size, name)
            assert answer.status_code == 200, (name, answer.text)
            told[name, size] = SECRET.encode() in answer.data
            shown = {"Authorization": f"Key {county.keys[name]}"}
            head = county.client.head(f"/api/v1{path}{size}", headers=shown, buffered=True)
            assert head.headers["Content-Length"] == str(len(answer.data))
            part = county.get(path + size, name, Range="bytes=-20")
            assert (part.status_code, part.data) == (206, answer.data[-20:])

    assert told == {
        ("town", ""): True,
        ("town", "?size=thumb"): False,
        ("viewer", ""): False,
        ("viewer", "?size=thumb"): False,
    }
