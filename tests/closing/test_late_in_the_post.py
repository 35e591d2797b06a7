"""A feedback that was written in time and came in late is late, and is told as one that was written in time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.case_land import Land

FIXED = {"result_code": "fixed", "no_photo_reason": "too_dark"}


def handed_in(land: Land, *, written: int | None, received: int) -> str:
    """Give a case to the worker, whose phone hands it in so many days later, written so many days after it was given.

    written: None for a device that does not say.
    """
    id = land.report("neighbour")
    land.lead_to(id, ("assign", "officer", {"assignee": "user:worker"}))
    given_at = land.clock.at
    phone = land.phone("worker")
    said = {} if written is None else {"end": (given_at + timedelta(days=written)).isoformat(timespec="milliseconds")}
    phone.act(id, "feedback", **FIXED, **said)
    land.clock.pass_by(days=received)
    phone.send()
    assert land.record(id).status == "feedback"
    return id


def counted(land: Land) -> tuple[int, int, int]:
    today = land.clock.at.date()
    answer = land.valley.get(f"/summaries/closure?from=2026-11-01&to={today.isoformat()}", "brigade")
    counts = answer.json["total"]["counts"]
    return counts["handled_on_time"], counts["handled_late"], counts["filled_in_time"]


@pytest.mark.parametrize(
    ("written", "received", "expected"),
    [
        (2, 3, (1, 0, 0)),
        (2, 12, (0, 1, 1)),
        (11, 12, (0, 1, 0)),
        (None, 12, (0, 1, 0)),
        (-3, 12, (0, 1, 0)),
        (400, 12, (0, 1, 0)),
    ],
    ids=["in time", "late in the post", "written late", "not said", "before it was given", "a clock ahead"],
)
def test_what_the_device_says_counts_between_dispatch_and_receipt(land, written, received, expected):
    handed_in(land, written=written, received=received)

    assert counted(land) == expected


def test_a_failed_check_keeps_that_it_was_late_and_written_in_time(land):
    id = handed_in(land, written=2, received=12)

    land.lead_to(id, ("rework", "officer", {"reason": "partly"}))
    assert counted(land) == (0, 0, 0)

    land.lead_to(id, ("feedback", "worker", FIXED))
    assert counted(land) == (0, 1, 1)


def test_a_second_feedback_that_is_written_late_is_late_altogether(land):
    id = handed_in(land, written=2, received=12)
    land.lead_to(id, ("rework", "officer", {"reason": "partly"}))
    land.clock.pass_by(days=9)

    land.lead_to(id, ("feedback", "worker", FIXED))

    assert counted(land) == (0, 1, 0)
