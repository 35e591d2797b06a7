"""Photos are chosen on the page of a report: they answer its questions, stay while it asks more, show on the case."""

from __future__ import annotations

import io
import re

from tests.office.ledgers.test_ledgers_of_any_form import at_desk, id_in, reporting
from tests.photos.test_images import a_picture

__all__ = ["reporting"]

REPORT = "/office/report"
PHOTO, AFTER = "q.what_was_done/photo", "q.what_was_done/photo_after"
KEPT = "kept.what_was_done/photo"
TYPED = {"q.where/place": "路口小店", "q.what/item": "ebike_in_evac", "q.what_was_done/fixed_now": "no"}
JPEG, PNG = a_picture("JPEG"), a_picture("PNG")


def send(desk, page, files=(), **values):
    """Send the report that a page shows, with files to their questions."""
    form = desk.form(page, REPORT)
    photos = {key: (io.BytesIO(content), name, "image/jpeg") for key, name, content in files}
    typed = {name: value for name, value in form.fields.items() if name not in (PHOTO, AFTER)}
    data = {**typed, **TYPED, **values, **photos}
    return desk.client.post(REPORT, data=data, content_type="multipart/form-data", buffered=True)


def test_a_photo_stays_while_the_report_asks_more_and_shows_on_the_case(reporting):
    desk = at_desk(reporting, "worker")

    asked = send(desk, desk.open(REPORT), [(PHOTO, "现场.jpg", JPEG)], look="1")
    made = send(desk, asked)
    page = desk.open(f"/office/cases/{id_in(made)}")
    (shown,) = re.findall(r'<img src="([^"]+)"', page.text)

    assert "已收到：现场" in asked.text and "没拍照的原因" not in asked.text
    assert desk.client.get(shown, buffered=True).data == JPEG
    assert "整改前" in page.text


def test_another_photo_takes_the_place_of_the_first_and_one_that_is_given_up_is_gone(reporting):
    desk = at_desk(reporting, "worker")
    first = send(desk, desk.open(REPORT), [(PHOTO, "一.jpg", JPEG)], look="1")

    second = send(desk, first, [(PHOTO, "二.png", PNG)], look="1")
    none = send(desk, second, look="1", **{KEPT: ""})

    assert "已收到：二" in second.text and "已收到：一" not in second.text
    assert "已收到：" not in none.text


def test_what_is_no_photo_is_refused_beside_its_question_and_the_rest_stays(reporting):
    desk = at_desk(reporting, "worker")

    refused = send(desk, desk.open(REPORT), [(PHOTO, "合同.pdf", b"%PDF-1.7 nothing to see")])

    assert refused.status_code == 422
    assert "路口小店" in refused.text and 'id="q-what_was_done-photo"' in refused.text
    assert 'aria-invalid="true"' in refused.text and "已收到：" not in refused.text


def test_nobody_names_a_photo_that_they_did_not_choose(reporting):
    officer = at_desk(reporting, "officer")
    chosen = send(officer, officer.open(REPORT), [(PHOTO, "甲.jpg", JPEG)], look="1")
    sealed = re.search(rf'name="{KEPT}" value="([^"]+)"', chosen.text)[1]
    desk = at_desk(reporting, "worker")

    stolen = send(desk, desk.open(REPORT), **{KEPT: sealed})
    named = send(desk, desk.open(REPORT), look="1", **{PHOTO: "x.jpg"})

    assert stolen.status_code == 422 and "请重新选择" in stolen.text
    assert "已收到：" not in named.text and "x.jpg" not in named.text
