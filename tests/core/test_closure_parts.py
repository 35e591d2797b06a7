"""Sums of parts say what a count over the cases says: the law that lets a summary be read without touching a case."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from server.domain import closure, closure_figures, closure_parts, instants
from server.domain.closure_parts import COLUMNS, LATE, OPENING, STOCK, SUMS
from server.domain.periods import Period
from tests.core.case_histories import FIRST_DAY, History, histories, known, moments

LATER = instants.text(FIRST_DAY + timedelta(days=900))
towns = st.lists(histories(), max_size=8, unique_by=lambda history: history.id)
days = st.dates(date(2026, 1, 1), date(2026, 8, 31))
windows = st.tuples(days, days).map(lambda pair: Period(min(pair), max(pair)))


@given(towns, windows, moments)
def test_sums_of_contributions_and_lateness_equal_a_count_over_the_cases(town, window, at):
    assert summed(town, window, at) == closure.figures(known(town, at), window, at)


@given(histories(), moments)
def test_a_contribution_names_known_columns_and_never_takes_away(history, at):
    facts = history.as_of(at)
    found = {} if facts is None else closure_parts.contribution(facts)

    assert {column for _, column in found} <= set(COLUMNS)
    assert all(n >= 0 for n in found.values())


def test_every_count_has_its_sum_and_every_column_is_used():
    used = {column for terms in SUMS.values() for _, column in closure_parts.parted(terms)}

    assert set(SUMS) == set(closure_figures.TIMES)
    assert used == {*COLUMNS, *LATE, OPENING} - {"handled_s"}


def summed(town: list[History], window: Period, at: str) -> closure.Figures:
    cases, seen = known(town, at), closure_figures.window(window, at)
    first, last = (int(f"{day:%Y%m%d}") for day in (window.first, window.last))
    columns, results, took = Counter(), Counter(), []
    for case in cases:
        parts = closure_parts.contribution(case)
        before = Counter()
        for (day, column), n in parts.items():
            if first <= day <= last:
                columns[column] += n
            elif day < first:
                before[column] += n
        columns[OPENING] += closure_parts.summed(STOCK, before)
        columns.update(closure_parts.lateness(case, seen))
        if seen.holds(case.registered_at):
            results.update(filter(None, [closure_parts.result(case)]))
            took += [length for length in [closure_parts.pace(case)] if length is not None]
    return closure_parts.figures(columns, results, closure_parts.middle_of(took), at)
