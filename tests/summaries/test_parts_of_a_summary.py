"""Received and closed per day, and who has what is overdue, say what a recount of the summary says, now and then."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server import instants
from server.errors import Invalid
from server.forms.domain.record_types import Kind
from server.grid.domain.areas import code_of
from server.people.domain.actors import Duty, Role
from server.people.store import people
from server.records.domain.case import Assignment, Case
from server.records.domain.records import Record
from server.records.store import records
from server.summaries.domain import figure_definitions
from server.summaries.domain.periods import Period
from server.summaries.store.counted_cases import Cursor
from server.summaries.usecases import closure_summary, daily, handlers, untimed
from server.summaries.usecases.closure_summary import Query
from server.summaries.usecases.groupings import Grouping
from tests.summaries import test_closure_reads
from tests.summaries.case_histories import UNITS, a_case, end_of, known, moments, on, step
from tests.summaries.lived_cases import live
from tests.summaries.test_closure_reads import (
    COUNTY,
    HALF_YEAR,
    SCOPES,
    counted_by_hand,
    same_store,
    towns,
    windows,
    written,
)

store = test_closure_reads.store
"""The fixture."""


def by_day(store, scope, window, as_of=None):
    with store.reading() as reading:
        return daily.by_day(reading, Query(scope, None, None, window, as_of))


@same_store
@given(towns, windows, moments, moments, st.sampled_from(SCOPES), st.integers(0, 400))
def test_a_day_says_what_the_summary_of_that_day_alone_says(store, town, window, one, other, scope, n):
    then, at = sorted((one, other))
    written(store, town, at)

    found = by_day(store, scope, window, then)

    day = found[n % len(found)]
    alone = counted_by_hand(town, scope, Grouping.MONTH, Period(day.day, day.day), then).total.counts
    today = instants.local_day(then)
    expected = (alone["reports"], alone["closed_in_period"]) if day.day.isoformat() <= today else (None, None)
    assert (day.received, day.closed) == expected
    whole = counted_by_hand(town, scope, Grouping.MONTH, window, then).total.counts
    assert sum(each.received or 0 for each in found) == whole["reports"]


def test_the_week_of_a_day_reaches_back_before_the_period(store):
    written(store, HALF_YEAR, end_of("05-20"))

    found = {each.day.day: each for each in by_day(store, COUNTY, Period(date(2026, 2, 4), date(2026, 2, 14)))}

    assert {day: each.closed_week for day, each in found.items()} == {
        **dict.fromkeys((4, 5, 6, 7, 8, 9), 1), **dict.fromkeys((10, 11), 0), **dict.fromkeys((12, 13, 14), 1)
    }  # fmt: skip
    assert found[12].closed == 1


def test_days_to_come_have_no_number_and_too_many_are_refused(store):
    written(store, HALF_YEAR, end_of("05-20"))

    ahead = by_day(store, COUNTY, Period(date(2026, 5, 22), date(2026, 5, 23)))

    assert [(each.received, each.closed, each.closed_week) for each in ahead] == [(None, None, None)] * 2
    with pytest.raises(Invalid, match="1100 天"):
        by_day(store, COUNTY, Period(date(2020, 1, 1), date(2026, 1, 1)))


LATE = [
    a_case(f"{n}", step("report", "03-01"), step("assign", "03-02", due=f"03-{n + 9:02}"), path=UNITS[n % 4])
    for n in range(1, 9)
]
HANDS = (None, "body:gas", "body:gas", "user:worker", "user:worker", "user:second", "user:gone", "body:fire")
"""Who has each case since the second; before the tenth the first three were in other hands."""


@pytest.fixture
def handed(store):
    written(store, LATE, end_of("05-20"))
    live(store, LATE)

    def lay(tx) -> None:
        tx.sql.run("DELETE FROM record")
        tx.sql.run("DELETE FROM duty")
        for name in ("worker", "second", "gone"):
            tx.sql.run(
                "INSERT INTO person (name, display, created_at) VALUES (:name, :name, :at) ON CONFLICT DO NOTHING",
                {"name": name, "at": tx.now},
            )
        people.add_duty(tx, "worker", Duty(Role.GRID_WORKER, code_of(UNITS[0])))
        people.add_duty(tx, "second", Duty(Role.GRID_WORKER, code_of(UNITS[0])))
        for n, (history, mark) in enumerate(zip(LATE, HANDS, strict=True)):
            facts = known([history], end_of("05-20"))[0]
            spells = [Assignment(mark, True, on("03-10"))] if mark else []
            if n < 3:
                spells.insert(0, Assignment("body:before", True, on("03-02"), on("03-10")))
            record = Record(
                history.id, "hazards", Kind.CASE, code_of(history.path), history.path, "x", 1, n, n, "worker", {}, "",
                on("03-01"), on("05-01"), status="assigned", stage="assign", assignee=mark,
                case=Case(facts, assignments=tuple(spells)),
            )  # fmt: skip
            records.add(tx, record)

    store.write(lay)
    return store


MARCH = Query(COUNTY, None, None, Period(date(2026, 3, 1), date(2026, 3, 31)))


def overdue(store, query):
    with store.reading() as reading:
        return handlers.overdue(reading, query)


def test_what_is_overdue_is_told_by_body_and_by_role_and_town_in_the_order_of_codes(handed):
    found = overdue(handed, MARCH)

    assert [(each.key, each.name, each.cases) for each in found] == [
        ("body:fire", "fire", 1),
        ("body:gas", "gas", 2),
        ("grid_worker@130630100000", "网格员 · 130630/100", 1),
        ("grid_worker@130630101000", "网格员 · 130630/101", 2),
        ("person@130630101000", "其他人员 · 130630/101", 1),
        ("-", "无承办（待改派）", 1),
    ]
    gas = found[1]
    assert gas.days == (date(2026, 5, 21) - date(2026, 3, 11)).days


def test_a_limit_is_one_day_over_on_the_day_after_its_last():
    assert handlers.days_over(end_of("03-10"), on("03-11")) == 1


@pytest.mark.parametrize("day", ["03-08", "03-11", "03-14", "04-30", "05-20"])
def test_at_any_instant_the_lines_add_up_to_the_figure_and_each_opens_into_its_cases(handed, day):
    query = replace(MARCH, as_of=end_of(day))
    counted = counted_by_hand(LATE, COUNTY, Grouping.TOWN, MARCH.period, end_of(day)).total.counts["handling_overdue"]

    found = overdue(handed, query)

    assert sum(each.cases for each in found) == counted
    for line in found:
        for size in (1, 50):
            assert len(listed(handed, query, line.key, size)) == line.cases
    assert sorted(id for line in found for id in listed(handed, query, line.key, 2)) == sorted(
        listed(handed, query, None, 2)
    )


def test_at_a_past_instant_a_case_is_in_the_hands_that_had_it_then(handed):
    then = replace(MARCH, as_of=end_of("03-09"))
    at = replace(MARCH, period=Period(date(2026, 3, 1), date(2026, 3, 31)), as_of=end_of("03-12"))

    assert overdue(handed, then) == []
    assert Counter({each.key: each.cases for each in overdue(handed, at)}) == {
        "body:gas": 2, "-": 1
    }  # fmt: skip


def test_the_month_before_and_a_scope_of_one_town_hold_only_their_own(handed):
    town = replace(MARCH, scope=SCOPES[1])

    assert overdue(handed, replace(MARCH, period=Period(date(2026, 2, 1), date(2026, 2, 28)))) == []
    assert 0 < sum(each.cases for each in overdue(handed, town)) < len(LATE)


def test_what_is_no_key_is_refused_with_where_to_find_one(handed):
    with pytest.raises(Invalid, match="在谁手里"):
        listed(handed, MARCH, "user:worker", 5)


def listed(store, query, handler, size) -> list[str]:
    found, after = [], Cursor()
    with store.reading() as reading:
        while after is not None:
            page = handlers.drill_down(reading, query, handlers.FIGURE, None, handler, after, size)
            assert len(page.cases) <= size
            found += [case.id for case in page.cases]
            after = page.after
    return found


@same_store
@given(towns, windows, moments, moments, st.sampled_from(SCOPES), st.sampled_from((Grouping.CATEGORY, Grouping.MONTH)))
def test_without_times_and_stock_counts_and_rates_are_those_of_the_summary(store, town, window, one, other, scope, by):
    then, at = sorted((one, other))
    written(store, town, at)
    query = Query(scope, None, by, window, then)

    with store.reading() as reading:
        whole, parts = closure_summary.summarise(reading, query).summary, untimed.summarise(reading, query)

    expected, found = ({row.key: without_stock(row.figures) for row in summary.rows} for summary in (whole, parts))
    assert {key: figures for key, figures in found.items() if any(figures[0].values())} == {
        key: figures for key, figures in expected.items() if any(figures[0].values())
    }
    assert without_stock(parts.total) == without_stock(whole.total)


def without_stock(figures):
    """Return counts and rates but for the stock at the beginning, and what is made of it."""
    stock = ("opening", "workload")
    known = figure_definitions.list_figures("2026-12-01T00:00:00.000Z")
    made_of_it = {each.code for each in known if {each.numerator, each.denominator} & {*stock}}
    return (
        {code: n for code, n in figures.counts.items() if code not in stock},
        {code: rate for code, rate in figures.rates.items() if code not in made_of_it},
    )


def test_the_cases_of_a_line_are_found_without_reading_those_of_others(handed, monkeypatch):
    read: list[str] = []
    pages = closure_summary.drill_down

    def counted(*arguments):
        page = pages(*arguments)
        read.extend(case.id for case in page.cases)
        return page

    lines = overdue(handed, MARCH)
    monkeypatch.setattr(closure_summary, "drill_down", counted)

    for line in lines:
        read.clear()
        found = listed(handed, replace(MARCH, as_of=None), line.key, 50)
        assert len(found) == line.cases
        if line.key.startswith("body:") or line.key == handlers.NOBODY:
            assert read == found
