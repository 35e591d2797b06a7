"""Several cases at once: one page says what the act needs, each case has its own change, each refusal its reason."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from server.audit.store import chain
from server.instants import BEIJING
from tests.case_land import NAMES
from tests.office.desk import Desk, Reader, with_passwords

WORKER, NEIGHBOUR = "user:worker", "user:neighbour"
BACK = "/office/board?tab=registered"


@pytest.fixture
def desk(land):
    with_passwords(land.valley)
    return Desk(land.valley)


def registered(land, count=2) -> list[str]:
    ids = [land.report("neighbour", place=f"场所{number}") for number in range(count)]
    for id in ids:
        land.act(id, "register", "officer")
    return ids


def handed_over(land, taker):
    with land.valley.store.reading() as reading:
        return [entry for entry in chain.list_about(reading, taker) if entry.event == "case.hand_over"]


def page_for(desk, act, ids):
    return desk.open(f"/office/board/bulk?act={act}&back={BACK}&" + "&".join(f"pick={id}" for id in ids))


def send(desk, page, ids, act="assign", **values):
    """Send the form of a page with the cases ``ids`` picked on it."""
    form = desk.form(page, f"/office/board/bulk/{act}")
    data = {name: value for name, value in {**form.fields, **values}.items() if name != "case"}
    return desk.client.post(form.action, data={**data, "case": ids})


def offered(desk, ids) -> list[str]:
    part = desk.open("/office/board/bulk/acts?" + "&".join(f"pick={id}" for id in ids)).text
    return re.findall(r'name="act" value="(\w+)"', part)


def test_all_that_were_picked_are_assigned_and_the_board_says_so(land, desk):
    ids = registered(land)
    desk.sign_in("officer")

    answer = send(desk, page_for(desk, "assign", ids), ids, assignee=WORKER, note="一起办")
    board = desk.open(answer.headers["Location"])

    assert answer.status_code == 303 and answer.headers["Location"] == f"{BACK}&bulk=assign.2"
    assert "2件已办好" in board.text
    assert [land.record(id).assignee for id in ids] == [WORKER, WORKER]
    assert all([row["action"] for row in land.history(id)][-1] == "assign" for id in ids)


def test_what_somebody_has_goes_to_somebody_else_with_its_limit_and_its_helpers(land, desk):
    ids = registered(land)
    for id in ids:
        land.act(id, "assign", "officer", assignee=WORKER, helpers="user:leader")
    before = [land.record(id).due_at for id in ids]
    desk.sign_in("officer")
    page = page_for(desk, "handover", ids)
    form = desk.form(page, "/office/board/bulk/handover")

    answers = [send(desk, page, ids, "handover", assignee=NEIGHBOUR, note="调岗") for _ in range(2)]

    assert "handover" in offered(desk, ids) and "due_on" not in form.fields
    assert [answer.headers["Location"] for answer in answers] == [f"{BACK}&bulk=handover.2"] * 2
    records = [land.record(id) for id in ids]
    assert [record.assignee for record in records] == [NEIGHBOUR] * 2
    assert [record.due_at for record in records] == before
    assert all("user:leader" in record.case.marks for record in records)
    found = [entry for entry in handed_over(land, NEIGHBOUR) if entry.details["case"] in ids]
    assert len(found) == 2


def test_what_nobody_has_yet_is_not_handed_over(land, desk):
    ids = registered(land)
    desk.sign_in("officer")

    assert "handover" not in offered(desk, ids)
    assert "没有能办这件事的" in page_for(desk, "handover", ids).text


def test_the_form_sent_twice_has_one_effect(land, desk):
    ids = registered(land)
    desk.sign_in("officer")
    page = page_for(desk, "assign", ids)

    answers = [send(desk, page, ids, assignee=WORKER) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert [len(land.history(id)) for id in ids] == [3, 3]


def test_a_case_that_somebody_else_moved_on_keeps_none_of_the_others_back_and_stays_picked(land, desk):
    ids = registered(land, 3)
    desk.sign_in("officer")
    page = page_for(desk, "assign", ids)
    land.act(ids[1], "assign", "town", assignee=NEIGHBOUR)

    answer = send(desk, page, ids, assignee=WORKER, note="写了很久的话")

    assert answer.status_code == 409
    assert "2件已办好；1件没有办：" in re.sub(r"\s+", "", answer.text)
    assert "案件已被他人办理" in answer.text and "写了很久的话" in answer.text
    assert [land.record(id).assignee for id in ids] == [WORKER, NEIGHBOUR, WORKER]
    assert re.findall(r'name="case" value="([^"]+)" checked', answer.text) == [ids[1]]
    again = send(desk, answer, [ids[1]], assignee=WORKER)
    assert again.status_code == 303 and land.record(ids[1]).assignee == WORKER


def test_only_what_all_of_them_allow_is_offered(land, desk):
    reported, (case, *_) = land.report(), registered(land)
    desk.sign_in("officer")

    assert offered(desk, [reported]) == ["assign", "register", "export"]
    assert offered(desk, [reported, case]) == ["assign", "export"]
    assert offered(desk, []) == []


def test_on_the_page_those_that_do_not_allow_it_are_named_and_left_alone(land, desk):
    reported, (case, *_) = land.report(place="还没立项"), registered(land)
    desk.sign_in("officer")
    page = page_for(desk, "register", [reported, case])

    assert re.findall(r'name="case" value="([^"]+)"', page.text) == [reported]
    assert "这些现在不能办，不会动：" in page.text


def test_who_has_none_of_these_rights_is_offered_nothing_and_refused(land, desk):
    ids = registered(land)
    for name in NAMES:
        browser = Desk(land.valley)
        browser.sign_in(name)
        board = browser.open("/office/board?tab=open").text
        may = {key for key in ("assign", "register", "extend", "supervise") if f'<option value="{key}"' in board}
        assert may == {
            "officer": {"assign", "register"},
            "secretary": {"assign", "register"},
            "leader": {"assign"},
            "town": {"assign", "register", "extend", "supervise"},
            "brigade": {"assign", "register", "extend", "supervise"},
        }.get(name, set()), name
    desk.sign_in("viewer")
    token = desk.form(desk.open("/office/board"), "/office/sign-out").fields

    answer = desk.client.post("/office/board/bulk/assign", data={**token, "case": ids, "assignee": WORKER})

    assert answer.status_code == 409 and "您的岗位不能在这里“派遣”" in answer.text
    assert [land.record(id).status for id in ids] == ["registered", "registered"]


def test_a_town_gives_more_time_and_supervises(land, desk):
    ids = registered(land)
    for id in ids:
        land.act(id, "assign", "officer", assignee=WORKER)
    desk.sign_in("town")
    until = (land.clock().astimezone(BEIJING).date() + timedelta(days=20)).isoformat()

    extended = send(desk, page_for(desk, "extend", ids), ids, "extend", due_on=until, reason="weather")
    supervised = send(desk, page_for(desk, "supervise", ids), ids, "supervise", level="1")

    assert (extended.status_code, supervised.status_code) == (303, 303)
    assert [land.record(id).case.supervised for id in ids] == [1, 1]


def test_what_the_act_lacks_is_said_beside_it_and_nothing_is_lost(land, desk):
    ids = registered(land)
    desk.sign_in("officer")

    answer = send(desk, page_for(desk, "assign", ids), ids, note="写了很久的话")
    nobody = send(desk, page_for(desk, "assign", ids), [], assignee=WORKER)

    assert answer.status_code == 409 and 'id="bulk-assignee-fault"' in answer.text and "写了很久的话" in answer.text
    assert nobody.status_code == 422 and "请至少选一件" in nobody.text
    assert [len(land.history(id)) for id in ids] == [2, 2]


def test_those_picked_leave_as_a_workbook_and_who_may_not_export_gets_none(land, desk):
    ids = registered(land)
    desk.sign_in("town")
    file = page_for(desk, "export", ids)

    assert file.status_code == 200 and "spreadsheet" in file.content_type
    other = Desk(land.valley)
    other.sign_in("worker")
    assert page_for(other, "export", ids).status_code == 403


def test_a_case_out_of_scope_is_neither_shown_nor_touched(land, desk):
    (id,) = registered(land, 1)
    desk.sign_in("stranger")
    page = page_for(desk, "assign", [id])

    assert "1件已不在您的辖区" in page.text and id not in Reader(page.text).links
    assert page_for(desk, "nonsense", [id]).status_code == 404


def test_what_was_typed_outlives_a_session_that_ran_out(land, desk):
    ids = registered(land)
    desk.sign_in("officer")
    page = page_for(desk, "assign", ids)
    land.clock.pass_by(minutes=40)

    asked = send(desk, page, ids, assignee=WORKER, note="写了很久的话")
    shown = desk.submit(desk.form(asked, "/office/sign-in"), password="correct-horse-7")

    assert "写了很久的话" in shown.text
    assert set(re.findall(r'name="case" value="([^"]+)" checked', shown.text)) == set(ids)
    assert [len(land.history(id)) for id in ids] == [2, 2]


@pytest.mark.parametrize(
    "back", ["https://elsewhere.example/", "//elsewhere.example", "/office/board?tab=x\r\nSet-Cookie: a=b"]
)
def test_the_way_back_is_the_board_and_nothing_else(land, desk, back):
    ids = registered(land, 1)
    desk.sign_in("officer")

    answer = send(desk, page_for(desk, "assign", ids), ids, assignee=WORKER, back=back)
    location = urlsplit(answer.headers["Location"])

    assert (location.netloc, location.path) == ("", "/office/board")
    assert parse_qs(location.query)["bulk"] == ["assign.1"] and "Set-Cookie: a" not in answer.headers["Location"]
