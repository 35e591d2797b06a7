"""What somebody typed into the form of a case stays theirs, whatever becomes of case, session or server."""

from __future__ import annotations

import re

import pytest

from server.errors import Busy, DiskFull
from server.office import drafts
from server.staffing.usecases import enrolment
from server.web import context
from tests.api_county import PASSWORD
from tests.case_land import a_report
from tests.filled_forms import a_station, new_uuid, photo
from tests.office.desk import Desk, with_passwords
from tests.valley import FAR_VILLAGE, UNIT

WORKER, TYPED = "user:worker", "写了很久的话"
KEPT = "您写的内容没有提交，留在这里："


@pytest.fixture
def desk(land):
    with_passwords(land.valley)
    return Desk(land.valley)


@pytest.fixture
def case(land):
    return land.report()


@pytest.fixture
def form(desk, case):
    """The form by which an officer assigns the case."""
    desk.sign_in("officer")
    return form_of(desk, desk.open(f"/office/cases/{case}"), case, "assign")


def form_of(desk, page, id, action):
    return desk.form(page, f"/office/cases/{id}/acts/{action}")


def sign_out(desk):
    return desk.submit(desk.form(desk.open("/office/"), "/office/sign-out"))


def test_who_has_signed_in_again_in_another_tab_finds_the_form_filled_in_and_sends_it(land, desk, case, form):
    desk.sign_in("officer", at="/office/sign-in")

    page = desk.submit(form, assignee=WORKER, note=TYPED)
    before = len(land.history(case))
    answer = desk.submit(form_of(desk, page, case, "assign"), assignee=WORKER, note=TYPED)

    assert page.status_code == 200 and TYPED in page.text and "看过再提交" in page.text
    assert before == 1
    assert answer.status_code == 303 and land.record(case).assignee == WORKER


def test_who_has_signed_out_in_another_tab_finds_the_form_filled_in_after_signing_in(desk, form):
    sign_out(desk)

    asked = desk.submit(form, assignee=WORKER, note=TYPED)
    sign_in = desk.form(asked, "/office/sign-in")
    page = desk.submit(sign_in, password=PASSWORD)

    assert asked.status_code == 401 and "您写的内容还在，登录后接着提交。" in asked.text
    assert sign_in.fields["username"] == "officer"
    assert page.status_code == 200 and TYPED in page.text


def test_a_form_of_somebody_else_is_neither_carried_out_nor_shown_to_who_is_signed_in(land, desk, case, form):
    sign_out(desk)
    desk.sign_in("town")

    asked = desk.submit(form, assignee=WORKER, note=TYPED)
    sign_in = desk.form(asked, "/office/sign-in")
    answer = desk.submit(sign_in, username="town", password=PASSWORD)

    assert asked.status_code == 401 and sign_in.fields["username"] == "officer"
    assert answer.status_code == 303 and TYPED not in answer.text
    assert len(land.history(case)) == 1


def test_the_sign_in_page_that_an_old_form_brings_lets_one_in_at_once(desk):
    desk.sign_in("officer")
    old = desk.form(desk.open("/office/password"), "/office/password")
    desk.sign_in("officer", at="/office/sign-in")

    asked = desk.submit(old)
    answer = desk.submit(desk.form(asked, "/office/sign-in"), username="officer", password=PASSWORD)

    assert (asked.status_code, answer.status_code) == (401, 303)


def test_what_was_typed_into_a_form_that_the_case_offers_no_more_is_shown_to_take_along(land, desk, case, form):
    land.act(case, "reject", "town", reason="not_a_hazard")

    page = desk.submit(form, assignee=WORKER, note=TYPED, due_on="2026-12-31")

    assert page.status_code == 409
    assert KEPT in page.text and TYPED in page.text and "2026-12-31" in page.text
    assert WORKER not in page.text


def test_what_was_typed_on_a_case_that_is_theirs_to_see_no_more_is_shown_to_take_along(land, desk, form):
    gone = form.action.replace(form.action.split("/")[3], "00000000-0000-4000-8000-000000000000")
    at_once = desk.client.post(gone, data={**form.fields, "note": TYPED})
    land.clock.pass_by(minutes=40)
    asked = desk.client.post(gone, data={**form.fields, "note": TYPED})
    later = desk.submit(desk.form(asked, "/office/sign-in"), password=PASSWORD)

    for page in (at_once, later):
        assert page.status_code == 404 and KEPT in page.text and TYPED in page.text
    assert desk.open("/office/").status_code == 200


