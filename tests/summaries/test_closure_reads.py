"""The live summary, the summary as of the past and the lists behind both say what a count over all histories says."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server import instants
from server.errors import NotFound
from server.forms.store import codes
from server.forms.store.codes import Code
from server.grid.domain.areas import Area, Level, Place, code_of, level_of, parent_code
from server.grid.domain.scope import Scope
from server.grid.store import areas
from server.records.domain.status import Status
from server.summaries.domain import periods, summary_rows
from server.summaries.domain.area_rows import ELSEWHERE, AreaScope
from server.summaries.domain.periods import Period
from server.summaries.domain.summary_rows import Row, Summary
from server.summaries.store import counted_cases
from server.summaries.store.counted_cases import Cursor
from server.summaries.usecases import closure_summary
from server.summaries.usecases.closure_summary import Query
from server.summaries.usecases.groupings import BY_CASE, Grouping
from tests.summaries.case_histories import (
    CATEGORIES,
    FIRST_DAY,
    UNITS,
    History,
    a_case,
    cases_behind,
    end_of,
    histories,
    known,
    moments,
    on,
    step,
)
from tests.summaries.lived_cases import a_store, live

MERGER = instants.text(FIRST_DAY + timedelta(days=120))
PATHS = {*UNITS, *(unit[:n] for unit in UNITS for n in (6, 10, 14))}
GONE_OVER, HEIR, DROPPED = "130630/100/202", "130630101201", "130630/101/202"
"""A village that one of the other town takes in, and one that nobody does."""


def an_area(path: str) -> Area:
    code = code_of(path)
    ended = {"valid_to": MERGER} if path in (GONE_OVER, DROPPED) else {}
    successor = HEIR if path == GONE_OVER else None
    return Area(code, path, level_of(code), parent_code(code), successor=successor, **ended)


GRID = {path: an_area(path) for path in sorted(PATHS)}
LABELS = dict.fromkeys(CATEGORIES, "类")
COUNTY = Scope(places=(Place("130630"),))
SCOPES = (
    COUNTY,
    Scope(places=(Place("130630/101"),)),
    Scope(places=(Place("130630/100"),)),
    Scope(places=(Place("130630/100/201"), Place("130630/101/201"))),
)
SUMMED = sorted(set(Grouping) - BY_CASE)
VIEWS = [(scope, by) for scope in SCOPES for by in SUMMED if (scope, by) != (SCOPES[-1], Grouping.TOWN)]
now = {"at": instants.parse(MERGER)}
towns = st.lists(histories(corrections=True), max_size=6, unique_by=lambda history: history.id)
days = st.dates(date(2026, 1, 1), date(2026, 8, 31))
months = st.tuples(st.integers(1, 6), st.integers(0, 3)).map(
    lambda pair: Period(date(2026, pair[0], 1), date(2026, pair[0] + pair[1] + 1, 1) - timedelta(days=1))
)
windows = st.one_of(st.tuples(days, days).map(lambda pair: Period(min(pair), max(pair))), months)
same_store = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    least, most = counted_cases.READ_LEAST, counted_cases.KEYS_MOST
    counted_cases.READ_LEAST, counted_cases.KEYS_MOST = 1, 2
    made = a_store(tmp_path_factory.mktemp("cases") / "data", clock=lambda: now["at"])
    made.write(lambda tx: areas.add(tx, [replace(area, successor=None) for area in GRID.values()]))
    made.write(lambda tx: areas.end(tx, code_of(GONE_OVER), MERGER, HEIR))
    listed = [
        Code("hazard_categories", name, "类", "", "2026-01-01", "2026-02-01" if name == "gas" else "", {})
        for name in CATEGORIES
    ]
    made.write(lambda tx: codes.replace_list(tx, "hazard_categories", listed))
    yield made
    made.close()
    counted_cases.READ_LEAST, counted_cases.KEYS_MOST = least, most


def counted_by_hand(town: list[History], scope: Scope, by: Grouping, window: Period, at: str) -> Summary:
    """Return the core's summary of all histories, without rows that nobody asked for and that say nothing."""
    area_scope = AreaScope(GRID, scope.places, at)
    cases = [case for case in known(town, at) if area_scope.holds(case.path)]
    if by is Grouping.MONTH:
        return summary_rows.by_month(cases, window, at)
    if by is Grouping.CATEGORY:
        return trimmed(summary_rows.by_category(cases, LABELS, window, at), set(CATEGORIES))
    level = Level(by.value)
    return trimmed(summary_rows.by_area(cases, list(GRID.values()), level, window, at), set(area_scope.in_force(level)))


