"""Intake: reports one after the other, what may be the same beside each, and a decision that opens the next."""

from __future__ import annotations

import re

import pytest

from tests.case_land import ESTATE, NAMES, TOWN, UNIT
from tests.office.desk import Desk, Reader, with_passwords
from tests.office.intake.walks import decide, form_of, open_report

WORKER = "user:worker"


@pytest.fixture
def desk(land):
    with_passwords(land.valley)
    return Desk(land.valley)


def queued(page) -> list[str]:
    part = page.text[page.text.index('<ol id="queue"') :]
    return re.findall(r"report=([0-9a-f-]{36})", part[: part.index("</ol>")])


def decisions(page) -> set[str]:
    said = re.findall(r'(?:form)?action="/office/intake/[0-9a-f-]{36}/(\w+)', page.text)
    return set(said)


def main_buttons(page) -> list[str]:
    shown = page.text[page.text.index("<main") : page.text.index("</main>")]
    return [word.strip() for word in re.findall(r'<button class="[^"]*primary"[^>]*>([^<]+)', shown)]


def test_the_report_that_is_due_first_comes_first_and_opens(land, desk):
    first = land.report()
    land.clock.pass_by(hours=2)
    second = land.report(place="别处")
    desk.sign_in("officer")
    page = desk.open("/office/intake")

    assert queued(page) == [first, second]
    assert f'href="/office/intake?report={first}" aria-current="true"' in page.text
    assert "2条待受理" in page.text and "1 / 2" in page.text


def test_a_report_is_registered_and_assigned_in_one_step_and_the_next_opens(land, desk):
    id, other = land.report("neighbour"), land.report(place="别处")
    desk.sign_in("officer")

    answer = decide(desk, id, "assign", assignee=WORKER, note="请三天内更换")
    page = desk.open(answer.headers["Location"])

    record = land.record(id)
    assert (record.status, record.assignee, record.case_no) == ("assigned", WORKER, "2026-000001")
    assert [row["action"] for row in land.history(id)] == ["report", "assign"]
    assert answer.status_code == 303 and f"report={other}" in answer.headers["Location"]
    assert "“演示民宿07”已立项并派遣给worker" in page.text


def test_suggested_handler_and_limit_are_filled_in_and_say_why(land, desk):
    id = land.report(area=UNIT)
    desk.sign_in("officer")
    page = open_report(desk, id)
    form = form_of(desk, page, id, "assign")

    assert form.fields["assignee"] == WORKER
    assert "本单元的网格员 · 手上0件" in page.text and "处置时限（短期）7天，今天起算" in page.text
    answer = desk.submit(form)
    assert answer.status_code == 303 and land.record(id).assignee == WORKER


def test_whoever_is_chosen_in_the_list_of_all_gets_it(land, desk):
    id = land.report()
    desk.sign_in("officer")

    decide(desk, id, "assign", other="body:committee")

    assert land.record(id).assignee == "body:committee"