@pytest.mark.parametrize(("refusal", "status"), [(Busy("正在忙", retry_after_s=2), 503), (DiskFull(), 507)])
def test_a_server_that_cannot_write_now_gives_the_form_back(monkeypatch, desk, form, refusal, status):
    def refuse(*_: object, **__: object) -> None:
        raise refusal

    monkeypatch.setattr(context, "write", refuse)
    page = desk.submit(form, assignee=WORKER, note=TYPED)

    assert page.status_code == status
    assert refusal.message in page.text and TYPED in page.text
    assert page.headers.get("Retry-After") == ("2" if status == 503 else None)


def test_a_page_that_was_sent_and_is_sent_again_with_other_words_says_so(land, desk, case, form):
    desk.submit(form, assignee=WORKER, note="第一次")
    page = desk.submit(form, assignee=WORKER, note=TYPED)

    assert page.status_code == 409
    assert "这一页刚才已经提交过一次" in page.text and TYPED in page.text and "UUID" not in page.text
    assert len(land.history(case)) == 2


def test_the_language_of_a_page_that_answers_a_form_leads_back_to_the_page_of_the_form(desk, case, form):
    faulty = desk.submit(form, note=TYPED, due_on="昨天")
    answer = desk.submit(desk.form(faulty, "/office/language"), language="en")

    assert faulty.status_code == 422
    assert answer.headers["Location"] == f"/office/cases/{case}"
    assert desk.form(desk.client.post("/office/sign-out"), "/office/language").fields["back"] == "/"


def test_a_photo_of_any_name_is_shown_and_asked_for_again_so_that_nobody_sees_it_signed_out(land, desk):
    name = "照片 1#?100%.jpg"
    filled = a_report(photo=name)
    land.valley.phone("worker").send(filled, photo(name, b"\xff\xd8\xff\xe0 a photo"))
    desk.sign_in("officer")

    shown = re.search(r'<img src="([^"]+)"', desk.open(f"/office/cases/{filled.entities[0].id}").text)[1]
    first = desk.client.get(shown, buffered=True)
    again = desk.client.get(shown, headers={"If-None-Match": first.headers["ETag"]}, buffered=True)
    sign_out(desk)

    assert (first.status_code, again.status_code) == (200, 304)
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert desk.open(shown).status_code == 401


def test_a_long_text_of_many_lines_is_kept_to_its_last_character(land, desk, case, form):
    typed = "\n".join(["长" * 18] * 100) + "……末尾"
    answer = desk.submit(form, assignee=WORKER, note=typed.replace("\n", "\r\n"))
    page = desk.open(f"/office/cases/{case}")

    assert len(typed) < 2_000 < len(typed.replace("\n", "\r\n"))
    assert answer.status_code == 303
    assert "末尾" in page.text


@pytest.mark.parametrize(
    ("typed", "said"), [("长" * 2_001, "有2001个字符，最多2000个"), ("一\x00二", "不能保存的字符")]
)
def test_a_text_that_cannot_be_kept_is_given_back_whole(land, desk, case, form, typed, said):
    page = desk.submit(form, assignee=WORKER, note=typed)

    assert page.status_code == 422
    assert said in page.text and typed in page.text
    assert len(land.history(case)) == 1


def test_what_was_typed_outlives_another_language_on_the_sign_in_page(land, desk, form):
    land.clock.pass_by(minutes=40)
    asked = desk.submit(form, note=TYPED)
    english = desk.submit(desk.form(asked, "/office/language"), language="en")
    page = desk.submit(desk.form(english, "/office/sign-in"), password=PASSWORD)

    assert english.status_code == 200 and "Sign in" in english.text
    assert page.status_code == 200 and TYPED in page.text and "You may now" in page.text


def test_a_form_too_long_to_be_carried_over_a_sign_in_says_so(land, desk, form, monkeypatch):
    monkeypatch.setattr(drafts, "CHARS_MAX", 50)
    land.clock.pass_by(minutes=40)

    asked = desk.submit(form, assignee=WORKER, note=TYPED)

    assert asked.status_code == 401 and "写的内容太长，登录时带不走" in asked.text
    assert "您写的内容还在" not in asked.text


def test_an_edit_of_a_record_that_is_theirs_no_longer_gives_the_text_back(valley):
    id = new_uuid()
    valley.phone("worker").send(a_station(id, area=UNIT, hoses="8"))
    with_passwords(valley)
    desk = Desk(valley)
    desk.sign_in("officer")
    address = f"/office/ledgers/stations/{id}/edit"
    form = desk.form(desk.open(address), address)
    valley.do(lambda tx: enrolment.move_user(tx, "officer", area=FAR_VILLAGE, by="admin"))

    page = desk.submit(form, **{"q.hoses": "77"})

    assert page.status_code == 404
    assert KEPT in page.text and "<dd>77</dd>" in page.text
