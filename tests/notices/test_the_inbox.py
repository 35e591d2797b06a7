"""Everybody has an inbox, over the API, on pages, in the terminal, as a mark on phones; each their own alone."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from server.admin.store import personal_traces
from server.cli.main import main
from tests.case_land import Land
from tests.notices.test_who_is_told import leaves
from tests.office.desk import Desk, with_passwords


@pytest.fixture
def assigned(land: Land) -> str:
    id = land.report()
    land.lead_to(id, ("register", "officer"), ("assign", "town", {"assignee": "user:leader"}))
    return id


def inbox(land: Land, name: str, query: str = "") -> list[dict]:
    answer = land.valley.get(f"/inbox{query}", name)
    assert answer.status_code == 200, answer.text
    return answer.json["items"]


def unread(land: Land, name: str) -> int:
    return land.valley.get("/inbox/unread", name).json["unread"]


def test_a_notice_names_the_case_and_the_act_and_nothing_that_anybody_wrote(land, assigned):
    [told] = inbox(land, "leader")

    assert (told["kind"], told["action"], told["read_at"]) == ("assigned", "assign", None)
    assert told["case"]["id"] == assigned
    columns = land.valley.rows("SELECT * FROM notice")[0]
    assert sorted(columns) == ["action", "at", "kind", "person", "read_at", "record", "seq", "version"]
    assert inbox(land, "officer") == []


def test_reading_one_marks_it_and_a_newer_one_takes_its_place(land, assigned):
    [told] = inbox(land, "leader")
    assert land.valley.post(f"/inbox/{told['seq']}/read", "leader").json == {"unread": 0}
    assert inbox(land, "leader", "?unread=true") == []
    assert inbox(land, "leader")[0]["read_at"] is not None

    land.lead_to(
        assigned, ("assign", "town", {"assignee": "user:officer"}), ("assign", "town", {"assignee": "user:leader"})
    )

    assert unread(land, "leader") == 1
    gone = land.valley.post(f"/inbox/{told['seq']}/read", "leader")
    assert gone.status_code == 404
    assert "更新的提醒" in gone.json["detail"]
    assert unread(land, "leader") == 1


def test_who_does_not_have_the_case_any_more_need_not_read_that_they_had(land, assigned):
    land.lead_to(assigned, ("assign", "town", {"assignee": "user:officer", "helpers": "user:worker"}))
    assert [unread(land, name) for name in ("leader", "officer", "worker")] == [0, 1, 1]
    assert len(inbox(land, "leader")) == 1

    land.lead_to(assigned, ("assign", "town", {"assignee": "user:worker"}))
    assert [unread(land, name) for name in ("officer", "worker")] == [0, 1]


def test_nobody_marks_what_others_were_told(land, assigned):
    [told] = inbox(land, "leader")

    assert land.valley.post(f"/inbox/{told['seq']}/read", "officer").status_code == 404
    assert land.valley.post("/inbox/read", "officer", {"until": told["seq"]}).json == {"read": 0, "unread": 0}
    assert unread(land, "leader") == 1


def test_marking_all_leaves_what_came_in_behind(land, assigned):
    [first] = inbox(land, "leader")
    second = land.report()
    land.lead_to(second, ("register", "officer"), ("assign", "town", {"assignee": "user:leader"}))

    assert land.valley.post("/inbox/read", "leader", {"until": first["seq"]}).json == {"read": 1, "unread": 1}
    assert [each["case"]["id"] for each in inbox(land, "leader", "?unread=true")] == [second]


def test_the_inbox_comes_page_by_page_and_says_when_nothing_has_changed(land):
    ids = []
    for _ in range(3):
        ids.append(land.report())
        land.lead_to(ids[-1], ("register", "officer"), ("assign", "town", {"assignee": "user:leader"}))
    first = land.valley.get("/inbox?limit=2", "leader")
    rest = land.valley.get(f"/inbox?limit=2&cursor={first.json['next']}", "leader").json

    assert [each["case"]["id"] for each in (*first.json["items"], *rest["items"])] == ids[::-1]
    assert rest["next"] is None
    for path in ("/inbox?limit=2", "/inbox/unread"):
        tag = land.valley.get(path, "leader").headers["ETag"]
        key = {"Authorization": f"Key {land.valley.keys['leader']}", "If-None-Match": tag}
        assert land.valley.app.test_client().get(f"/api/v1{path}", headers=key).status_code == 304


def test_who_has_moved_sees_nothing_of_cases_out_of_reach(land, assigned):
    assert unread(land, "leader") == 1

    land.valley.do(leaves, "leader")

    assert inbox(land, "leader") == []
    assert unread(land, "leader") == 0


def test_a_phone_marks_what_is_new_to_its_owner_until_they_act(land, assigned):
    def note(name: str) -> str:
        return land.listed(name)[assigned]["office_note"]

    assert note("leader").startswith("【新】11-24 ")
    assert "派遣" in note("leader")
    assert not note("officer").startswith("【新】")

    phone = land.phone("leader")
    phone.act(assigned, "accept")
    phone.send()

    assert not note("leader").startswith("【新】")
    assert unread(land, "leader") == 0


def test_a_village_of_two_people_and_two_phones_is_told_both_ways(land):
    id = land.report("worker")
    phone = land.phone("officer")
    phone.act(id, "assign", assignee="user:worker")
    phone.send()
    assert [each["kind"] for each in inbox(land, "worker")] == ["assigned"]

    worker = land.phone("worker")
    worker.act(id, "feedback", result_code="fixed", no_photo_reason="dark")
    worker.send()
    land.act(id, "rework", "officer", reason="still_there")

    assert [each["kind"] for each in inbox(land, "worker")] == ["returned", "assigned"]
    assert unread(land, "worker") == 1
    assert inbox(land, "officer") == []


def test_the_bell_counts_and_the_page_leads_to_the_case(land, assigned):
    desk = Desk(with_passwords(land.valley))
    desk.sign_in("leader")
    page = desk.open("/office/board")
    assert re.search(r'class="bell".*<b>1<', page.text)

    page = desk.open("/office/inbox")
    assert "演示民宿07" in page.text
    [told] = inbox(land, "leader")
    answer = desk.submit(desk.form(page, f"/office/inbox/{told['seq']}/open"))

    assert (answer.status_code, answer.headers["Location"]) == (303, f"/office/cases/{assigned}")
    assert "没有未读的提醒" in desk.open("/office/inbox?unread=1").text
    assert not re.search(r'class="bell".*<b>', desk.open("/office/board").text)


def test_the_page_marks_all_and_says_what_has_gone(land, assigned):
    desk = Desk(with_passwords(land.valley))
    desk.sign_in("leader")
    page = desk.open("/office/inbox")
    [told] = inbox(land, "leader")
    land.lead_to(
        assigned, ("assign", "town", {"assignee": "user:officer"}), ("assign", "town", {"assignee": "user:leader"})
    )

    gone = desk.submit(desk.form(page, f"/office/inbox/{told['seq']}/open"))
    assert gone.headers["Location"] == "/office/inbox?gone=1"
    assert "更新的提醒" in desk.open("/office/inbox?gone=1").text

    assert desk.submit(desk.form(desk.open("/office/inbox"), "/office/inbox/read")).status_code == 303
    assert unread(land, "leader") == 0


def test_the_terminal_lists_codes_and_no_words(land, assigned):
    run = CliRunner()
    folder = str(land.valley.store.folder)

    listed = run.invoke(main, ["inbox", "list", "leader", "--data", folder])
    assert "派给您  派遣  " in listed.output
    assert "未读 1 条。" in listed.output
    assert "演示民宿07" not in listed.output

    assert run.invoke(main, ["inbox", "read", "leader", "--data", folder]).output == "已标为已读 1 条。\n"
    assert "未读 0 条。" in run.invoke(main, ["inbox", "list", "leader", "--data", folder]).output
    refused = run.invoke(main, ["inbox", "list", "nobody", "--data", folder])
    assert refused.exit_code == 1


def test_notices_go_when_their_time_is_over(land, assigned):
    now = land.valley.rows("SELECT at FROM notice")[0]["at"]

    assert land.valley.do(personal_traces.count_expired, "notice", now) == 0
    land.valley.do(personal_traces.remove_expired, "notice", "2027-12-01T00:00:00.000Z")

    assert land.valley.count("notice") == 0
