"""Every row of the table of time limits, one by one, from a Friday evening on; and that a case is given its own."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server import dated, instants
from server.cases.domain import deadlines
from server.cases.domain.calendars import shipped
from server.cases.domain.deadlines import Clock

FRIDAY_EVENING = "2026-11-27T12:30:00.000Z"
"""20:30 in Beijing."""
MONDAY, WEDNESDAY = "2026-11-30T16:00:00.000Z", "2026-12-02T16:00:00.000Z"
"""The 24:00 that ends them."""

LIMITS = {
    ("intake", ""): MONDAY,
    ("intake", "suspected_major"): "2026-11-27T14:30:00.000Z",
    ("dispatch", ""): MONDAY,
    ("dispatch", "suspected_major"): "2026-11-27T14:30:00.000Z",
    ("dispatch", "major"): "2026-11-27T14:30:00.000Z",
    ("take", ""): MONDAY,
    ("handle", ""): "2026-12-04T16:00:00.000Z",
    ("handle", "0"): "2026-12-04T16:00:00.000Z",
    ("handle", "1"): "2026-12-04T16:00:00.000Z",
    ("handle", "2"): "2026-12-27T16:00:00.000Z",
    ("handle", "3"): "2027-02-25T16:00:00.000Z",
    ("verify", ""): WEDNESDAY,
    ("rework", ""): MONDAY,
    ("reopen", ""): "2026-12-04T16:00:00.000Z",
    ("reopen_window", ""): "2026-12-27T16:00:00.000Z",
    ("return_window", ""): "2026-11-30T16:00:00.000Z",
    ("recurrence", ""): "2027-02-25T16:00:00.000Z",
    ("recheck", ""): "2026-12-27T16:00:00.000Z",
    ("extension_step", ""): "2026-12-27T16:00:00.000Z",
    ("extension", ""): "2027-02-25T16:00:00.000Z",
    ("decide", ""): MONDAY,
    ("decide", "brigade"): WEDNESDAY,
    ("decide", "county"): WEDNESDAY,
    ("suspension", ""): "2027-11-28T16:00:00.000Z",
    ("review", ""): "2027-02-27T16:00:00.000Z",
    ("review", "transferred"): "2026-12-28T16:00:00.000Z",
}
"""Clock and case, and when it runs out."""


@pytest.mark.parametrize(("clock", "case"), LIMITS)
def test_each_limit_ends_as_its_row_says(clock, case):
    assert deadlines.due_at(Clock(clock), FRIDAY_EVENING, shipped(), case) == LIMITS[clock, case]


@given(st.sampled_from(list(Clock)), st.integers(0, 24 * 200), st.integers(0, 24 * 40))
def test_a_clock_that_started_before_some_instant_has_run_out_and_no_other(clock, hours, later):
    start = instants.later("2026-02-01T00:00:00.000Z", timedelta(hours=hours))
    now = instants.later(start, timedelta(hours=later))

    has_run_out = deadlines.due_at(clock, start, shipped()) <= now
    assert (start < deadlines.started_before(clock, now, shipped())) == has_run_out


def test_there_is_no_other_limit():
    assert [(row["clock"], row["case"]) for row in dated.rows_at("time_limits", FRIDAY_EVENING)] == list(LIMITS)
    assert {clock for clock, _ in LIMITS} == set(Clock)


def test_a_case_that_the_table_does_not_name_has_the_general_limit():
    assert deadlines.due_at(Clock.INTAKE, FRIDAY_EVENING, shipped(), "general") == LIMITS["intake", ""]
    assert deadlines.due_at(Clock.VERIFY, FRIDAY_EVENING, shipped(), "major") == LIMITS["verify", ""]


@pytest.mark.parametrize(("item", "days"), [("hose_aged", 7), ("combustible_decor", 30), ("exit_missing", 90)])
def test_the_handler_has_as_long_as_the_repair_of_the_item_takes(land, item, days):
    assigned = land.lead_to(land.report("neighbour", item=item), ("assign", "officer", {"assignee": "user:worker"}))

    assigned_on = deadlines.day_of(assigned.updated_at)
    assert assigned.due_at == deadlines.end_of(assigned_on + timedelta(days=days))
