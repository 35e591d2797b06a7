"""A phone or program may call a photo by a number of somebody: its name is masked wherever values are."""

from __future__ import annotations

import re

import pytest

from server.app import close
from server.forms.usecases import publish
from tests.api_county import COUNTY, PASSWORD, VILLAGE, lay_people, uuid_of
from tests.county import add_people, open_county, prepared
from tests.office.desk import Desk, with_passwords
from tests.passwords import hash_of

FIRST, SECOND = "13812345678.jpg", "13899995678.jpg"
NUMBERS = (FIRST[:11], SECOND[:11])
SENT, PLACE = uuid_of("photos were sent"), uuid_of("a place with photos")
FORM = """\
| survey |
| | type | name | label | save_to |
| | text | door | 门牌 | door |
| | image | front | 正面 | front |
| | image | back | 背面 | back |
| entities |
| | list_name | label |
| | places | ${door} |
| settings |
| | form_title | form_id | version | namespaces | attribute::fg:kind |
| | 场所 | place | 1 | fg="urn:firegrid:xforms" | profile |
"""
SUBMISSION = f"""\
<data xmlns:orx="http://openrosa.org/xforms" id="place" version="1"><door>一号</door><front>{FIRST}</front>\
<back>{SECOND}</back><meta><orx:instanceID>uuid:{SENT}</orx:instanceID>\
<entity dataset="places" id="{PLACE}" create="1"><label>一号</label></entity></meta></data>
"""
BYTES = {FIRST: b"\xff\xd8 front", SECOND: b"\xff\xd8 back"}
WHOLE, MASKED = ("worker", "officer", "town", "admin"), ("police", "viewer", "auditor")
MORE = (("police", "police", VILLAGE, None), ("auditor", "auditor", COUNTY, None))


def lay(tx):
    names = lay_people(tx) + add_people(tx, MORE, password_hash=hash_of(PASSWORD))
    publish.publish(tx, prepared(FORM), None)
    return names


def fill(county):
    files = [(name, content, "image/jpeg") for name, content in BYTES.items()]
    assert county.phone("worker").send(SUBMISSION.encode(), *files).status_code == 201


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    made = open_county(tmp_path_factory.mktemp("places") / "data", lay, fill)
    yield made
    close(made.app)


def doors(county, name) -> dict[str, str]:
    """Return what each door says of the photos, by its address."""
    [sent] = county.ids("/submissions", name)
    paths = (
        "/records?type=places", f"/records/{PLACE}", f"/records/{PLACE}/history",
        f"/submissions/{sent}/attachments", f"/submissions/{sent}.xml",
    )  # fmt: skip
    answers = {path: county.get(path, name) for path in paths}
    assert {each.status_code for each in answers.values()} == {200}
    pull = county.post("/sync/pull", name, {"cursor": None, "limit": 500})
    return {path: each.data.decode() for path, each in answers.items()} | {"pull": pull.text}


@pytest.mark.parametrize("name", MASKED)
def test_no_door_tells_the_number_to_whoever_sees_numbers_masked(places, name):
    told = doors(places, name)

    assert {path: number for path, text in told.items() for number in NUMBERS if number in text} == {}
    assert "138****5678.jpg" in told[f"/records/{PLACE}"]


@pytest.mark.parametrize("name", WHOLE)
def test_whoever_may_write_the_record_reads_the_names_as_they_were_sent(places, name):
    told = doors(places, name)

    assert {path for path, text in told.items() if FIRST not in text} == set()


@pytest.mark.parametrize("name", [*WHOLE, *MASKED])
def test_every_photo_is_found_by_its_address_though_two_have_one_mask(places, name):
    photos = places.get(f"/records/{PLACE}", name).json["photos"]

    fetched = [places.get(each["href"].removeprefix("/api/v1"), name) for each in photos]

    assert sorted(each.data for each in fetched) == sorted(BYTES.values())
    if name in MASKED:
        assert [number for each in fetched for number in NUMBERS if number in str(each.headers)] == []


def test_the_masked_name_finds_a_photo_too_and_guessing_the_number_finds_none(places):
    [sent] = places.ids("/submissions", "viewer")
    for folder in (f"/submissions/{sent}/attachments", f"/records/{PLACE}/attachments/1"):
        assert places.get(f"{folder}/138****5678.jpg", "viewer").data in BYTES.values()
        assert places.get(f"{folder}/{FIRST}", "viewer").status_code == 404
        assert places.get(f"{folder}/{FIRST}", "worker").data == BYTES[FIRST]


def test_the_page_of_a_record_shows_its_photos_by_masked_names(places):
    desk = Desk(with_passwords(places))
    desk.sign_in("viewer")
    page = desk.open(f"/office/ledgers/places/{PLACE}").text

    assert [number for number in NUMBERS if number in page] == []
    shown = re.findall(rf"/office/ledgers/places/{PLACE}/files/1/[^\"']+", page)
    assert {desk.open(each).data for each in shown} == {*BYTES.values()}
