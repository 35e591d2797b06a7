"""A transfer takes two levels; a transferred case is looked at each month, and those due are listed."""

from __future__ import annotations

import pytest

from server.cases.domain import deadlines
from tests.case_land import Land, Refused
from tests.office.desk import Desk, with_passwords

ASKED = {"body": "供电公司", "reason": "属供电单位职责"}
GIVEN = {"body": "供电公司", "document": "函1号"}
ASSIGN = ("assign", "officer", {"assignee": "user:worker"})


def refused(land: Land, id: str, action: str, by: str, inputs: dict[str, str]) -> tuple[int, str]:
    with pytest.raises(Refused) as refusal:
        land.act(id, action, by, **inputs)
    return refusal.value.status, str(refusal.value)


def transferred(land: Land) -> str:
    id = land.report("neighbour")
    land.lead_to(id, ASSIGN, ("ask_transfer", "officer", ASKED), ("transfer", "town", GIVEN))
    return id


def due(land: Land, by: str, query: str = "") -> list[tuple[str, bool]]:
    answer = land.valley.get(f"/reviews{query}", by)
    assert answer.status_code == 200, answer.text
    return [(each["case"]["id"], each["may_review"]) for each in answer.json["items"]]


@pytest.mark.parametrize(("asker", "decider"), [("officer", "town"), ("town", "brigade"), ("brigade", "admin")])
def test_what_one_level_asks_to_transfer_the_level_above_decides(land, asker, decider):
    id = land.report("neighbour")
    land.lead_to(id, ASSIGN)
    status, said = refused(land, id, "transfer", decider if decider != "admin" else "brigade", GIVEN)
    assert status == 409 and "ask_transfer" in said and "上一级" in said
    before = land.record(id)

    asked = land.lead_to(id, ("ask_transfer", asker, ASKED))
    assert (asked.status, asked.due_at) == (before.status, before.due_at)
    [open_request] = land.valley.get("/requests?kind=transfer", decider).json["items"]
    assert open_request["level"] == {"admin": "county"}.get(decider, decider)
    assert refused(land, id, "transfer", asker, GIVEN)[0] == 403

    assert land.lead_to(id, ("transfer", decider, GIVEN)).status == "transferred"
    [decided] = land.valley.get("/requests/decided?kind=transfer", "brigade").json["items"]
    assert (decided["granted"], decided["asked_by"], decided["by"]) == (True, asker, decider)


def test_whose_case_it_is_does_not_decide_on_its_transfer(land):
    id = land.report("neighbour")
    land.lead_to(id, ("assign", "brigade", {"assignee": "user:town"}), ("ask_transfer", "officer", ASKED))

    assert refused(land, id, "transfer", "town", GIVEN)[0] == 403
    assert land.lead_to(id, ("transfer", "brigade", GIVEN)).status == "transferred"


def test_a_request_stands_until_it_is_decided_though_the_handler_feeds_back(land):
    id = land.report("neighbour")
    fixed = {"result_code": "fixed", "no_photo_reason": "too_dark"}
    land.lead_to(id, ASSIGN, ("ask_transfer", "officer", ASKED), ("feedback", "worker", fixed))

    record = land.lead_to(id, ("decline_transfer", "town", {"reason": "已经改好"}))

    assert record.status == "feedback" and record.case.requests == ()
    assert "不同意移交：已经改好" in record.office_note


def test_the_page_grants_a_transfer_with_the_body_that_was_asked_for(land):
    id = land.report("neighbour")
    land.lead_to(id, ASSIGN, ("ask_transfer", "officer", ASKED))
    desk = Desk(with_passwords(land.valley))
    desk.sign_in("town")

    page = desk.open(f"/office/approvals?kind=transfer&open={id}:transfer")
    form = desk.form(page, f"/office/approvals/{id}/transfer")

    assert form.fields["body"] == "供电公司" and "每月核查一次" in page.text
    assert desk.submit(form, document="函2号").status_code == 303
    assert land.record(id).status == "transferred"


def test_a_transferred_case_is_looked_at_each_month_by_one_tap(land):
    id = transferred(land)
    assert due(land, "town") == []
    assert refused(land, id, "review", "town", {})[0] == 409

    land.clock.pass_by(days=20)
    assert due(land, "town", "?area=130630106000") == [(id, True)]
    assert due(land, "viewer") == [(id, False)]
    assert due(land, "city") == []
    desk = Desk(with_passwords(land.valley))
    desk.sign_in("town")
    assert "件挂账、移交该核查了" in desk.open("/office/").text

    land.act(id, "review", "town")
    assert due(land, "town") == [] and "无变化" in land.record(id).office_note
    land.clock.pass_by(days=30)
    assert due(land, "town") == [(id, True)]


def test_what_comes_back_is_looked_at_no_more(land):
    id = transferred(land)
    land.act(id, "resume", "officer")
    land.clock.pass_by(days=40)

    assert due(land, "brigade") == []
    assert land.record(id).case.review_due_at is None


@pytest.mark.parametrize(("extended", "by_how_many"), [(0, 9), (1, 9), (2, 0)])
def test_what_comes_back_is_later_by_the_days_away_as_long_as_an_extension_is_left(land, extended, by_how_many):
    id = land.report("neighbour")
    land.lead_to(id, ASSIGN)
    for _ in range(extended):
        later = deadlines.day_of(land.record(id).due_at)
        land.act(id, "ask_extension", "worker", reason="material", until=later.isoformat())
        land.act(id, "extend", "town", reason="material", due_on=later.isoformat())
    running = land.record(id).case.facts.handle_due_at
    land.lead_to(id, ("ask_transfer", "officer", ASKED), ("transfer", "town", GIVEN))
    land.clock.pass_by(days=9)

    record = land.lead_to(id, ("resume", "officer"))

    facts = record.case.facts
    assert (deadlines.day_of(facts.handle_due_at) - deadlines.day_of(running)).days == by_how_many
    assert facts.extended == min(extended + 1, 2)


def test_a_major_hazard_comes_back_with_the_limit_that_it_had(land):
    id = land.report("neighbour")
    judged = {f"person_{number}": name for number, name in enumerate("甲乙丙", start=1)}
    land.lead_to(id, ASSIGN, ("mark_major", "brigade", judged | {"document": "函1号", "rules": "GB35181-2025"}))
    running = land.record(id).case.facts.handle_due_at
    land.lead_to(id, ("ask_transfer", "officer", ASKED), ("transfer", "town", GIVEN))
    land.clock.pass_by(days=4)

    facts = land.lead_to(id, ("resume", "officer")).case.facts

    assert (facts.handle_due_at, facts.extended) == (running, 0)
