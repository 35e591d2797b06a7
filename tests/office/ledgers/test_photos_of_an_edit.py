"""A photo is chosen while a record is edited: it becomes the field's, stays while the form goes back, and is seen."""

from __future__ import annotations

import io
import re

import pytest

from tests.office.ledgers.test_ledgers_of_any_form import at_desk, id_in, new
from tests.photos.test_images import a_picture

SHOPS = """\
| survey |
| | type | name | label | constraint | constraint_message | save_to |
| | text | shop | 店名 | | | shop |
| | integer | floors | 层数 | . < 9 | 最多8层 | floors |
| | image | front | 门头照片 | | | front |
| entities |
| | list_name | label |
| | shops | ${shop} |
| settings |
| | form_title | form_id | version | namespaces | attribute::fg:kind |
| | 店铺 | shop | 1 | fg="urn:firegrid:xforms" | profile |
"""
JPEG, PNG = a_picture("JPEG"), a_picture("PNG")
FRONT, KEPT = "q.front", "kept.front"


@pytest.fixture
def shop(county_to_change):
    county_to_change.publish(SHOPS)
    desk = at_desk(county_to_change)
    return county_to_change, desk, id_in(new(desk, "shops", shop="小店", floors="1"))


def send(desk, page, id, file=None, **values):
    address = f"/office/ledgers/shops/{id}/edit"
    form = desk.form(page, address)
    typed = {name: value for name, value in form.fields.items() if name != FRONT}
    data = {**typed, **values, **({} if file is None else {FRONT: (io.BytesIO(file[1]), file[0], "image/jpeg")})}
    return desk.client.post(address, data=data, content_type="multipart/form-data", buffered=True)


def edit_page(desk, id):
    return desk.open(f"/office/ledgers/shops/{id}/edit")


def test_a_photo_becomes_the_field_s_and_is_seen(shop):
    _, desk, id = shop
    form = edit_page(desk, id)

    saved = send(desk, form, id, ("门头.jpg", JPEG))
    again = edit_page(desk, id)
    (shown,) = re.findall(r'<img src="([^"]+)"', desk.open(saved.headers["Location"]).text)

    assert saved.headers["Location"].endswith("done=saved")
    assert desk.client.get(shown, buffered=True).data == JPEG
    assert "看现在的照片" in again.text and shown.partition("?")[0] in again.text


def test_it_stays_while_something_else_is_mended_and_once_sent_twice(shop):
    county, desk, id = shop
    wrong = send(desk, edit_page(desk, id), id, ("门头.jpg", JPEG), **{"q.floors": "20"})
    assert wrong.status_code == 422 and "已收到：门头" in wrong.text

    saved, again = (send(desk, wrong, id, **{"q.floors": "2"}) for _ in range(2))
    record = county.get(f"/records/{id}", "officer").json

    assert saved.headers["Location"] == again.headers["Location"] and record["version"] == 2
    assert record["fields"]["floors"] == "2" and record["fields"]["front"].endswith(".jpg")


def test_without_a_new_photo_the_old_one_stands(shop):
    county, desk, id = shop
    send(desk, edit_page(desk, id), id, ("门头.jpg", JPEG))
    before = county.get(f"/records/{id}", "officer").json["fields"]["front"]

    same = send(desk, edit_page(desk, id), id)
    other = send(desk, edit_page(desk, id), id, ("新.png", PNG))
    after = county.get(f"/records/{id}", "officer").json["fields"]["front"]

    assert same.headers["Location"].endswith("done=same") and other.headers["Location"].endswith("done=saved")
    assert before != after


def test_what_is_no_photo_is_refused_beside_its_question_and_the_rest_stays(shop):
    _, desk, id = shop

    refused = send(desk, edit_page(desk, id), id, ("合同.pdf", b"%PDF-1.7 nothing to see"), **{"q.floors": "3"})

    assert refused.status_code == 422 and 'value="3"' in refused.text and 'aria-invalid="true"' in refused.text


def test_nobody_names_a_photo_that_they_did_not_choose(shop):
    county, desk, id = shop

    send(desk, edit_page(desk, id), id, **{FRONT: "x.jpg", KEPT: "made up"})

    assert "front" not in {k: v for k, v in county.get(f"/records/{id}", "officer").json["fields"].items() if v}