def trimmed(summary: Summary, asked_for: set[str]) -> Summary:
    def stays(row: Row) -> bool:
        return row.key in asked_for or any(row.figures.counts.values())

    return Summary(tuple(row for row in summary.rows if stays(row)), summary.total)


def written(store, town: list[History], at: str) -> None:
    """Write what had happened by ``at``, and stop the clock there."""
    now["at"] = instants.parse(at)
    result = [History(each.id, each.path, each.category, each.until(at)) for each in town if each.until(at)]
    live(store, result)


def summed(store, scope: Scope, by: Grouping, window: Period, as_of: str | None = None) -> Summary:
    with store.reading() as reading:
        return closure_summary.summarise(reading, Query(scope, None, by, window, as_of)).summary


@same_store
@given(towns, windows, moments, st.sampled_from(VIEWS))
def test_the_live_summary_equals_a_count_over_all_histories(store, town, window, at, view):
    scope, by = view
    written(store, town, at)

    assert summed(store, scope, by, window) == counted_by_hand(town, scope, by, window, at)


@same_store
@given(towns, windows, moments, moments, st.sampled_from(VIEWS))
def test_the_summary_as_of_the_past_equals_a_count_over_what_was_known_then(store, town, window, one, other, view):
    scope, by = view
    then, at = sorted((one, other))
    written(store, town, at)

    assert summed(store, scope, by, window, then) == counted_by_hand(town, scope, by, window, then)


@same_store
@given(towns, windows, moments, moments, st.sampled_from(VIEWS), st.integers(1, 3), st.data())
def test_every_number_opens_into_exactly_the_cases_that_it_counts(store, town, window, one, other, view, size, data):
    scope, by = view
    then, at = sorted((one, other))
    written(store, town, at)
    query = Query(scope, None, by, window, then)
    summary = counted_by_hand(town, scope, by, window, then)
    row = data.draw(st.sampled_from([None, *summary.rows]))
    figures = summary.total if row is None else row.figures
    results = {f"result:{code}": n for code, n in figures.results.items()}
    numbers = {code: n for code, n in {**figures.counts, **results}.items() if n}

    for figure, number in numbers.items():
        found = opened(store, query, figure, None if row is None else row.key, size)
        assert len(found) == number, figure
        by_hand = Counter(case.id for case in cases_behind(figure, known(town, then), window, then))
        assert row is not None or scope is not COUNTY or Counter(found) == by_hand


HALF_YEAR = [
    a_case("1", step("report", "01-20"), step("assign", "01-21", due="02-10"), step("feedback", "02-09"),
           step("close", "02-12")),
    a_case("2", step("spot_close", "02-03"), path=UNITS[1], category="wiring"),
    a_case("3", step("report", "02-05"), step("assign", "02-06", due="02-20"),
           step("feedback", "03-02", result_code="fixed"), step("rework", "03-04", due="03-10"),
           step("feedback", "04-16", result_code="place_closed"), step("close", "04-20"),
           path=UNITS[2], category="gas"),
    a_case("4", step("report", "03-15"), step("assign", "03-16", due="04-01"), step("feedback", "03-20"),
           path=UNITS[3], category="gone"),
    a_case("5", step("report", "04-02"), step("reject", "04-03"), path="130630/100/201"),
    a_case("6", step("report", "04-10"), step("assign", "04-11", due="04-25"), path="130630"),
    a_case("7", step("report", "02-01"), step("assign", "02-04", due="03-20"), step("return", "02-23"),
           step("assign", "02-24", due="03-20"), step("return", "02-25"), step("assign", "03-01", due="03-20")),
]  # fmt: skip
"""Lives that touch every column, in every unit and in none, with what one period leaves open to the next."""
PERIODS = (
    Period(date(2026, 2, 1), date(2026, 3, 31)),
    Period(date(2026, 2, 3), date(2026, 4, 16)),
    Period(date(2026, 4, 16), date(2026, 4, 16)),
)