@pytest.mark.parametrize("action", ["assign", "register", "reject", "merge"])
def test_a_decision_that_is_sent_twice_is_taken_once(land, desk, action):
    other, id = land.report("neighbour"), land.report()
    land.act(other, "register", "officer")
    desk.sign_in("officer")
    page = open_report(desk, id)
    values = {"assign": {"assignee": WORKER}, "reject": {"reason": "not_found"}}.get(action, {})
    form = form_of(desk, page, id, action)

    answers = [desk.submit(form, **values) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert [row["action"] for row in land.history(id)] == ["report", action]
    assert len({answer.headers["Location"] for answer in answers}) == 1


def test_a_duplicate_stands_beside_and_is_merged_and_split_again(land, desk):
    one = land.report("east", area=f"{ESTATE}001", spot="39.36010 114.69430 0 8")
    land.act(one, "assign", "estate", assignee="user:east")
    land.clock.pass_by(hours=3)
    two = land.report("west", area=f"{ESTATE}002", place="别处", spot="39.36020 114.69450 0 8")
    desk.sign_in("estate")
    page = open_report(desk, two)

    assert "疑似重复" in page.text and "同一隐患，离得很近" in page.text
    assert "约20米" in page.text and "定位误差各8米" in page.text and "早3小时" in page.text
    done = desk.open(desk.submit(form_of(desk, page, two, "merge")).headers["Location"])
    assert land.record(two).status == "merged" and "已并入2026-000001" in done.text

    split = desk.form(desk.open(f"/office/cases/{two}"), f"/office/cases/{two}/acts/split")
    assert desk.submit(split, reason="看错了").status_code == 303
    assert land.record(two).status == "registered"


def test_without_both_positions_no_distance_is_told(land, desk):
    land.report("neighbour")
    id = land.report()
    desk.sign_in("officer")

    page = open_report(desk, id)

    assert "没有定位，无法比较距离" in page.text and "同一场所、同一隐患" in page.text


def test_merging_is_the_only_main_button_until_somebody_says_it_is_not_the_same(land, desk):
    other, id = land.report("neighbour"), land.report()
    land.act(other, "register", "officer")
    desk.sign_in("officer")

    undecided, apart = open_report(desk, id), desk.open(f"/office/intake?report={id}&apart=1")

    assert main_buttons(undecided) == ["并入2026-000001"]
    assert main_buttons(apart) == ["立项并派遣"]


def test_of_several_duplicates_each_can_be_looked_at(land, desk):
    ones = [land.report("neighbour") for _ in range(2)]
    id = land.report()
    desk.sign_in("officer")

    page = desk.open(f"/office/intake?report={id}&like={ones[1]}")

    assert form_of(desk, page, id, "merge").fields["into"] == ones[1]
    assert f"like={ones[0]}" in page.text


def test_everybody_is_offered_just_what_the_table_lets_them_decide(land, desk):
    id = land.report("neighbour")
    land.report()
    for name in NAMES:
        browser = Desk(land.valley)
        browser.sign_in(name)
        page, file = browser.open(f"/office/intake?report={id}"), land.valley.get(f"/records/{id}", name)
        assert page.status_code == file.status_code, name
        if file.status_code == 200:
            may = set(file.json["case"]["actions"]) & {"assign", "register", "reject", "merge"}
            assert decisions(page) - {"note"} == may, name


@pytest.mark.parametrize("name", ["leader", "police", "viewer", "worker", "admin"])
@pytest.mark.parametrize("action", ["assign", "register", "reject", "merge"])
def test_what_a_role_may_not_decide_is_refused_whoever_sends_it(land, desk, name, action):
    other, id = land.report("neighbour"), land.report()
    desk.sign_in(name)
    token = desk.form(desk.open("/office/intake"), "/office/sign-out").fields
    values = {"assignee": WORKER, "reason": "not_found", "into": other}

    answer = desk.client.post(f"/office/intake/{id}/{action}", data={**token, **values})

    assert answer.status_code == 403
    assert land.record(id).status == "reported" and len(land.history(id)) == 1


def test_a_grid_leader_says_what_they_think_and_the_report_stays(land, desk):
    id = land.report()
    desk.sign_in("leader")

    answer = desk.submit(form_of(desk, open_report(desk, id), id, "note"), note="像是上个月那一处")

    assert answer.status_code == 303 and f"report={id}" in answer.headers["Location"]
    assert land.record(id).status == "reported" and land.record(id).office_note.endswith("像是上个月那一处")


def test_a_rejection_without_a_reason_comes_back_with_all_that_was_typed(land, desk):
    id = land.report()
    desk.sign_in("officer")

    page = decide(desk, id, "reject", note="写了很久的话")

    assert page.status_code == 422 and "写了很久的话" in page.text and 'id="reject-reason-fault"' in page.text
    assert land.record(id).status == "reported"


def test_who_was_slower_sees_how_it_stands_and_keeps_what_they_typed(land, desk):
    id = land.report()
    desk.sign_in("officer")
    form = form_of(desk, open_report(desk, id), id, "assign")
    land.act(id, "assign", "town", assignee="user:neighbour")

    page = desk.submit(form, assignee=WORKER, note="写了很久的话")

    assert page.status_code == 409
    assert "现在：待签收。" in page.text and "neighbour" in page.text and "写了很久的话" in page.text
    assert land.record(id).assignee == "user:neighbour" and decisions(page) == set()


def test_what_was_typed_outlives_a_session_that_ran_out(land, desk):
    id = land.report()
    desk.sign_in("officer")
    form = form_of(desk, open_report(desk, id), id, "assign")
    land.clock.pass_by(minutes=40)

    asked = desk.submit(form, other="body:committee", note="写了很久的话")
    page = desk.submit(desk.form(asked, "/office/sign-in"), password="correct-horse-7")

    assert page.status_code == 200 and "写了很久的话" in page.text
    assert '<option value="body:committee" selected>' in page.text
    assert len(land.history(id)) == 1


def test_an_empty_queue_says_so_and_leads_on(land, desk):
    desk.sign_in("officer")
    page = desk.open("/office/intake")

    assert "没有待受理的上报" in page.text and "/office/board?tab=feedback" in Reader(page.text).links


def test_a_report_out_of_scope_and_one_that_is_none_are_not_found_alike(land, desk):
    id = land.report()
    desk.sign_in("stranger")

    assert desk.open(f"/office/intake?report={id}").status_code == 404
    assert desk.open("/office/intake?report=00000000-0000-4000-8000-000000000000").status_code == 404
    assert desk.open("/office/intake?report=nonsense&area=nonsense&like=x").status_code == 200


def test_the_queue_alone_is_read_again_by_the_page(land, desk):
    id = land.report()
    desk.sign_in("officer")

    part = desk.open("/office/intake/queue?poll=1")

    assert queued(part) == [id] and "<html" not in part.text


def test_what_was_typed_anywhere_is_text(land, desk):
    nasty = "<script>alert(1)</script>\"'{{7*7}}"
    land.report(place=nasty)
    id = land.report(place=nasty)
    desk.sign_in("officer")
    page = open_report(desk, id).text

    assert "<script>alert" not in page and "49}}" not in page
    assert Reader(page).inline == []


def test_today_leads_to_the_reports_that_wait(land, desk):
    land.report()
    desk.sign_in("officer")

    assert re.search(r'<a class="button[^"]*" href="/office/intake">\s*去受理', desk.open("/office/").text)


def test_the_other_cases_of_a_place_are_those_of_that_very_place(land, desk):
    id, same, other = land.report(place="演示超市"), land.report(place="演示 超市"), land.report(place="红旗演示超市")
    desk.sign_in("officer")

    shown = open_report(desk, id).text.partition("<h2>同一场所</h2>")[2].partition("</section>")[0]

    assert "另有在办1件，已办结0件" in shown
    assert f"/office/cases/{same}" in shown and other not in shown


def test_the_queue_is_narrowed_to_a_village_that_is_picked_from_a_list(land, desk):
    here, away = land.report(), land.report("east")
    desk.sign_in("brigade")
    everywhere = desk.open("/office/intake")

    narrowed = desk.open(f"/office/intake?area={ESTATE}")

    assert {here, away} == set(queued(everywhere)) and queued(narrowed) == [away]
    assert f'<option value="{ESTATE}" selected>' in narrowed.text
    assert f'<option value="{TOWN}">' in everywhere.text


def test_who_has_chosen_so_stays_at_the_report_that_they_decided(land, desk):
    first, second = land.report("neighbour"), land.report("neighbour", place="另一处")
    desk.sign_in("officer")
    desk.submit(desk.form(desk.open("/office/intake"), "/office/next"), opens="off")

    decided = decide(desk, first, "register")
    page = desk.open(decided.headers["Location"])

    assert f"report={first}" in decided.headers["Location"]
    assert f"report={second}" in page.text and "下一条" in page.text
