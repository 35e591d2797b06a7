"""The demonstration's figures equal a brute-force recount from history, and each opens into its cases."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest

from server.grid.domain.areas import Place
from server.grid.domain.scope import Scope
from server.grid.store import areas
from server.instants import parse, text
from server.simulate import recount
from server.summaries.domain import figure_definitions
from server.summaries.domain.count_rules import UNSTATED
from server.summaries.domain.figure_definitions import Kind
from server.summaries.domain.periods import Period
from server.summaries.store.counted_cases import Cursor
from server.summaries.usecases import closure_summary
from server.summaries.usecases.closure_summary import Query
from server.summaries.usecases.groupings import Grouping
from tests.demo.half_year import END

COUNTY, TOWN = "130630000000", "130630106000"
PERIODS = {
    "this month": Period(date(2026, 11, 1), date(2026, 11, 30)),
    "this quarter": Period(date(2026, 10, 1), date(2026, 12, 31)),
    "last quarter": Period(date(2026, 7, 1), date(2026, 9, 30)),
    "the whole half year": Period(date(2026, 5, 1), date(2026, 12, 31)),
    "two odd weeks": Period(date(2026, 8, 9), date(2026, 8, 23)),
}
NOT_SHOWN = {
    "carried",
    "carried_closed",
    "carried_dropped",
    "filled_in_time",
    "late_returns",
    "late_reports",
    "relaxed",
}
"""A phone that has fetched its lists and sends days later brings lateness about, an officer who chooses a hazard with
more time ``relaxed``, a list of last year's hazards what is carried over; the demonstration has none of them."""

COUNTS = [figure.code for figure in figure_definitions.list_figures(text(END)) if figure.kind is Kind.COUNT]


@pytest.fixture(scope="module")
def history(store):
    with store.reading() as reading:
        return recount.cases(reading)


def query_of(reading, code=COUNTY, by=None, period="the whole half year", **more):
    return Query(Scope(places=(Place("130630"),)), areas.get(reading, code), by, PERIODS[period], **more)


def recounted(history, period, where="130630", now=END):
    inside = [case for case in history if Place(where).holds(case.path)]
    return recount.counts(inside, parse(period.starts_at), parse(period.ends_at), now)


def opened(reading, question, figure, row=None):
    """Return how many cases the list behind a figure has, over all of its pages."""
    found, after = 0, Cursor()
    while after is not None:
        page = closure_summary.drill_down(reading, question, figure, row, after, 50)
        found, after = found + len(page.cases), page.after
    return found


@pytest.mark.parametrize("name", PERIODS)
def test_every_count_of_a_period_is_what_the_history_comes_to(reading, history, name):
    result = closure_summary.summarise(reading, query_of(reading, period=name))

    assert dict(result.summary.total.counts) == recounted(history, PERIODS[name])


@pytest.mark.parametrize(("by", "where"), [(Grouping.TOWN, COUNTY), (Grouping.VILLAGE, TOWN)])
def test_every_row_is_what_the_history_of_its_area_comes_to(reading, history, by, where):
    result = closure_summary.summarise(reading, query_of(reading, where, by))

    for row in result.summary.rows:
        assert dict(row.figures.counts) == recounted(history, result.period, row.key), row.name


def test_every_result_is_what_the_history_comes_to(reading, history):
    result = closure_summary.summarise(reading, query_of(reading))

    counted = recount.results(history, parse(result.period.starts_at), parse(result.period.ends_at))
    assert dict(result.summary.total.results) == {code or UNSTATED: n for code, n in counted.items()}


def test_what_the_patrols_looked_at_is_what_their_records_say(reading):
    result = closure_summary.summarise(reading, query_of(reading))

    most: Counter[tuple[str, str]] = Counter()
    for row in reading.sql.rows("SELECT area, fields FROM record WHERE type = 'patrols'"):
        told = recount.json.loads(row["fields"])
        most[row["area"], told["place"]] = max(most[row["area"], told["place"]], int(told["premises_count"]))
    assert result.visited == most.total() > 0
    behind = closure_summary.patrols_behind(reading, query_of(reading))
    assert sum(patrol.premises for patrol in behind) == result.visited


@pytest.mark.parametrize("figure", COUNTS)
def test_a_count_lists_as_many_cases_as_it_says(reading, figure):
    question = query_of(reading)

    result = closure_summary.summarise(reading, question)

    assert opened(reading, question, figure) == result.summary.total.counts[figure]
    for row in (row for row in result.summary.rows if row.figures.counts[figure]):
        assert opened(reading, question, figure, row.key) == row.figures.counts[figure], row.name


def test_this_quarter_has_something_of_everything(reading):
    counts = closure_summary.summarise(reading, query_of(reading, period="this quarter")).summary.total.counts

    assert {code for code in COUNTS if counts[code] == 0} == NOT_SHOWN


def test_the_figures_of_a_past_day_are_what_the_history_until_then_comes_to(store, history):
    with store.reading() as reading:
        then = END - timedelta(days=30)
        result = closure_summary.summarise(reading, query_of(reading, as_of=text(then)))
        until = recount.cases(reading, until=text(then))

    period = result.period
    assert dict(result.summary.total.counts) == recounted(until, period, now=then)


def test_what_forms_offer_as_common_is_no_category_and_has_no_row(reading):
    result = closure_summary.summarise(reading, query_of(reading, by=Grouping.CATEGORY))

    names = [row.name for row in result.summary.rows]
    assert "用电" in names
    assert "常见" not in names
