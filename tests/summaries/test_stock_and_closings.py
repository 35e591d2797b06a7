"""期初在办 and 期间办结 count by the state of their own instants: what is done later changes neither."""

from __future__ import annotations

from datetime import date

import pytest

from server.instants import BEIJING, parse
from server.summaries.domain import summary_rows
from server.summaries.domain.periods import Period
from tests.summaries.case_histories import History, a_case, cases_behind, end_of, known, on, step

APRIL, MAY = Period(date(2026, 4, 1), date(2026, 4, 30)), Period(date(2026, 5, 1), date(2026, 5, 31))
SPRING = Period(date(2026, 4, 1), date(2026, 5, 31))
HANDED_IN = (step("report", "03-20"), step("assign", "03-20", due="03-27"), step("feedback", "03-25"))

LATER_REOPENED = a_case("later", *HANDED_IN, step("close", "04-20"), step("reopen", "05-03"), step("feedback", "05-08"),
                        step("close", "05-10"))  # fmt: skip
SOON_REOPENED = a_case("soon", *HANDED_IN, step("close", "04-05"), step("reopen", "04-10"))
NOT_FIXED = a_case("not fixed", step("spot_close", "04-02"), step("reopen", "05-02"))
MISTAKEN = a_case("mistaken", step("report", "03-20"), step("register", "03-21"), step("void", "05-04"))
TAKEN_IN = a_case("taken in", step("report", "03-20"), step("register", "03-21"), step("merge", "04-04"),
                  step("split", "05-04"))  # fmt: skip
TWICE = a_case("twice", *HANDED_IN, step("close", "04-05"), step("reopen", "04-10"), step("feedback", "04-11"),
               step("close", "04-12"), step("reopen", "05-02"))  # fmt: skip


def counted(figure: str, case: History, period: Period, at: str) -> int:
    """Return how often a figure counts a case as of an instant; it opens into as many."""
    cases = known([case], at)
    number = summary_rows.figures(cases, period, at).counts[figure]
    assert len(cases_behind(figure, cases, period, at)) == number
    return number


@pytest.mark.parametrize(
    ("case", "period", "as_of_then", "number"),
    [
        (LATER_REOPENED, APRIL, "04-19", 0),
        (LATER_REOPENED, APRIL, "04-20", 1),
        (LATER_REOPENED, APRIL, "05-03", 1),
        (LATER_REOPENED, APRIL, "05-10", 1),
        (LATER_REOPENED, MAY, "05-03", 0),
        (LATER_REOPENED, MAY, "05-10", 1),
        (LATER_REOPENED, SPRING, "04-20", 1),
        (LATER_REOPENED, SPRING, "05-03", 0),
        (LATER_REOPENED, SPRING, "05-10", 1),
        (SOON_REOPENED, APRIL, "04-09", 1),
        (SOON_REOPENED, APRIL, "04-10", 0),
        (SOON_REOPENED, APRIL, "05-31", 0),
        (NOT_FIXED, APRIL, "05-31", 1),
        (NOT_FIXED, SPRING, "05-31", 0),
        (MISTAKEN, MAY, "05-31", 0),
        (TAKEN_IN, APRIL, "05-31", 0),
        (TWICE, APRIL, "05-31", 1),
        (TWICE, SPRING, "05-31", 0),
    ],
)
def test_a_case_was_closed_in_a_period_when_it_was_so_as_the_period_ended(case, period, as_of_then, number):
    assert counted("closed_in_period", case, period, end_of(as_of_then)) == number


@pytest.mark.parametrize(
    ("case", "period", "number"),
    [
        (LATER_REOPENED, APRIL, 1),
        (LATER_REOPENED, MAY, 0),
        (SOON_REOPENED, MAY, 1),
        (NOT_FIXED, APRIL, 0),
        (NOT_FIXED, MAY, 0),
        (MISTAKEN, APRIL, 1),
        (MISTAKEN, MAY, 1),
        (TAKEN_IN, APRIL, 1),
        (TAKEN_IN, MAY, 0),
    ],
)
def test_a_case_was_open_at_the_beginning_whatever_became_of_it_later(case, period, number):
    begun, later = period.starts_at, end_of("08-31")

    assert counted("opening", case, period, begun) == counted("opening", case, period, later) == number


@pytest.mark.parametrize("figure", ["opening", "closed_in_period"])
@pytest.mark.parametrize("case", [LATER_REOPENED, SOON_REOPENED, NOT_FIXED, MISTAKEN, TAKEN_IN, TWICE])
def test_what_a_period_has_counted_when_it_ends_it_counts_for_ever(figure, case):
    for period in (APRIL, MAY, SPRING):
        assert counted(figure, case, period, period.ends_at) == counted(figure, case, period, end_of("08-31"))


def test_a_millisecond_decides_at_which_end_of_a_period_a_closing_lies():
    """Midnight belongs to the day that begins; a reopening at midnight leaves the closing of the day before."""
    midnight = MAY.starts_at
    assert parse(midnight).astimezone(BEIJING).hour == 0
    closed = [*HANDED_IN, step("close", "04-20")]
    at_midnight, before = (step("reopen", "05-01")._replace(at=at) for at in (midnight, "2026-04-30T15:59:59.999Z"))

    assert counted("closed_in_period", a_case("1", *closed, at_midnight), APRIL, end_of("05-31")) == 1
    assert counted("closed_in_period", a_case("2", *closed, before), APRIL, end_of("05-31")) == 0
    assert counted("opening", a_case("1", *closed, at_midnight), MAY, end_of("05-31")) == 0
    assert counted("opening", a_case("2", *closed, before), MAY, end_of("05-31")) == 1


def test_closings_of_months_come_to_more_than_their_total_where_a_case_was_reopened_in_a_later_month():
    summary = summary_rows.by_month(known([LATER_REOPENED], on("06-30")), SPRING, on("06-30"))

    assert [row.figures.counts["closed_in_period"] for row in summary.rows] == [1, 1]
    assert summary.total.counts["closed_in_period"] == 1
    assert [row.figures.counts["opening"] for row in summary.rows] == [1, 0]
