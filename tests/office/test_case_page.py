"""The page of a case shows what one may do, does it once, and loses nothing that was typed."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta

import pytest

from server.instants import last_day
from server.people.usecases import passwords
from tests.case_land import NAMES, a_report
from tests.filled_forms import photo
from tests.office.desk import Desk, Reader, with_passwords
from tests.passwords import hash_of

JPEG = b"\xff\xd8\xff\xe0 a photo"
WORKER = "user:worker"


@pytest.fixture
def desk(land):
    with_passwords(land.valley)
    return Desk(land.valley)


def form_of(desk, page, id, action):
    return desk.form(page, f"/office/cases/{id}/acts/{action}")


def acts_on(page) -> set[str]:
    found = {form.action.rpartition("/")[2] for form in Reader(page.text).forms if "/acts/" in form.action}
    return found - {"check"} | ({"close", "rework"} if "check" in found else set())


@pytest.mark.parametrize("status", ["reported", "registered", "assigned", "feedback", "closed"])
def test_everybody_is_offered_just_what_the_table_lets_them_do(land, desk, status):
    steps = {
        "registered": [("register", "officer")],
        "assigned": [("assign", "officer", {"assignee": WORKER})],
        "feedback": [("feedback", "worker", {"result_code": "fixed", "no_photo_reason": "no_battery"})],
        "closed": [("close", "officer")],
    }
    id, wanted = land.report("neighbour"), ["reported", "registered", "assigned", "feedback", "closed"]
    for each in wanted[1 : wanted.index(status) + 1]:
        land.lead_to(id, *steps[each])

    for name in NAMES:
        browser = Desk(land.valley)
        browser.sign_in(name)
        page, file = browser.open(f"/office/cases/{id}"), land.valley.get(f"/records/{id}", name)
        assert page.status_code == file.status_code, name
        assert acts_on(page) == (set(file.json["case"]["actions"]) if file.status_code == 200 else set()), name


def test_a_case_goes_from_report_to_closed_by_pages(land, desk):
    id = land.report("neighbour")
    acts = (
        ("officer", "assign", {"assignee": WORKER, "note": "请三天内更换"}),
        ("worker", "feedback", {"result_code": "fixed", "no_photo_reason": "no_battery"}),
        ("town", "close", {"outcome": "close"}),
    )
    for name, action, inputs in acts:
        browser = Desk(land.valley)
        browser.sign_in(name)
        form = "check" if "outcome" in inputs else action
        answer = browser.submit(form_of(browser, browser.open(f"/office/cases/{id}"), id, form), **inputs)
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/office/cases/{id}?done={action}")
    page = browser.open(answer.headers["Location"])

    assert land.record(id).status == "closed"
    assert "“核查通过”已办好。" in page.text
    assert "请三天内更换" in page.text and "已整改" in page.text and "已办结" in page.text


def test_a_form_that_is_sent_twice_is_carried_out_once(land, desk):
    id = land.report()
    desk.sign_in("officer")
    form = form_of(desk, desk.open(f"/office/cases/{id}"), id, "assign")

    answers = [desk.submit(form, assignee=WORKER) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert [row["action"] for row in land.history(id)] == ["report", "assign"]
    first, again = (desk.open(answer.location).text for answer in answers)
    assert "“派遣”已办好。" in first and "没有再办一次" not in first
    assert "这件事刚才已经办好了，没有再办一次。" in again and "已办好。" not in again


def test_a_script_is_told_that_a_form_was_sent_twice(land, desk):
    id = land.report()
    desk.sign_in("officer")
    form = form_of(desk, desk.open(f"/office/cases/{id}"), id, "note")

    first, again = (desk.submit(form, {"HX-Request": "true"}, note="看过现场") for _ in range(2))

    assert [json.loads(each.headers["HX-Trigger"])["acted"]["said"] for each in (first, again)] == [
        "“说明”已办好。",
        "这件事刚才已经办好了，没有再办一次。",
    ]


def test_an_act_without_what_it_needs_comes_back_with_all_that_was_typed(land, desk):
    id = land.report()
    desk.sign_in("officer")
    page = desk.submit(
        form_of(desk, desk.open(f"/office/cases/{id}"), id, "assign"), note="写了很久的话", due_on="昨天"
    )
    field = page.text[page.text.index('id="assign-due_on"') :][:300]

    assert page.status_code == 422
    assert "写了很久的话" in page.text
    assert 'aria-invalid="true"' in field and "“昨天”不是日期" in page.text
    assert land.record(id).status == "reported"


def test_who_was_slower_sees_how_it_stands_and_keeps_what_they_typed(land, desk):
    id = land.report()
    desk.sign_in("officer")
    form = form_of(desk, desk.open(f"/office/cases/{id}"), id, "assign")
    land.act(id, "assign", "town", assignee="user:neighbour")

    page = desk.submit(form, assignee=WORKER, note="写了很久的话")

    assert page.status_code == 409
    assert "先办了" in page.text and "您的“派遣”没有执行" in page.text and "请刷新" not in page.text
    assert 'href="#act-assign">仍要改派…' in page.text and f'href="/office/cases/{id}">看这件' in page.text
    assert re.search(r"<s>待受理.*?</s> → <b>待签收", page.text)
    assert "写了很久的话" in page.text
    assert land.record(id).assignee == "user:neighbour"


def test_what_a_role_may_not_do_is_refused_whoever_sends_it(land, desk):
    id = land.report()
    desk.sign_in("viewer")
    page = desk.open(f"/office/cases/{id}")
    token = desk.form(page, "/office/sign-out").fields

    answer = desk.client.post(f"/office/cases/{id}/acts/assign", data={**token, "assignee": WORKER})

    assert acts_on(page) == set() and "现在没有您能办的事。" in page.text
    assert answer.status_code == 403 and "您的岗位不能在这里“派遣”" in answer.text
    assert land.record(id).status == "reported"


@pytest.mark.parametrize("action", ["release", "nonsense", "edit"])
def test_what_is_no_act_of_a_page_is_refused(land, desk, action):
    id = land.report()
    desk.sign_in("officer")
    token = desk.form(desk.open(f"/office/cases/{id}"), "/office/sign-out").fields

    assert desk.client.post(f"/office/cases/{id}/acts/{action}", data=token).status_code == 422
    assert len(land.history(id)) == 1


def test_a_case_out_of_scope_and_one_that_is_none_are_not_found_alike(land, desk):
    id = land.report()
    desk.sign_in("stranger")
    pages = [desk.open(f"/office/cases/{each}") for each in (id, "00000000-0000-4000-8000-000000000000")]

    assert [page.status_code for page in pages] == [404, 404]
    assert "没有这个案件或页面，或不在您的辖区。" in pages[0].text or "不在您的" in pages[0].text


def test_what_was_typed_outlives_a_session_that_ran_out(land, desk):
    id = land.report()
    desk.sign_in("officer")
    form = form_of(desk, desk.open(f"/office/cases/{id}"), id, "assign")
    land.clock.pass_by(minutes=40)

    asked = desk.submit(form, assignee=WORKER, note="写了很久的话")
    sign_in = desk.form(asked, "/office/sign-in")
    page = desk.submit(sign_in, password="correct-horse-7")
    before = len(land.history(id))
    answer = desk.submit(form_of(desk, page, id, "assign"), assignee=WORKER, note="写了很久的话")

    assert asked.status_code == 401 and "您写的内容还在，登录后接着提交。" in asked.text
    assert sign_in.fields["username"] == "officer"
    assert page.status_code == 200 and "写了很久的话" in page.text
    assert re.search(f'value="{WORKER}" checked|<option value="{WORKER}" selected>', page.text)
    assert before == 1
    assert answer.status_code == 303 and land.record(id).assignee == WORKER


def test_what_was_typed_outlives_a_password_that_has_to_be_changed_first(land, desk):
    id = land.report("neighbour")
    desk.sign_in("officer")
    form = form_of(desk, desk.open(f"/office/cases/{id}"), id, "assign")
    given = hash_of("kolmi-tarre-55")
    land.valley.do(passwords.reset, "officer", given, by="admin")

    asked = desk.submit(form, assignee=WORKER, note="写了很久的话")
    must = desk.submit(desk.form(asked, "/office/sign-in"), password="kolmi-tarre-55")
    own = {"old_password": "kolmi-tarre-55", "new_password": "chosen-by-li-26", "again": "chosen-by-li-26"}
    page = desk.submit(desk.form(must, "/office/password"), **own)

    assert "您写的内容还在，改好密码接着提交。" in must.text
    assert page.status_code == 200 and "写了很久的话" in page.text
    assert len(land.history(id)) == 1


def test_a_check_asks_first_whether_it_is_put_right(land, desk):
    id = land.report("neighbour")
    land.lead_to(
        id,
        ("assign", "officer", {"assignee": WORKER}),
        ("feedback", "worker", {"result_code": "fixed", "no_photo_reason": "no_battery"}),
    )
    desk.sign_in("town")
    page = desk.open(f"/office/cases/{id}")
    form = form_of(desk, page, id, "check")
    unsaid = desk.submit(form, note="写了很久的话")
    by_script = desk.submit(
        form, headers={"HX-Request": "true"}, outcome="rework", reason="not_fixed", note="写了很久的话"
    )

    assert "checked" not in page.text[page.text.index('name="outcome"') :][:200]
    assert (
        unsaid.status_code == 422 and "请选择：整改好了，还是没改好。" in unsaid.text and "写了很久的话" in unsaid.text
    )
    assert by_script.status_code == 200 and by_script.text.lstrip().startswith("<div")
    assert json.loads(by_script.headers["HX-Trigger"])["acted"]["id"] == id
    assert land.record(id).status == "handling"


def test_a_case_beside_a_list_is_what_its_page_is(land, desk):
    id = land.report()
    desk.sign_in("officer")

    beside = desk.open(f"/office/board?case={id}").text
    part = desk.open(f"/office/cases/{id}/panel", **{"HX-Request": "true"})
    plain = desk.open(f"/office/cases/{id}/panel")

    assert f'data-case="{id}"' in beside and f'data-case="{id}"' in part.text
    assert "<html" not in part.text
    assert (plain.status_code, plain.headers["Location"]) == (303, f"/office/cases/{id}")
    assert 'data-case="' not in desk.open("/office/board?case=00000000-0000-4000-8000-000000000000").text


def test_another_person_who_signs_in_sees_nothing_of_it(land, desk):
    id = land.report()
    desk.sign_in("officer")
    form = form_of(desk, desk.open(f"/office/cases/{id}"), id, "assign")
    land.clock.pass_by(minutes=40)

    asked = desk.submit(form, assignee=WORKER, note="写了很久的话")
    answer = desk.submit(desk.form(asked, "/office/sign-in"), username="town", password="correct-horse-7")

    assert answer.status_code == 303
    assert "写了很久的话" not in answer.text


def test_a_form_of_another_site_is_carried_over_no_sign_in(land, desk):
    id = land.report()
    desk.sign_in("officer")
    land.clock.pass_by(minutes=40)

    asked = desk.client.post(f"/office/cases/{id}/acts/assign", data={"note": "别处写的", "form_token": "x"})

    assert asked.status_code == 401
    assert "draft" not in desk.form(asked, "/office/sign-in").fields


def test_photos_are_shown_and_what_is_still_to_come_says_so(land, desk):
    filled = a_report(photo="before.jpg")
    here, coming = filled.entities[0].id, land.report(photo="later.jpg")
    land.valley.phone("worker").send(filled, photo("before.jpg", JPEG))
    desk.sign_in("officer")

    shown = re.search(r'<img src="([^"]+)"', desk.open(f"/office/cases/{here}").text)[1]
    answer = desk.client.get(shown, buffered=True)

    assert answer.data == JPEG and answer.content_type == "image/jpeg"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert "照片待补传" in desk.open(f"/office/cases/{coming}").text
    assert desk.open(shown.replace("before", "other")).status_code == 404


def test_what_was_typed_anywhere_is_text(land, desk):
    nasty = "<script>alert(1)</script>\"'{{7*7}}"
    id = land.report(place=nasty)
    land.act(id, "note", "officer", note=nasty)
    desk.sign_in("officer")
    page = desk.open(f"/office/cases/{id}").text

    assert "<script>alert" not in page and "&lt;script&gt;alert(1)" in page
    assert Reader(page).inline == []


def test_a_case_is_made_void_only_by_who_confirms_that_it_cannot_be_taken_back(land, desk):
    id = land.report("neighbour")
    land.act(id, "ask_void", "officer", reason="test_data")
    desk.sign_in("town")
    form = form_of(desk, desk.open(f"/office/cases/{id}"), id, "void")

    unconfirmed = desk.submit(form, reason="test_data", note="写了很久的话")
    status = land.record(id).status
    confirmed = desk.submit(form, reason="test_data", note="写了很久的话", confirm="1")

    assert unconfirmed.status_code == 422 and "请先勾选确认，再提交。" in unconfirmed.text
    assert "写了很久的话" in unconfirmed.text and status == "reported"
    assert confirmed.status_code == 303 and land.record(id).status == "void"


def test_granting_what_was_asked_for_starts_from_the_request(land, desk):
    id = land.report("neighbour")
    land.act(id, "assign", "officer", assignee=WORKER)
    later = str(date.fromisoformat(last_day(land.record(id).due_at)) + timedelta(days=3))
    land.act(id, "ask_extension", "worker", reason="material", until=later, safeguard="断电，专人看守")
    desk.sign_in("brigade")

    page = desk.open(f"/office/cases/{id}")

    assert form_of(desk, page, id, "extend").fields["due_on"] == later
    assert '<option value="material" selected>' in page.text and "断电，专人看守</textarea>" in page.text


def test_a_merger_is_taken_back_from_what_tells_of_it(land, desk):
    main, other = land.report("neighbour"), land.report("neighbour")
    desk.sign_in("officer")

    form = form_of(desk, desk.open(f"/office/cases/{other}"), other, "merge")
    told = desk.open(desk.submit(form, into=main).headers["Location"]).text
    undo = re.search(r'href="([^"]+)">撤回', told)[1]
    page = desk.open(undo.partition("#")[0])
    answer = desk.submit(form_of(desk, page, other, "split"), reason="不是同一处")

    assert undo == f"/office/cases/{other}?open=split#act-split" and f'href="/office/cases/{main}">看主案件' in told
    assert '<details open data-act="split"' in page.text
    assert answer.status_code == 303 and land.record(other).status == "registered"
    assert "撤回</a>" not in desk.open(answer.headers["Location"]).text


def test_whether_the_next_case_opens_is_ones_own_choice(land, desk):
    desk.sign_in("officer")
    found = [desk.open("/office/board?tab=feedback").text, desk.open("/office/board?tab=open").text]
    for opens in ("on", "off"):
        answer = desk.submit(desk.form(desk.open("/office/board"), "/office/next"), opens=opens)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/office/board")
        found += [desk.open("/office/board?tab=feedback").text, desk.open("/office/board?tab=open").text]

    assert [re.search(r'data-next="(.?)"', page)[1] for page in found] == ["1", "", "1", "1", "", ""]
    for name, opens in (("officer", ""), ("town", "1")):  # on another browser
        other = Desk(land.valley)
        other.sign_in(name)
        assert f'data-next="{opens}"' in other.open("/office/board?tab=feedback").text


def test_a_day_of_another_year_is_written_with_its_year(land, desk):
    this, next = land.report("neighbour"), land.report("neighbour", place="另一处")
    for id, due_on in ((this, "2026-12-20"), (next, "2027-02-28")):
        land.lead_to(id, ("assign", "brigade", {"assignee": WORKER, "due_on": due_on}))
    desk.sign_in("town")

    board = desk.open("/office/board?tab=assigned").text

    assert '<time datetime="2026-12-20">12-20</time>' in board
    assert '<time datetime="2027-02-28">2027-02-28</time>' in board


def test_a_position_is_picked_from_the_case_by_those_who_may_edit_it(land, desk):
    id = land.report("neighbour")
    edit = f"/office/ledgers/hazards/{id}/edit"

    offered = {}
    for name in ("officer", "viewer"):
        browser = Desk(land.valley)
        browser.sign_in(name)
        offered[name] = edit in Reader(browser.open(f"/office/cases/{id}").text).links
        assert (browser.open(edit).status_code == 200) is offered[name], name

    assert offered == {"officer": True, "viewer": False}


def test_the_board_says_how_many_are_overdue_under_its_filters_and_offers_categories_as_links(land, desk):
    late, soon = land.report(), land.report("neighbour")
    land.act(late, "reject", "town", reason="not_a_hazard")
    desk.sign_in("officer")
    before = desk.open("/office/board").text
    land.clock.pass_by(days=9)
    desk.sign_in("officer", at="/office/sign-in")

    def told(query: str) -> str:
        return re.sub(r"\s+", " ", desk.open(f"/office/board?{query}").text)

    assert "已超期</span>" in before
    assert "已超期 <b>1</b>" in told("tab=open") and "已超期 <b>1</b>" in told("tab=mine")
    assert "已超期</span>" in told("tab=registered") and "已超期</span>" in told("tab=ended")
    assert "/office/board?tab=open&amp;category=" in told("tab=open")
    assert soon in told("tab=open&overdue=1")
