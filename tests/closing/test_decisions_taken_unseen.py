"""What a phone decides offline does not undo what somebody else decided in the meantime; the office is told of both."""

from __future__ import annotations

from itertools import permutations

import pytest

from server.changes.usecases import limit_telling
from tests.case_land import UNIT, CasePhone, Land
from tests.field_clients import Client

TO_WORKER = {"assignee": "user:worker"}
TO_DEPARTMENT = {"assignee": "body:city_mgmt"}


def problems(land: Land, id: str) -> list[tuple[str, str]]:
    rows = land.valley.rows("SELECT kind, message FROM problem WHERE record = :id AND settled_at IS NULL", id=id)
    return [(row["kind"], row["message"]) for row in rows]


def how_it_stands(land: Land, id: str) -> tuple[object, ...]:
    record = land.record(id)
    return record.status, record.assignee, record.due_at, record.case.assignments


def offline(land: Land, id: str, action: str, by: str = "officer", **inputs: str) -> CasePhone:
    phone = land.phone(by)
    phone.act(id, action, **inputs)
    return phone


def test_a_late_dispatch_leaves_the_case_to_whom_somebody_else_gave_it_since(land):
    id = land.report()
    phone = offline(land, id, "assign", **TO_WORKER)
    land.lead_to(id, ("assign", "town", TO_DEPARTMENT), ("accept", "clerk"))
    before = how_it_stands(land, id)

    phone.send()
    phone.pull()

    assert how_it_stands(land, id) == before
    assert land.valley.verdicts(id)[-1] == "recorded"
    [(kind, message)] = problems(land, id)
    assert kind == "recorded"
    assert message == (
        "现场送来的“派遣”已留存，案件状态未变：填写时还没有看到“11-24 乡镇综治中心/消防工作站 派遣”；"
        "如仍要改派，请由镇或村看过现在的情况后重新派遣。"
    )
    assert message in phone.rows[id].fields["office_note"]


def test_a_late_dispatch_from_a_laptop_is_judged_alike(land):
    id = land.report()
    laptop = Client(land.valley, "officer")
    fields = {name: [None, value] for name, value in TO_WORKER.items()}
    change = laptop.change(id, "assign", type="hazards", base_version=1, fields=fields)
    land.act(id, "assign", "town", **TO_DEPARTMENT)
    before = how_it_stands(land, id)

    [outcome] = laptop.push(change)

    assert (outcome["verdict"], how_it_stands(land, id)) == ("recorded", before)
    assert [kind for kind, _ in problems(land, id)] == ["recorded"]


def test_a_case_that_was_taken_back_meanwhile_waits_for_who_took_it_back(land):
    id = land.report()
    phone = offline(land, id, "assign", **TO_WORKER)
    land.lead_to(id, ("assign", "town", TO_DEPARTMENT), ("return", "town", {"reason": "not_my_duty"}))

    phone.send()

    assert (land.record(id).status, land.record(id).assignee) == ("registered", None)
    assert "同意退回" in problems(land, id)[0][1]


def test_a_late_merging_does_not_end_what_somebody_registered_since(land):
    id, other = land.report(), land.report()
    phone = offline(land, id, "merge", into=other)
    land.act(id, "register", "town")

    phone.send()

    assert land.record(id).status == "registered"
    assert "11-24 乡镇综治中心/消防工作站 立项" in problems(land, id)[0][1]


@pytest.mark.parametrize("action", ["register", "reject"])
def test_a_late_answer_to_a_report_tells_what_was_decided_meanwhile(land, action):
    id = land.report()
    phone = offline(land, id, action, reason="not_found")
    land.act(id, "assign", "town", **TO_DEPARTMENT)

    phone.send()

    assert land.record(id).status == "assigned"
    assert "11-24 乡镇综治中心/消防工作站 派遣" in problems(land, id)[0][1]


def test_a_decision_taken_unseen_may_be_taken_again_once_it_is_seen(land):
    id = land.report()
    phone = offline(land, id, "assign", **TO_WORKER)
    land.act(id, "assign", "town", **TO_DEPARTMENT)
    phone.send()

    phone.pull()
    phone.act(id, "assign", **TO_WORKER)
    phone.send()

    assert land.record(id).assignee == "user:worker"


# What is no decision of somebody else


def test_a_dispatch_stands_though_the_case_moved_on_otherwise(land):
    id = land.report()
    phone = offline(land, id, "assign", **TO_WORKER)
    land.act(id, "note", "town", note="已电话核实")
    land.valley.post(f"/records/{id}/changes", "town", {"action": "edit", "fields": {"place": "演示民宿08"}})
    land.act(id, "register", "town")

    phone.send()

    assert (land.record(id).status, land.record(id).assignee) == ("assigned", "user:worker")
    assert problems(land, id) == []


def test_a_dispatch_stands_though_a_limit_has_passed_since(land):
    id = land.report()
    land.act(id, "assign", "town", **TO_DEPARTMENT)
    phone = offline(land, id, "assign", **TO_WORKER)
    land.clock.pass_by(days=8)
    land.valley.do(limit_telling.escalate, 10)
    assert land.history(id)[-1]["action"] == "escalate"

    phone.send()

    assert land.record(id).assignee == "user:worker"
    assert problems(land, id) == []


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_chain_of_one_phone_is_no_decision_of_somebody_else(land, order):
    id = land.report()
    phone = land.phone("officer")
    phone.act(id, "register")
    phone.act(id, "assign", assignee="user:neighbour")
    phone.act(id, "assign", **TO_WORKER)
    chain = phone.unsent

    for place in order:
        phone.phone.send(chain[place])

    assert (land.record(id).status, land.record(id).assignee) == ("assigned", "user:worker")
    assert problems(land, id) == []


def test_what_the_same_officer_decided_at_a_desk_is_their_own(land):
    id = land.report(area=UNIT)
    phone = offline(land, id, "assign", **TO_WORKER)
    land.act(id, "assign", "officer", assignee="user:neighbour")

    phone.send()

    assert land.record(id).assignee == "user:worker"
    assert problems(land, id) == []


def test_two_who_give_a_case_to_the_same_handler_agree(land):
    id = land.report()
    phone = offline(land, id, "assign", **TO_WORKER, due_on="2026-11-28")
    land.act(id, "assign", "town", **TO_WORKER)

    phone.send()

    assert (land.record(id).assignee, land.valley.verdicts(id)[-1]) == ("user:worker", "applied")
    assert problems(land, id) == []


@pytest.mark.parametrize(
    ("theirs", "late"), [({"helpers": "user:neighbour"}, {}), ({"due_on": "2026-11-26"}, {"due_on": "2026-11-28"})]
)
def test_the_same_handler_with_more_time_or_without_a_co_handler_is_another_decision(land, theirs, late):
    id = land.report()
    phone = offline(land, id, "assign", **TO_WORKER, **late)
    land.act(id, "assign", "town", **TO_WORKER, **theirs)
    before = how_it_stands(land, id)

    phone.send()

    assert how_it_stands(land, id) == before
    assert [kind for kind, _ in problems(land, id)] == ["recorded"]
