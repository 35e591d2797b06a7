"""Compute the closure summary from rollups, so that a million cases take milliseconds.

As of a past instant it is today's sums corrected by what has changed since (``past_instants``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from server.db.transactions import Reading
from server.grid.domain.areas import Level
from server.summaries.domain import area_rows, periods
from server.summaries.domain.area_rows import ELSEWHERE, AreaScope
from server.summaries.domain.periods import Period, Span
from server.summaries.domain.summary_rows import Summary
from server.summaries.store.rollup_sums import CATEGORY, MONTH, PATH, AreaCondition
from server.summaries.usecases import durations, past_instants, report_lags, row_sums
from server.summaries.usecases.durations import Aggregation
from server.summaries.usecases.row_sums import Times

Took: TypeAlias = Callable[[Reading, Aggregation], Times]
"""Returns the times of each row."""


def untimed(reading: Reading, aggregation: Aggregation) -> Times:
    """Return no times: those of categories are read from every case, which takes longest of all.

    Of sums without times, what a period began with and results are left out too.
    """
    return Times({}, {})


def from_every_case(reading: Reading, aggregation: Aggregation) -> Times:
    """Return the times of any rows, read one by one."""
    every = durations.from_every_case(reading, aggregation)
    return Times(every, report_lags.from_every_case(reading, aggregation))


def month_by_month(reading: Reading, aggregation: Aggregation) -> Times:
    """Return the times of months."""
    return Times(durations.by_month(reading, aggregation), report_lags.by_month(reading, aggregation))


def by_area(reading: Reading, area_scope: AreaScope, level: Level, period: Period) -> Summary:
    """Return what ``summary_rows.by_area`` returns for all cases of an area scope as of its instant, from sums."""
    names = area_scope.names(level)
    in_force = area_scope.in_force(level)
    rows: dict[str, str] = {}

    def row_of(path: str) -> str:
        if path not in rows:
            rows[path] = area_rows.row_containing(area_scope.current_path(path), names)
        return rows[path]

    aggregation = _aggregation_of(reading, area_scope, PATH, period, row_of, is_by_towns=level is Level.TOWN)
    sums = row_sums.of(reading, aggregation)
    took = Times(durations.by_area(reading, aggregation, level), report_lags.by_area(reading, aggregation, level))
    ended = sorted(key for key in sums.rows() - set(in_force) - {ELSEWHERE} if sums.is_nonzero(key))
    keys = [*in_force, *ended, *([ELSEWHERE] if sums.is_nonzero(ELSEWHERE) else [])]
    named = {**names, ELSEWHERE: area_rows.NOT_PLACED}
    return sums.summary([(key, named[key]) for key in keys], took, sums.opening())


def by_category(
    reading: Reading, area_scope: AreaScope, categories: Mapping[str, str], period: Period,
    take: Took = from_every_case,
) -> Summary:  # fmt: skip
    """Return what ``summary_rows.by_category`` returns for all cases of an area scope as of its instant, from sums.

    take: returns the times of each row; ``untimed`` where nobody asks for them.
    """

    def row_of(category: str) -> str:
        return category if category in categories else ELSEWHERE

    aggregation = _aggregation_of(reading, area_scope, CATEGORY, period, row_of)
    sums = row_sums.of(reading, aggregation, is_brief=take is untimed)
    took = take(reading, aggregation)
    rest = [(ELSEWHERE, area_rows.OTHER_CATEGORIES)] if sums.is_nonzero(ELSEWHERE) else []
    return sums.summary([*categories.items(), *rest], took, sums.opening())


def by_month(reading: Reading, area_scope: AreaScope, period: Period, take: Took = month_by_month) -> Summary:
    """Return what ``summary_rows.by_month`` returns for all cases of an area scope as of its instant, from sums.

    take: as for ``by_category``.
    """

    def row_of(month: int) -> str:
        return f"{month // 100:04}-{month % 100:02}"

    aggregation = _aggregation_of(reading, area_scope, MONTH, period, row_of)
    sums = row_sums.of(reading, aggregation, is_brief=take is untimed)
    took = take(reading, aggregation)
    keys = [month for month, _ in periods.months_of(period)]
    opening = sums.opening()
    sums.carry_stock_forward(keys)
    return sums.summary([(key, key) for key in keys], took, opening)


def _aggregation_of(
    reading: Reading,
    area_scope: AreaScope,
    by: str,
    period: Period,
    row_of: Callable[[Any], str],
    *,
    is_by_towns: bool = False,
) -> Aggregation:
    """Return what is to be summed up, cut at the end of the month of the instant: later columns are all nought.

    Of a past instant within its first month a period is cut at the end of its day, since days are kept too: what came
    in later, which is most of what has changed, need not be taken away again. Not by category, whose days are not kept.
    """
    inside = AreaCondition(area_scope)
    as_of = area_scope.as_of
    month = periods.containing(Span.MONTH, periods.day_of(as_of))
    is_cut = as_of < reading.now and by != CATEGORY and period.first >= month.first
    until = Period(period.first, min(period.last, periods.day_of(as_of) if is_cut else month.last))
    aggregation = Aggregation(area_scope, inside, by, until, row_of)
    if as_of >= reading.now:
        return aggregation
    # Of a month that is over, most of what has changed since came in later, and the others share what is read.
    find = past_instants.counted if is_cut else past_instants.case_by_case
    if is_cut and until.last == periods.day_of(as_of) and _is_of_towns(aggregation, is_by_towns=is_by_towns):
        find = past_instants.by_days
    return replace(aggregation, back=find(reading, inside, until, as_of))


def _is_of_towns(aggregation: Aggregation, *, is_by_towns: bool) -> bool:
    """Return whether what is kept by town alone tells every row of an aggregation."""
    if durations.whole_towns(aggregation.area_scope) is None:
        return False
    return aggregation.by == MONTH or (is_by_towns and durations.each_in_one_row(aggregation))
