"""A hazard that is corrected to one with more time, or back, leaves a count beside the rates; none is stopped."""

from __future__ import annotations

import pytest

from tests.case_land import Land

SHORT, LONG = "hose_aged", "illegal_structure"
"""Hazards of which the repair has 7 days, and 90."""


def relaxed(land: Land) -> tuple[int, int, int]:
    """Return how many cases of the county count as relaxed, of how many, and how many the list behind it has."""
    period = f"from=2026-11-01&to={land.clock.at.date().isoformat()}"
    answer = land.valley.get(f"/summaries/closure?{period}", "brigade").json
    listed = land.valley.get(f"/summaries/closure/cases?{period}&figure=relaxed", "brigade").json
    rate = answer["total"]["rates"]["relaxed_rate"]
    assert rate["n"] == answer["total"]["counts"]["relaxed"]
    return rate["n"], rate["d"], len(listed["items"])


def correct(land: Land, id: str, item: str) -> None:
    land.act(id, "edit", "officer", item=item)


def test_a_longer_limit_by_a_correction_and_back_leaves_a_trace(land):
    id = land.report("neighbour", item=SHORT)
    correct(land, id, LONG)
    assert relaxed(land) == (0, 0, 0)

    land.act(id, "assign", "officer", assignee="user:worker")
    assert relaxed(land) == (0, 1, 0)  # as intake has it, so far
    due = land.record(id).due_at
    correct(land, id, SHORT)

    assert relaxed(land) == (1, 1, 1)
    assert land.record(id).due_at == due  # a correction moves no limit
    assert land.file(id, "officer")["fields"]["item"] == SHORT


def test_a_case_that_becomes_one_with_a_longer_limit_is_counted_however_it_ends(land):
    id = land.report("neighbour", item=SHORT)
    land.act(id, "register", "officer")

    correct(land, id, LONG)
    correct(land, id, SHORT)

    assert relaxed(land) == (1, 1, 1)


@pytest.mark.parametrize("given", [False, True], ids=["before its dispatch", "after its dispatch"])
def test_an_honest_correction_to_a_hazard_with_as_much_time_counts_for_nothing(land, given):
    id = land.report("neighbour", item=SHORT)
    land.act(id, "register", "officer")
    if given:
        land.act(id, "assign", "officer", assignee="user:worker")

    correct(land, id, "corridor_blocked")
    land.act(id, "edit", "officer", place="演示民宿08")

    assert relaxed(land) == (0, 1, 0)


def test_what_was_put_right_is_not_counted_for_being_called_something_else_later(land):
    id = land.report("neighbour", item=SHORT)
    fixed = {"result_code": "fixed", "no_photo_reason": "too_dark"}
    land.lead_to(id, ("assign", "officer", {"assignee": "user:worker"}), ("feedback", "worker", fixed))
    land.act(id, "close", "neighbour")

    correct(land, id, LONG)

    assert relaxed(land) == (0, 1, 0)


def test_a_past_instant_does_not_know_a_later_correction(land):
    id = land.report("neighbour", item=SHORT)
    land.act(id, "register", "officer")
    before = land.clock.at
    land.clock.pass_by(hours=1)
    correct(land, id, LONG)

    as_of = before.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    answer = land.valley.get(f"/summaries/closure?from=2026-11-01&to=2026-12-31&as_of={as_of}", "brigade").json

    assert answer["total"]["counts"]["relaxed"] == 0
    assert relaxed(land) == (1, 1, 1)
