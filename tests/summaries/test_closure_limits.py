"""A limit is a day's last moment: what happens at it is in time, what is still open at it is late."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import pytest

from server import instants
from server.instants import Instant
from server.records.domain.case_steps import Step
from server.records.domain.status import Status
from server.summaries.domain import summary_rows
from server.summaries.domain.periods import Period
from tests.summaries.case_histories import a_case, end_of, known, on, step

APRIL = Period(date(2026, 4, 1), date(2026, 4, 30))
TAKEN_UP = (step("report", "04-01"), step("assign", "04-01", due="04-08", close_due=date(2026, 4, 11)))
DUE, CLOSE_DUE, YEAR_END = end_of("04-08"), end_of("04-11"), on("12-31")


def moved(at: Instant, milliseconds: int) -> Instant:
    return instants.later(at, timedelta(milliseconds=milliseconds))


def counts(as_of: Instant, *lives: tuple[Step, ...], period: Period = APRIL) -> dict[str, int]:
    cases = known([a_case(str(number), *steps) for number, steps in enumerate(lives)], as_of)
    return dict(summary_rows.figures(cases, period, as_of).counts)


@pytest.mark.parametrize(("late_by", "on_time"), [(-1, 1), (0, 1), (1, 0)])
def test_feedback_at_the_limit_is_on_time_and_a_moment_later_is_not(late_by, on_time):
    n = counts(YEAR_END, (*TAKEN_UP, Step("feedback", moved(DUE, late_by), Status.FEEDBACK)))

    assert (n["handled_on_time"], n["handled_late"]) == (on_time, 1 - on_time)


@pytest.mark.parametrize(("late_by", "on_time"), [(-1, 1), (0, 1), (1, 0)])
def test_closing_at_the_limit_is_on_time_and_a_moment_later_is_not(late_by, on_time):
    n = counts(
        YEAR_END, (*TAKEN_UP, step("feedback", "04-05"), Step("close", moved(CLOSE_DUE, late_by), Status.CLOSED))
    )

    assert (n["closed_on_time"], n["closed_late"]) == (on_time, 1 - on_time)


@pytest.mark.parametrize(("later", "overdue"), [(-1, 0), (0, 1)])
def test_what_is_still_open_when_its_limit_comes_is_overdue_at_that_moment(later, overdue):
    handling, closing = counts(moved(DUE, later), TAKEN_UP), counts(moved(CLOSE_DUE, later), TAKEN_UP)

    assert handling["handling_overdue"] == overdue
    assert (closing["closing_overdue"], closing["open_in_time"]) == (overdue, 1 - overdue)


@pytest.mark.parametrize(("later", "fell_due"), [(-1, 0), (0, 1)])
def test_a_closing_limit_falls_due_at_its_moment_and_at_none_before(later, fell_due):
    n = counts(moved(CLOSE_DUE, later), TAKEN_UP)

    assert (n["fell_due"], n["fell_due_closed"]) == (fell_due, 0)


def test_the_end_of_the_last_day_belongs_to_its_period_and_what_fell_due_counts_whenever_it_was_registered():
    last_day = (
        step("report", "03-20"), step("assign", "03-20", due="04-27", close_due=date(2026, 4, 30)),
        step("feedback", "04-02"), step("close", "05-20"),
    )  # fmt: skip
    may = Period(date(2026, 5, 1), date(2026, 5, 31))

    april_n, may_n = (counts(YEAR_END, last_day, period=period) for period in (APRIL, may))

    assert (april_n["cases"], april_n["fell_due"], april_n["fell_due_closed"]) == (0, 1, 1)
    assert (may_n["cases"], may_n["fell_due"]) == (0, 0)


def test_what_waits_for_its_check_is_handled_and_can_only_miss_the_closing_limit():
    n = counts(YEAR_END, (*TAKEN_UP, step("feedback", "04-05")))

    assert (n["handling_overdue"], n["handled_on_time"], n["closing_overdue"]) == (0, 1, 1)


@pytest.mark.parametrize(("later", "over"), [(-1, 0), (0, 1)])
def test_a_report_is_over_24_hours_old_when_24_hours_have_passed(later, over):
    n = counts(moved(on("04-02"), later), (step("report", "04-01"),))

    assert (n["undecided_reports"], n["undecided_over_24h"]) == (1, over)


def test_midnight_belongs_to_the_day_that_begins():
    last, first = Step("spot_close", moved(APRIL.ends_at, -1), Status.SPOT_CLOSED), APRIL.ends_at
    next_day = Step("spot_close", first, Status.SPOT_CLOSED)

    n = counts(YEAR_END, (last,), (next_day,))

    assert (n["reports"], n["cases"], n["closed_in_period"]) == (1, 1, 1)


@pytest.mark.parametrize(("later", "open_then"), [(-1, 0), (0, 1)])
def test_what_was_closed_as_the_period_began_was_open_at_its_beginning(later, open_then):
    life = (
        step("report", "03-20"),
        step("assign", "03-20"),
        step("feedback", "03-25"),
        Step("close", moved(APRIL.starts_at, later), Status.CLOSED),
    )

    n = counts(YEAR_END, life)

    assert (n["opening"], n["closed_in_period"]) == (open_then, open_then)


def test_the_median_of_an_even_number_lies_between_the_two_in_the_middle():
    lives = [(*TAKEN_UP, step("feedback", day)) for day in ("04-02", "04-03", "04-06", "04-28")]
    cases = known([a_case(str(number), *steps) for number, steps in enumerate(lives)], YEAR_END)

    days = summary_rows.figures(cases, APRIL, YEAR_END).days

    handling = {"handle_mean": Fraction(35, 4), "handle_median": Fraction(7, 2), "handle_p90": Fraction(27)}
    assert days == dict.fromkeys(("report_lag_mean", "report_lag_median", "report_lag_p90")) | handling


def test_a_case_that_its_reporter_withdrew_is_a_report_and_nothing_else():
    n = counts(YEAR_END, (step("report", "04-01"), step("void", "04-01")))

    assert {figure: count for figure, count in n.items() if count} == {
        "reports": 1, "decided_reports": 1, "withdrawn_reports": 1,
    }  # fmt: skip


def test_a_case_merged_after_it_was_registered_is_valid_work_and_no_case():
    n = counts(YEAR_END, (*TAKEN_UP[:1], step("register", "04-02"), step("merge", "04-03")))

    assert {figure: count for figure, count in n.items() if count} == {
        "reports": 1, "decided_reports": 1, "registered_reports": 1, "valid_reports": 1, "merged_reports": 1,
        "registered": 1, "merged_cases": 1,
    }  # fmt: skip
