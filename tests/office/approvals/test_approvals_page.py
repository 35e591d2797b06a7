"""Requests are decided row by row by those who may; what is refused comes back with all that was typed."""

from __future__ import annotations

import pytest

from tests.office.desk import Desk, Reader, with_passwords

WORKER = "user:worker"
WORKS = {
    "reason": "需要工程施工", "plan": "改造", "until": "2027-03-20", "leader": "王某", "milestones": "先拆后建",
    "safeguard": "专人看守",
}  # fmt: skip
REASON = "开工令已下，请按原期限完成"
NASTY = "<script>alert(1)</script>'\""


@pytest.fixture
def county(land):
    return with_passwords(land.valley)


def signed_in(county, name: str) -> Desk:
    desk = Desk(county)
    desk.sign_in(name)
    return desk


def asked(land, action: str, inputs: dict[str, str]) -> str:
    id = land.report("neighbour")
    land.lead_to(id, ("assign", "officer", {"assignee": WORKER}), (action, "worker", inputs))
    return id


def returned(land) -> str:
    return asked(land, "ask_return", {"reason": "not_my_duty"})


def acts_on(page, id: str) -> set[str]:
    """Return what a page offers for a case: forms to send, and forms to open."""
    read = Reader(page.text)
    sent = {form.action.rpartition("/")[2] for form in read.forms if f"/approvals/{id}/" in form.action}
    opened = {link.partition(f"open={id}:")[2].partition("#")[0] for link in read.links if f"open={id}:" in link}
    return sent | opened


@pytest.mark.parametrize(
    ("action", "inputs", "grant", "decline", "may"),
    [
        ("ask_return", {"reason": "not_my_duty"}, "return", "decline_return", {"officer", "town", "brigade"}),
        (
            *("ask_extension", {"reason": "weather", "until": "2026-12-20"}),
            *("extend", "decline_extension", {"town", "brigade"}),
        ),
        ("ask_suspension", WORKS, "suspend", "decline_suspension", {"brigade"}),
    ],
)
def test_a_request_is_offered_to_those_who_may_decide_it(land, county, action, inputs, grant, decline, may):
    id = asked(land, action, inputs)

    for name in ("officer", "town", "brigade", "leader", "viewer"):
        page = signed_in(county, name).open("/office/approvals")
        assert acts_on(page, id) == ({grant, decline} if name in may else set()), name


def test_intake_says_how_many_requests_wait_beside_its_reports(land, county):
    desk = signed_in(county, "town")
    assert "待审批</a>" in desk.open("/office/intake").text

    returned(land)

    assert "待审批 <b>1</b></a>" in desk.open("/office/intake").text


def test_a_return_is_granted_by_one_click_with_what_was_asked(land, county):
    id, desk = returned(land), signed_in(county, "town")
    page = desk.open("/office/approvals")

    answer = desk.submit(desk.form(page, f"/office/approvals/{id}/return"))

    assert answer.status_code == 303
    assert land.record(id).status == "registered"
    assert "已同意退回" in desk.open(answer.headers["Location"]).text


def test_a_page_of_masked_numbers_holds_none_whole_where_it_grants_what_was_asked(land, county):
    id, desk = asked(land, "ask_return", {"reason": "找张三 13912345678"}), signed_in(county, "brigade")

    pages = [desk.open(f"/office/{path}") for path in ("approvals", f"approvals?open={id}:return", f"cases/{id}")]

    assert [(page.status_code, "13912345678" in page.text) for page in pages] == [(200, False)] * 3
    assert "139****5678" in desk.form(pages[0], f"/office/approvals/{id}/return").fields["reason"]


def test_who_declines_says_why_and_the_case_tells_its_handler(land, county):
    id, desk = returned(land), signed_in(county, "town")
    page = desk.open(f"/office/approvals?open={id}:decline_return")

    answer = desk.submit(desk.form(page, f"/office/approvals/{id}/decline_return"), reason=REASON)

    assert answer.status_code == 303
    assert land.record(id).status == "assigned"
    assert REASON in land.record(id).office_note
    assert id not in desk.open("/office/approvals").text.split('class="keys"')[0].split("<tbody>")[-1]
    assert REASON in desk.open("/office/approvals?done=1").text


def test_a_suspension_asks_for_its_plan_and_loses_nothing_that_was_typed(land, county):
    id, desk = asked(land, "ask_suspension", WORKS), signed_in(county, "brigade")
    page = desk.open(f"/office/approvals?open={id}:suspend")
    form = desk.form(page, f"/office/approvals/{id}/suspend")

    answer = desk.submit(form, plan=f"更换管线{NASTY}", leader="王某", plan_due="2020-01-01", safeguard="专人看守")

    assert answer.status_code == 422
    assert "已经过去" in answer.text and "王某" in answer.text
    assert "更换管线&lt;script&gt;" in answer.text and NASTY not in answer.text
    assert land.record(id).status == "assigned"


