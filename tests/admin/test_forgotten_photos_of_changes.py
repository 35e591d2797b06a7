"""A person is forgotten: photos that changes announce go too, and what their uploads were called."""

from __future__ import annotations

import base64

import pytest

from server.admin.store import invariants
from server.admin.usecases import file_forgetting, forgetting, person_traces, unneeded_files
from server.admin.usecases.forgetting import Files
from server.app import close
from server.photos.domain import tus
from server.submissions.store.blobs import BlobStore
from tests.admin.test_forgotten_in_files import taken_by
from tests.api_county import UNIT, VILLAGE, lay_people
from tests.county import open_county
from tests.photos.test_photos_of_changes import a_photo, named, photos, receive

NAME, PHONE = "欧阳建国", "13800000471"
DOG_FORM = """\
| survey |
| | type | name | label | save_to | bind::fg:personal |
| | text | owner | 主人 | owner | name |
| | image | card | 证件照 | card | other |
| entities |
| | list_name | label |
| | dogs | ${owner} |
| settings |
| | form_title | form_id | version | namespaces | attribute::fg:kind |
| | 犬只 | dog | 1 | fg="urn:firegrid:xforms" | profile |
"""


@pytest.fixture
def dogs(tmp_path):
    made = open_county(tmp_path / "data", lay_people)
    made.publish(DOG_FORM)
    yield made
    with made.store.reading() as reading:
        assert list(invariants.broken(reading)) == []
    close(made.app)


def dog(county) -> str:
    """Return the id of the dog that was registered first."""
    return county.rows("SELECT id FROM record ORDER BY born_seq")[0]["id"]


def register(county):
    """Let a worker register a dog with two photos; return the one of its owner's card, and the other."""
    card, yard = receive(county, "worker", a_photo(), f"{PHONE}.jpg"), receive(county, "worker", a_photo("blue"))
    body = {
        "type": "dogs",
        "action": "create",
        "area": UNIT,
        "fields": {"owner": NAME, "card": card.name},
    }
    made = county.post("/records", "worker", body | {"attachments": [named(card), named(yard)]})
    assert made.status_code == 201, made.text
    return card, yard


def forget(county, *, all: bool):
    blobs = BlobStore(county.store.folder / "blobs")
    files = Files(unneeded_files.placeholder(blobs), all)
    done = forgetting.forget_values(county.store, [NAME, PHONE], by="command", files=files)
    unneeded_files.delete(county.store, blobs)
    return done


def shown(county) -> list[bytes]:
    found = photos(county, f"/records/{dog(county)}", "worker")
    assert all(href for _, _, href in found)
    return [county.get(href.removeprefix("/api/v1"), "worker").data for _, _, href in found]


def on_disk(county) -> set[bytes]:
    return {path.read_bytes() for path in (county.store.folder / "blobs").rglob("*") if path.is_file()}


def test_the_photo_of_a_personal_answer_goes_and_the_other_stays(dogs):
    register(dogs)

    done = forget(dogs, all=False)

    assert done.counts["file"] == 1
    assert (a_photo() in on_disk(dogs), a_photo("blue") in on_disk(dogs)) == (False, True)
    assert shown(dogs) == [unneeded_files._BLANK, a_photo("blue")]
    assert all(PHONE not in name for _, name, _ in photos(dogs, f"/records/{dog(dogs)}", "worker"))


def test_a_name_that_a_camera_wrote_into_the_photo_of_a_change_goes_and_the_photo_stays(dogs):
    content = taken_by(NAME)
    yard = receive(dogs, "worker", content)
    body = {"type": "dogs", "action": "create", "area": UNIT, "fields": {"owner": "王二"}}
    assert dogs.post("/records", "worker", body | {"attachments": [named(yard)]}).status_code == 201
    blobs, wanted = BlobStore(dogs.store.folder / "blobs"), person_traces.wanted_of([NAME])
    with dogs.store.reading() as reading:
        found = file_forgetting.telling(reading, blobs, wanted)

    files = Files(unneeded_files.placeholder(blobs), cleaned=file_forgetting.cleaned(blobs, found, wanted))
    done = forgetting.forget_values(dogs.store, [NAME], by="command", files=files)
    unneeded_files.delete(dogs.store, blobs)

    [left] = shown(dogs)
    assert (len(found), done.counts["text_in_file"]) == (1, 1)
    assert (len(left), NAME.encode() in left, NAME.encode() in content) == (len(content), False, True)
    assert content not in on_disk(dogs)


def test_every_photo_goes_when_it_is_asked_also_one_that_somebody_else_only_names(dogs):
    _, yard = register(dogs)
    other = {"type": "dogs", "action": "create", "area": VILLAGE, "fields": {"owner": "王二"}}
    assert dogs.post("/records", "officer", other | {"attachments": [named(yard)]}).status_code == 201

    assert forget(dogs, all=True).counts["file"] == 2

    assert {a_photo(), a_photo("blue")}.isdisjoint(on_disk(dogs))
    assert shown(dogs) == [unneeded_files._BLANK] * 2
    assert forget(dogs, all=True).counts["file"] == 0


def test_a_photo_that_the_same_author_took_of_another_record_stays_there(dogs):
    _, yard = register(dogs)
    other = {"type": "dogs", "action": "create", "area": UNIT, "fields": {"owner": "王二"}}
    made = dogs.post("/records", "worker", other | {"attachments": [named(yard)]})

    forget(dogs, all=True)

    [(_, _, href)] = photos(dogs, f"/records/{made.json['record']['id']}", "worker")
    assert dogs.get(href.removeprefix("/api/v1"), "worker").data == a_photo("blue")


def test_an_upload_that_is_called_after_a_person_is_called_otherwise(dogs):
    called = base64.b64encode(f"{NAME}.jpg".encode()).decode()
    headers = {"Tus-Resumable": tus.VERSION, "Upload-Length": "9", "Upload-Metadata": f"filename {called}"}
    assert dogs.send("POST", "/uploads/", "worker", **headers).status_code == 201

    done = forget(dogs, all=False)

    [row] = dogs.rows("SELECT metadata FROM upload")
    assert (done.counts["upload"], NAME in tus.metadata_of(row["metadata"])["filename"]) == (1, False)