@pytest.mark.parametrize("window", PERIODS, ids=["whole months", "from day to day", "one day"])
@pytest.mark.parametrize(("scope", "by"), VIEWS)
@pytest.mark.parametrize("day", ["02-10", "03-17", "04-17", "05-20"])
def test_every_view_of_a_half_year_is_a_count_over_it_now_and_as_of_the_past(store, window, scope, by, day):
    written(store, HALF_YEAR, end_of("05-20"))

    result = summed(store, scope, by, window, end_of(day))

    assert result == counted_by_hand(HALF_YEAR, scope, by, window, end_of(day))


@same_store
@given(towns, moments, moments, st.integers(0, 30), st.integers(0, 40), st.sampled_from(VIEWS))
def test_a_past_instant_of_the_month_that_a_period_begins_in_tells_what_was_known_then(
    store, town, one, other, offset, length, view
):
    scope, by = view
    then, at = sorted((one, other))
    day = periods.day_of(then)
    first = day - timedelta(days=min(offset, day.day - 1))
    window = Period(first, first + timedelta(days=length))
    written(store, town, at)

    assert summed(store, scope, by, window, then) == counted_by_hand(town, scope, by, window, then)


FEBRUARY = (step("report", "02-10"), step("assign", "02-11", due="02-20", close_due=date(2026, 2, 24)))
DUE_IN_APRIL = (step("report", "02-10"), step("assign", "02-11", due="02-20", close_due=date(2026, 4, 10)))
IN_THE_EVENING = on("04-15", "18:00")
OLD_CASES = {
    "its limit passed and it was suspended later": (*DUE_IN_APRIL, step("suspend", "04-20")),
    "its limit passed and it was extended later": (
        *DUE_IN_APRIL, step("extend", "04-20", due="05-01", close_due=date(2026, 5, 10))),
    "its limit passed and it was closed later": (*DUE_IN_APRIL, step("feedback", "04-20"), step("close", "04-21")),
    "it was closed that evening": (
        *FEBRUARY, step("feedback", "03-01"), step("close", "04-15")._replace(at=IN_THE_EVENING)),
    "it was closed and reopened later": (
        *FEBRUARY, step("feedback", "03-01"), step("close", "04-05"), step("reopen", "04-20")),
    "it was closed and reopened that evening": (
        *FEBRUARY, step("feedback", "03-01"), step("close", "04-05"),
        step("reopen", "04-15")._replace(at=IN_THE_EVENING)),
    "it was closed and made void that evening": (
        *FEBRUARY, step("feedback", "03-01"), step("close", "04-05"),
        step("void", "04-15")._replace(at=IN_THE_EVENING)),
    "it was closed and made void later": (
        *FEBRUARY, step("feedback", "03-01"), step("close", "04-05"), step("void", "04-20")),
    "it was closed and merged later": (
        *FEBRUARY, step("feedback", "03-01"), step("close", "04-05"), step("merge", "04-20")),
    "it was reworked later": (*DUE_IN_APRIL, step("feedback", "03-01"), step("rework", "04-20", due="04-25")),
    "it was given another limit by a correction later": (
        *DUE_IN_APRIL, step("categorise", "04-20", status=Status.ASSIGNED, category="gas", relaxes=True,
                            close_due=date(2026, 5, 20))),
    "it was given out that evening": (
        step("report", "02-10"), step("register", "02-11"), step("assign", "04-15")._replace(at=IN_THE_EVENING)),
    "it was given out and came back later": (
        step("report", "02-10"), step("register", "02-11"), step("assign", "04-08"), step("return", "04-20")),
    "it was given out, came back and was given out again later": (
        step("report", "02-10"), step("register", "02-11"), step("assign", "04-08"), step("return", "04-20"),
        step("assign", "04-21")),
    "it was registered later": (step("report", "02-10"), step("register", "04-15")._replace(at=IN_THE_EVENING)),
}  # fmt: skip
"""What became later of a case that came in before the period, of which nothing but this is told otherwise."""


@pytest.mark.parametrize("by", [Grouping.TOWN, Grouping.MONTH, Grouping.CATEGORY])
@pytest.mark.parametrize("became", OLD_CASES)
def test_what_became_later_of_an_old_case_is_not_told_as_of_before(store, became, by):
    town = [a_case("1", *OLD_CASES[became])]
    written(store, town, end_of("05-20"))
    april, then = Period(date(2026, 4, 1), date(2026, 4, 30)), on("04-15", "12:00")

    result = summed(store, COUNTY, by, april, then)

    assert result == counted_by_hand(town, COUNTY, by, april, then)


