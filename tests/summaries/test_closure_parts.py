"""Sums of parts say what a count over the cases says: the law that lets a summary be read without touching a case."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from itertools import accumulate

from hypothesis import assume, given
from hypothesis import strategies as st

from server import instants
from server.summaries.domain import case_parts, case_sums, contributions, count_rules, summary_rows
from server.summaries.domain.case_parts import STOCK
from server.summaries.domain.contributions import AHEAD, COLUMNS, FORMULAS, LATE, OPENING, REOPENED_LATER
from server.summaries.domain.periods import Period
from tests.summaries.case_histories import FIRST_DAY, History, histories, known, moments

LATER = instants.text(FIRST_DAY + timedelta(days=900))
towns = st.lists(histories(), max_size=8, unique_by=lambda history: history.id)
days = st.dates(date(2026, 1, 1), date(2026, 8, 31))
windows = st.tuples(days, days).map(lambda pair: Period(min(pair), max(pair)))


@given(towns, windows, moments)
def test_sums_of_contributions_and_lateness_equal_a_count_over_the_cases(town, window, at):
    assert summed(town, window, at) == summary_rows.figures(known(town, at), window, at)


@given(towns, windows, moments)
def test_rows_summed_up_by_key_are_those_that_every_rule_counts(town, window, at):
    cases, names = known(town, at), {"gas": "燃气", "power": "用电"}

    summed_up = case_sums.by_key([(case.category, case) for case in cases], names, "其他", window, at)

    groups = {key: [case for case in cases if case.category == key] for key in [*names, *(c.category for c in cases)]}
    assert {row.key: row.figures for row in summed_up.rows} == {
        key: summary_rows.figures(group, window, at) for key, group in groups.items()
    }
    assert summed_up.total == summary_rows.figures(cases, window, at)
    assert [row.name for row in summed_up.rows] == [names.get(key, "其他") for key in groups]


@given(histories(), moments)
def test_a_contribution_names_known_columns_and_takes_away_from_the_stock_alone(history, at):
    facts = history.as_of(at)
    found = {} if facts is None else contributions.contribution(facts)

    assert {column for _, column in found} <= set(COLUMNS)
    assert all(n > 0 for (_, column), n in found.items() if column not in (STOCK, "handled_s"))


@given(histories(), moments)
def test_every_day_leaves_a_case_in_the_stock_once_or_not_at_all(history, at):
    facts = history.as_of(at)
    changes = sorted({} if facts is None else contributions.contribution(facts).items())
    running = accumulate(n for (_, column), n in changes if column == STOCK)

    assert set(running) <= {0, 1}


@given(histories(corrections=True), moments, moments)
def test_what_moved_since_an_instant_is_what_a_case_added_then_less_what_it_adds_now(history, one, other):
    earlier, later = sorted((one, other))
    then, now = history.as_of(earlier), history.as_of(later)
    assume(then is not None)

    moved = Counter()
    for day, columns, n in case_parts.moved(now, then):
        moved.update({(day, column): n for column in columns})

    difference = Counter(contributions.contribution(then))
    difference.subtract(contributions.contribution(now))
    assert {key: n for key, n in moved.items() if n} == {key: n for key, n in difference.items() if n}


def test_every_count_has_its_sum_and_every_column_is_used():
    used = {column for terms in FORMULAS.values() for _, column in contributions.terms_of(terms)}

    assert set(FORMULAS) == set(count_rules.COUNT_RULES)
    assert used == {*COLUMNS, *LATE, *AHEAD, OPENING, REOPENED_LATER} - {"handled_s", "lag_s", STOCK}


def summed(town: list[History], window: Period, at: str) -> summary_rows.Figures:
    cases, seen = known(town, at), count_rules.window_of(window, at)
    first, last = (int(f"{day:%Y%m%d}") for day in (window.first, window.last))
    columns, results, took, lags = Counter(), Counter(), [], []
    for case in cases:
        parts = contributions.contribution(case)
        before = Counter()
        for (day, column), n in parts.items():
            if first <= day <= last:
                columns[column] += n
            elif day < first:
                before[column] += n
        columns[OPENING] += before[STOCK]
        columns[REOPENED_LATER] += sum(
            first <= closed <= last < reopened for closed, reopened in contributions.reopenings(case)
        )
        columns.update(contributions.lateness(case, seen))
        columns.update(contributions.ahead(case, seen))
        lags += [case.lag_s] * (case.lag_s is not None and seen.holds(case.received_at))
        if seen.holds(case.registered_at):
            results.update(filter(None, [contributions.result(case)]))
            took += [length for length in [contributions.handling_seconds(case)] if length is not None]
    return contributions.figures(
        columns, results, contributions.percentiles_of(took), at, contributions.percentiles_of(lags)
    )
