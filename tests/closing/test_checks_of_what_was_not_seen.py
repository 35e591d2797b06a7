"""A check judges the feedback that its author saw, and feedback answers the reopening that its author knew of."""

from __future__ import annotations

from itertools import permutations

import pytest

from tests.case_land import CasePhone, Land
from tests.field_clients import Client

FIXED = {"result_code": "fixed", "no_photo_reason": "too_dark"}
ASSIGN = ("assign", "officer", {"assignee": "user:worker"})
FEEDBACK = ("feedback", "worker", FIXED)
REWORK = ("rework", "town", {"reason": "partly"})
CLOSE = ("close", "town")
REOPEN = ("reopen", "town", {"reason": "partly"})


def a_case(land: Land, *acts: tuple) -> str:
    id = land.report("neighbour")
    land.lead_to(id, ASSIGN, *acts)
    return id


def offline(land: Land, id: str, action: str, by: str = "officer", **inputs: str) -> CasePhone:
    phone = land.phone(by)
    phone.act(id, action, **inputs)
    return phone


def how_it_stands(land: Land, id: str) -> tuple[object, ...]:
    record = land.record(id)
    return record.status, record.assignee, record.due_at, record.case


def problems(land: Land, id: str) -> list[str]:
    sql = "SELECT message FROM problem WHERE record = :id AND kind = 'recorded' AND settled_at IS NULL"
    return [row["message"] for row in land.valley.rows(sql, id=id)]


@pytest.mark.parametrize(("action", "inputs"), [("close", {}), ("rework", {"reason": "partly"})])
def test_a_late_check_does_not_judge_a_feedback_that_nobody_saw(land, action, inputs):
    id = a_case(land, FEEDBACK)
    phone = offline(land, id, action, **inputs)
    land.lead_to(id, REWORK, FEEDBACK)
    before = how_it_stands(land, id)

    phone.send()

    assert how_it_stands(land, id) == before
    assert before[0] == "feedback"
    assert land.valley.verdicts(id)[-1] == "recorded"
    [message] = problems(land, id)
    assert "填写时还没有看到“11-24 网格员 反馈”" in message
    assert message.endswith("请核查人看过现在的情况后重新核查。")


def test_a_late_check_from_a_laptop_is_judged_alike(land):
    id = a_case(land, FEEDBACK)
    laptop = Client(land.valley, "officer")
    change = laptop.change(id, "close", type="hazards", base_version=land.record(id).version)
    land.lead_to(id, REWORK, FEEDBACK)

    [outcome] = laptop.push(change)

    assert (outcome["verdict"], land.record(id).status) == ("recorded", "feedback")
    assert len(problems(land, id)) == 1


def test_a_late_check_does_not_close_what_was_reopened_and_done_again(land):
    id = a_case(land, FEEDBACK)
    phone = offline(land, id, "close")
    land.lead_to(id, CLOSE, REOPEN, FEEDBACK)

    phone.send()

    assert land.record(id).status == "feedback"
    assert len(problems(land, id)) == 1


def test_a_late_visit_does_not_close_what_another_visit_found_undone_since(land):
    id = land.report("neighbour")
    land.act(id, "assign", "officer", assignee="body:shop")
    phone = offline(land, id, "site_check", **{"pass": "yes"}, **FIXED)
    land.act(id, "site_check", "town", **{"pass": "no"}, reason="partly")

    phone.send()

    assert land.record(id).status == "handling"
    assert "乡镇综治中心/消防工作站 现场核查" in problems(land, id)[0]


def test_feedback_from_before_a_reopening_is_not_the_answer_to_it(land):
    id = a_case(land)
    written_at = land.clock.at.isoformat(timespec="milliseconds")
    phone = offline(land, id, "feedback", "worker", end=written_at, **FIXED)
    land.act(id, "file_reply", "officer", result_code="fixed", scan="reply.jpg")
    land.lead_to(id, CLOSE)
    land.clock.pass_by(days=2)
    land.lead_to(id, REOPEN)
    before = how_it_stands(land, id)

    phone.send()

    assert how_it_stands(land, id) == before
    assert before[0] == "handling"
    assert "乡镇综治中心/消防工作站 回访重开" in problems(land, id)[0]
    [kept] = land.valley.rows("SELECT observed_at FROM revision WHERE record = :id AND verdict = 'recorded'", id=id)
    assert kept["observed_at"][:23] == written_at[:23]


# What stands


@pytest.mark.parametrize("order", list(permutations(range(2))))
def test_feedback_that_knows_the_reopening_answers_it(land, order):
    id = a_case(land, FEEDBACK, CLOSE, REOPEN)
    phone = land.phone("worker")
    phone.act(id, "note", note="配件到了")
    phone.act(id, "feedback", **FIXED)
    chain = phone.unsent

    for place in order:
        phone.phone.send(chain[place])

    assert land.record(id).status == "feedback"
    assert problems(land, id) == []


def test_a_check_stands_though_the_case_has_a_newer_version(land):
    id = a_case(land, FEEDBACK)
    phone = offline(land, id, "close")
    land.act(id, "note", "town", note="已电话核实")
    land.act(id, "supervise", "brigade", level="2")

    phone.send()

    assert land.record(id).status == "closed"
    assert problems(land, id) == []


def test_a_visit_stands_though_a_co_handler_has_said_what_came_of_their_part(land):
    id = land.report("neighbour")
    land.act(id, "assign", "officer", assignee="body:shop", helpers="user:worker")
    phone = offline(land, id, "site_check", **{"pass": "yes"}, **FIXED)
    land.act(id, "feedback", "worker", **FIXED)

    phone.send()

    assert land.record(id).status == "closed"
    assert problems(land, id) == []


def test_a_check_of_the_feedback_that_is_seen_now_closes(land):
    id = a_case(land, FEEDBACK)
    phone = offline(land, id, "close")
    land.lead_to(id, REWORK, FEEDBACK)
    phone.send()

    phone.pull()
    phone.act(id, "close")
    phone.send()

    assert land.record(id).status == "closed"
