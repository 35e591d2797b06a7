"""A handler has a working day from the first delivery to ask for a return; a later request arrives, and is marked."""

from __future__ import annotations

from tests.case_land import Land

ASSIGN = ("assign", "officer", {"assignee": "user:worker"})
ASKED = ("ask_return", "worker", {"reason": "not_my_duty"})


def given(land: Land) -> str:
    id = land.report("neighbour")
    land.lead_to(id, ASSIGN)
    return id


def late(land: Land) -> int:
    answer = land.valley.get("/summaries/closure?from=2026-11-01&to=2026-12-31", "brigade")
    assert answer.status_code == 200
    return answer.json["total"]["counts"]["late_returns"]


def test_a_case_that_no_phone_has_had_is_given_back_in_time_whenever_that_is(land):
    id = given(land)
    land.clock.pass_by(days=6)

    record = land.lead_to(id, ASKED)

    assert "return_pending" in record.flags and "return_late" not in record.flags
    assert late(land) == 0


def test_a_request_after_the_time_arrives_and_is_marked(land):
    id = given(land)
    land.clock.pass_by(days=6)
    assert id in land.listed("worker")  # the first time that the phone has a network
    land.clock.pass_by(days=3)
    assert id in land.listed("worker")  # what came once does not come anew

    record = land.lead_to(id, ASKED)

    assert "return_late" in record.flags and "超窗" in record.office_note
    assert late(land) == 1
    [listed] = land.valley.get("/requests?kind=return", "officer").json["items"]
    assert (listed["case"]["id"], listed["actions"]) == (id, ["return", "decline_return"])
    assert land.lead_to(id, ("return", "officer", {"reason": "not_my_duty"})).status == "registered"
    assert "return_late" not in land.record(id).flags and late(land) == 1


def test_whoever_asks_on_the_day_of_the_delivery_is_in_time(land):
    id = given(land)
    land.clock.pass_by(days=6)
    land.listed("worker")
    land.clock.pass_by(hours=2)

    assert "return_late" not in land.lead_to(id, ASKED).flags


def test_another_dispatch_has_a_time_of_its_own(land):
    id = given(land)
    land.listed("worker")
    land.lead_to(id, ("return", "officer", {"reason": "not_my_duty"}))
    land.clock.pass_by(days=8)
    land.lead_to(id, ASSIGN)

    assert "return_late" not in land.lead_to(id, ASKED).flags


def test_the_list_of_whoever_does_not_have_the_case_is_no_delivery(land):
    id = given(land)
    for name in ("officer", "neighbour", "town"):
        land.listed(name)
    land.clock.pass_by(days=9)

    assert "return_late" not in land.lead_to(id, ASKED).flags
