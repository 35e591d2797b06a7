"""Photos come with the form of an act: shown with it, kept while the form goes back and forth, refused in words."""

from __future__ import annotations

import io
import re

import pytest

from server.photos.usecases import form_photos, uploads
from tests.office.desk import Desk, with_passwords
from tests.photos.test_images import a_picture

JPEG, PNG = a_picture("JPEG"), a_picture("PNG")

WORKER = "user:worker"


@pytest.fixture
def worker(land):
    """Return a desk at which the handler of a case sits, and the case."""
    with_passwords(land.valley)
    id = land.report("neighbour")
    land.act(id, "assign", "officer", assignee=WORKER)
    desk = Desk(land.valley)
    desk.sign_in("worker")
    return desk, id


def send(desk, id, action, *files, **values):
    form = desk.form(desk.open(f"/office/cases/{id}"), f"/office/cases/{id}/acts/{action}")
    return post(desk, form, files, **values)


def post(desk, form, files, **values):
    photos = [(io.BytesIO(content), name, "image/jpeg") for name, content in files]
    return desk.client.post(
        form.action,
        data={**form.fields, **values, "photos": photos},
        content_type="multipart/form-data",
        buffered=True,
    )


def shown(desk, page):
    addresses = re.findall(r'<img src="([^"]+)"', page.text)
    return [desk.client.get(each, buffered=True).data for each in addresses]


def test_photos_of_a_feedback_are_its_evidence_and_show_what_was_put_right(land, worker):
    desk, id = worker

    answer = send(desk, id, "feedback", ("IMG 1.jpg", JPEG), ("IMG 2.png", PNG), result_code="fixed")
    page = desk.open(f"/office/cases/{id}")

    assert answer.status_code == 303 and land.record(id).status == "feedback"
    assert shown(desk, page) == [JPEG, PNG]
    assert re.findall(r'<b class="tag">(.*?)</b>', page.text) == ["整改后", "整改后"]
    assert "附2张照片" in page.text and "evidence_missing" not in land.record(id).flags


def test_the_scan_of_a_paper_reply_is_told_from_the_photos_of_what_was_put_right(land, worker):
    _, id = worker
    desk = Desk(land.valley)
    desk.sign_in("officer")

    refused = send(desk, id, "file_reply", result_code="fixed")
    answer = send(desk, id, "file_reply", ("reply.jpg", JPEG), ("after.png", PNG), result_code="fixed")
    page = desk.open(f"/office/cases/{id}")

    assert (refused.status_code, answer.status_code) == (422, 303)
    assert re.findall(r'<b class="tag">(.*?)</b>', page.text) == ["回复件", "整改后"]


def test_photos_that_are_in_stay_with_a_form_that_comes_back(land, worker):
    desk, id = worker
    refused = send(desk, id, "feedback", ("IMG 1.jpg", JPEG), note="写了很久的话")
    kept = re.findall(r'name="kept_photo" value="([^"]+)" checked', refused.text)
    form = desk.form(refused, f"/office/cases/{id}/acts/feedback")

    answer = post(desk, form, [], result_code="fixed", kept_photo=kept[0])

    assert refused.status_code == 422 and "写了很久的话" in refused.text and "已收到：IMG 1-" in refused.text
    assert answer.status_code == 303
    assert shown(desk, desk.open(f"/office/cases/{id}")) == [JPEG]


def test_what_another_person_sent_is_nobody_elses_photo(land, worker):
    desk, id = worker
    kept = re.findall(r'name="kept_photo" value="([^"]+)"', send(desk, id, "feedback", ("IMG 1.jpg", JPEG)).text)
    other = Desk(land.valley)
    other.sign_in("officer")

    for sealed in (kept[0], "nonsense"):
        answer = send(other, id, "note", note="看过了", kept_photo=sealed)
        assert answer.status_code == 422 and "先前选的照片没有收到，请重新选择。" in answer.text
    assert len(land.history(id)) == 2


@pytest.mark.parametrize(
    ("files", "status", "said"),
    [
        ([("a.txt", b"no photo at all")], 422, "只收照片"),
        ([(f"{n}.jpg", JPEG + bytes([n])) for n in range(10)], 413, "一次最多附 9 张照片"),
        ([("a.jpg", JPEG), ("big.jpg", JPEG + b"x" * 200)], 413, "请缩小后再附"),
    ],
)
def test_what_is_no_photo_or_too_much_is_said_beside_the_field_and_changes_nothing(
    land, worker, monkeypatch, files, status, said
):
    monkeypatch.setattr(form_photos, "PHOTO_BYTES_MAX", len(JPEG) + 100)
    desk, id = worker

    page = send(desk, id, "feedback", *files, result_code="fixed", note="写了很久的话")
    field = page.text[page.text.index('id="feedback-photos"') :]

    assert page.status_code == status
    assert said in field[field.index('id="feedback-photos-fault"') :][:200] and "写了很久的话" in page.text
    assert land.record(id).status == "assigned"


@pytest.mark.parametrize(("bound", "status"), [("PERSON_BYTES_MAX", 429), ("disk", 507)])
def test_where_no_photo_can_be_taken_now_the_form_comes_back_with_what_was_typed(
    land, worker, monkeypatch, bound, status
):
    desk, id = worker
    room = type("Disk", (), {"f_bavail": 300_000_000, "f_frsize": 1})
    if bound == "disk":
        monkeypatch.setattr(uploads.os, "statvfs", lambda _path: room)
    else:
        monkeypatch.setattr(uploads, bound, 10)

    refused = send(desk, id, "feedback", ("1.jpg", JPEG), result_code="fixed", note="换了软管")
    monkeypatch.undo()

    assert (refused.status_code, "换了软管" in refused.text) == (status, True)
    assert land.record(id).status == "assigned"


def test_a_form_that_is_sent_twice_has_its_photos_once(land, worker):
    desk, id = worker
    form = desk.form(desk.open(f"/office/cases/{id}"), f"/office/cases/{id}/acts/feedback")

    answers = [post(desk, form, [("IMG 1.jpg", JPEG)], result_code="fixed") for _ in range(2)]

    assert [each.status_code for each in answers] == [303, 303]
    assert shown(desk, desk.open(f"/office/cases/{id}")) == [JPEG]


def test_no_large_body_is_taken_from_who_is_not_signed_in(land, worker):
    stranger = Desk(land.valley)

    answer = stranger.client.post(
        f"/office/cases/{worker[1]}/acts/note", data={"photos": [(io.BytesIO(b"x" * 70_000), "a.jpg", "image/jpeg")]}
    )

    assert answer.status_code in (401, 413)
    assert land.valley.rows("SELECT * FROM sent_file") == []