RECATEGORISED = [
    a_case("1", step("report", "03-09", discovered_at="2026-03-05T01:00:00.000Z"),
           step("reject", "03-12", category="gas")),
    a_case("2", step("report", "03-10", discovered_at="2026-03-09T01:00:00.000Z")),
    a_case("3", step("report", "03-11", discovered_at="2026-03-11T00:00:00.000Z"), category="gas"),
]  # fmt: skip


@pytest.mark.parametrize("day", ["03-09", "03-10", "03-11", "03-12"])
def test_how_long_reports_took_stands_in_the_row_that_they_had_at_the_instant(store, day):
    """One that was put into another category later leaves that row, with its time, for a count as of before."""
    written(store, RECATEGORISED, end_of("05-20"))
    window = Period(date(2026, 3, 1), date(2026, 3, 31))

    result = summed(store, COUNTY, Grouping.CATEGORY, window, end_of(day))

    by_hand = counted_by_hand(RECATEGORISED, COUNTY, Grouping.CATEGORY, window, end_of(day))
    assert result == by_hand
    assert by_hand.total.days["report_lag_median"] is not None


@pytest.mark.parametrize("size", [1, 2, 50])
@pytest.mark.parametrize("window", PERIODS, ids=["whole months", "from day to day", "one day"])
def test_every_number_of_a_half_year_opens_page_by_page_into_as_many_cases(store, window, size):
    """Also one that was dispatched on three days and came back on two: it stands in its list once for each."""
    written(store, HALF_YEAR, end_of("05-20"))
    counts = counted_by_hand(HALF_YEAR, COUNTY, Grouping.TOWN, window, end_of("05-20")).total.counts

    query = Query(COUNTY, None, Grouping.TOWN, window)

    assert {code: len(opened(store, query, code, None, size)) for code in counts} == counts


def test_an_area_wider_than_the_readers_shows_what_of_it_is_theirs(store):
    written(store, HALF_YEAR, MERGER)
    window = Period(date(2026, 1, 1), date(2026, 12, 31))
    query = Query(Scope(places=(Place(UNITS[0]),)), GRID["130630/100"], Grouping.UNIT, window)

    with store.reading() as reading:
        result = closure_summary.summarise(reading, query).summary

    assert [row.key for row in result.rows] == [UNITS[0]]
    assert opened(store, query, "reports", None, 10) == ["1", "7"]


def test_an_area_out_of_the_readers_sight_is_not_found(store):
    written(store, HALF_YEAR, MERGER)
    query = Query(SCOPES[1], GRID["130630/100"], Grouping.VILLAGE, PERIODS[0])

    with pytest.raises(NotFound, match="管辖范围"), store.reading() as reading:
        closure_summary.summarise(reading, query)


def opened(store, query: Query, figure: str, row: str | None, size: int) -> list[str]:
    """Return the id of every case behind a figure, page by page."""
    found, after = [], Cursor()
    with store.reading() as reading:
        while after is not None:
            page = closure_summary.drill_down(reading, query, figure, row, after, size)
            assert len(page.cases) <= size
            found += [case.id for case in page.cases]
            after = page.after
    return found


def test_a_level_that_does_not_exist_here_is_refused_and_told_what_does(store):
    written(store, [], MERGER)

    with pytest.raises(closure_summary.Invalid, match="可选：village、unit、category、month"):
        summed(
            store, Scope(places=(Place("130630/101/201"),)), Grouping.TOWN, Period(date(2026, 1, 1), date(2026, 1, 31))
        )


def test_the_future_is_no_instant_to_count_at(store):
    written(store, [], MERGER)

    with pytest.raises(closure_summary.Invalid, match="还没有到"):
        summed(
            store,
            COUNTY,
            Grouping.TOWN,
            Period(date(2026, 1, 1), date(2026, 1, 31)),
            instants.text(now["at"] + timedelta(days=1)),
        )


def test_the_rest_has_a_row_that_opens(store):
    written(store, [a_case("1", step("report", "02-01"), path="130630/100", category="gone")], MERGER)
    window = Period(date(2026, 1, 1), date(2026, 12, 31))

    for by in (Grouping.VILLAGE, Grouping.CATEGORY):
        assert opened(store, Query(COUNTY, None, by, window), "reports", ELSEWHERE, 10) == ["1"]
