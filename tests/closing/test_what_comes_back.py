"""A hazard registered again soon after its closing is a recurrence; told beside reopenings, and together with them."""

from __future__ import annotations

import pytest

from tests.case_land import Land

FIXED = {"result_code": "fixed", "no_photo_reason": "too_dark"}
TO_CLOSED = (
    ("assign", "officer", {"assignee": "user:worker"}),
    ("feedback", "worker", FIXED),
    ("close", "officer"),
)


def closed(land: Land, **said: str) -> str:
    id = land.report("neighbour", **said)
    land.lead_to(id, *TO_CLOSED)
    return id


def counted(land: Land) -> tuple[int, int, int]:
    today = land.clock.at.date()
    answer = land.valley.get(f"/summaries/closure?from=2026-11-01&to={today.isoformat()}", "brigade")
    assert answer.status_code == 200, answer.text
    counts = answer.json["total"]["counts"]
    return counts["recurrent"], counts["reopened"], counts["came_back"]


@pytest.mark.parametrize("action", ["register", "assign"])
def test_the_same_hazard_at_the_same_place_within_ninety_days_is_a_recurrence(land, action):
    first = closed(land)
    land.clock.pass_by(days=80)
    again = land.report("worker")

    record = land.lead_to(again, (action, "officer", {"assignee": "user:worker"} if action == "assign" else {}))

    assert record.case.recurrence_of == first and "recurrence" in record.flags and "反弹" in record.office_note
    assert land.file(again, "officer")["case"]["recurrence_of"] == first
    assert counted(land) == (1, 0, 1)


@pytest.mark.parametrize(
    ("days", "said"),
    [(95, {}), (10, {"place": "另一家店"}), (10, {"item": "corridor_blocked"})],
)
def test_later_elsewhere_or_another_hazard_is_none(land, days, said):
    closed(land)
    land.clock.pass_by(days=days)

    record = land.lead_to(land.report("worker", **said), ("register", "officer"))

    assert record.case.recurrence_of == "" and counted(land) == (0, 0, 0)


def test_what_was_never_closed_comes_back_to_nothing(land):
    land.lead_to(land.report("neighbour"), TO_CLOSED[0])

    assert land.lead_to(land.report("worker"), ("register", "officer")).case.recurrence_of == ""


def test_one_that_was_reopened_and_recurs_counts_once_among_both(land):
    closed(land)
    land.clock.pass_by(days=5)
    again = closed(land)
    land.lead_to(again, ("reopen", "town", {"reason": "又堆上了"}))
    other = closed(land, place="另一家店")
    land.lead_to(other, ("reopen", "town", {"reason": "又堆上了"}))

    assert counted(land) == (1, 2, 2)