def test_what_another_decided_meanwhile_is_said_and_the_words_are_kept(land, county):
    id, desk = returned(land), signed_in(county, "town")
    form = desk.form(desk.open(f"/office/approvals?open={id}:decline_return"), f"/office/approvals/{id}/decline_return")
    land.lead_to(id, ("decline_return", "brigade", {"reason": "就是本村的"}))

    answer = desk.submit(form, reason=REASON)

    assert answer.status_code == 409
    assert REASON in answer.text
    assert [row["action"] for row in land.history(id)].count("decline_return") == 1


def test_a_decision_that_is_sent_twice_is_carried_out_once(land, county):
    id, desk = returned(land), signed_in(county, "town")
    form = desk.form(desk.open(f"/office/approvals?open={id}:decline_return"), f"/office/approvals/{id}/decline_return")

    answers = [desk.submit(form, reason=REASON) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert [row["action"] for row in land.history(id)].count("decline_return") == 1


def test_a_case_out_of_sight_is_not_decided_and_what_was_written_is_given_back(land, county):
    id, desk = returned(land), signed_in(county, "town")
    form = desk.form(desk.open("/office/approvals"), f"/office/approvals/{id}/return")
    form.action = "/office/approvals/00000000-0000-4000-8000-000000000000/suspend"

    answer = desk.submit(form, plan="分三期更换管线")

    assert answer.status_code == 404 and "分三期更换管线" in answer.text


@pytest.mark.parametrize("reason", ["", "短", "长" * 5000])
def test_a_reason_is_neither_missing_nor_endless(land, county, reason):
    id, desk = returned(land), signed_in(county, "town")
    form = desk.form(desk.open(f"/office/approvals?open={id}:decline_return"), f"/office/approvals/{id}/decline_return")

    assert desk.submit(form, reason=reason).status_code == 422
    assert "ask_return" in {each.action for each in land.record(id).case.requests}


def test_who_may_not_decide_is_refused_whatever_they_send(land, county):
    id = returned(land)
    town, leader = signed_in(county, "town"), signed_in(county, "leader")
    form = town.form(town.open(f"/office/approvals?open={id}:decline_return"), f"/office/approvals/{id}/decline_return")
    own = leader.form(leader.open("/office/approvals"), "/office/sign-out").fields["form_token"]

    answer = leader.submit(form, form_token=own, reason=REASON)

    assert answer.status_code == 403
    assert [row["action"] for row in land.history(id)][-1] == "ask_return"


@pytest.mark.parametrize("action", ["close", "assign", "ask_return", "nothing"])
def test_other_acts_are_not_taken_here(land, county, action):
    id, desk = returned(land), signed_in(county, "town")
    form = desk.form(desk.open("/office/approvals"), f"/office/approvals/{id}/return")
    form.action = f"/office/approvals/{id}/{action}"

    assert desk.submit(form).status_code == 404


def test_the_ledger_leaves_as_a_workbook_for_who_may_export(land, county):
    returned(land)

    assert signed_in(county, "town").open("/office/approvals/ledger.xlsx").status_code == 200
    assert signed_in(county, "worker").open("/office/approvals/ledger.xlsx").status_code == 403


def test_what_would_be_refused_is_not_offered_by_one_click_and_the_reason_stands_beside(land, county):
    id = asked(land, "ask_extension", {"reason": "weather", "until": "2027-02-20"})

    page = signed_in(county, "town").open("/office/approvals")

    assert not any(form.action.endswith(f"{id}/extend") for form in Reader(page.text).forms)
    assert acts_on(page, id) == {"extend", "decline_extension"}
    assert "30天" in page.text


def test_void_is_decided_on_the_page_by_the_level_above_who_asked(land, county):
    id = land.report("neighbour")
    land.act(id, "ask_void", "officer", reason="test_data")

    own = signed_in(county, "officer").open("/office/approvals")
    town = signed_in(county, "town")
    page = town.open("/office/approvals?kind=void")
    form = town.form(town.open(f"/office/approvals?kind=void&open={id}:void"), f"/office/approvals/{id}/void")
    answer = town.submit(form, reason="test_data")

    assert acts_on(own, id) == set()
    assert not any(each.action.endswith(f"{id}/void") for each in Reader(page.text).forms)  # not by one click
    assert acts_on(page, id) == {"void", "decline_void"}
    assert answer.status_code == 303 and land.record(id).status == "void"
