"""Compute the closure summary from rollups, so that a million cases take milliseconds.

As of a past instant it is today's sums corrected by the cases that have changed since, which alone are replayed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias

from server.db.transactions import Reading
from server.grid.domain.areas import Level
from server.records.domain.case_facts import CaseFacts
from server.summaries.domain import area_rows, contributions, count_rules, periods
from server.summaries.domain.area_rows import ELSEWHERE, AreaScope
from server.summaries.domain.contributions import OPENING, REOPENED_LATER, STOCK, STOCK_ALONE, Percentiles
from server.summaries.domain.figure_definitions import RESULT
from server.summaries.domain.periods import Period, Span
from server.summaries.domain.summary_rows import Figures, Row, Summary
from server.summaries.store import counted_cases, rollup_sums
from server.summaries.store.rollup_sums import CATEGORY, MONTH, PATH, AreaCondition
from server.summaries.usecases import durations, report_lags
from server.summaries.usecases.durations import Aggregation

Percentiled: TypeAlias = Mapping[str | None, Percentiles]
"""The percentiles of each row, and of all together under None."""


class Times(NamedTuple):
    """How long things took. handling: of what is handled. lags: until reports came in."""

    handling: Percentiled
    lags: Percentiled


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

    aggregation = _aggregation_of(reading, area_scope, PATH, period, row_of)
    sums = _sums_of(reading, aggregation)
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
    sums = _sums_of(reading, aggregation, is_brief=take is untimed)
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
    sums = _sums_of(reading, aggregation, is_brief=take is untimed)
    took = take(reading, aggregation)
    keys = [month for month, _ in periods.months_of(period)]
    opening = sums.opening()
    sums.carry_stock_forward(keys)
    return sums.summary([(key, key) for key in keys], took, opening)


def _aggregation_of(
    reading: Reading, area_scope: AreaScope, by: str, period: Period, row_of: Callable[[Any], str]
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
    changed: list[tuple[int, CaseFacts]] = []
    if as_of < reading.now:
        for now, then in counted_cases.changed_since(reading, inside, until, as_of):
            changed += [(-1, now)] if then is None else [(-1, now), (1, then)]
    return Aggregation(area_scope, inside, by, until, row_of, changed)


class _Sums:
    """The columns and results of each row of a summary.

    columns: by row, sums of COLUMNS, LATE and OPENING. results: by row, closed cases by result code.
    """

    def __init__(self, aggregation: Aggregation) -> None:
        self._aggregation = aggregation
        self._window = count_rules.window_of(aggregation.period, aggregation.as_of)
        self._first, self._last = periods.number(aggregation.period.first), periods.number(aggregation.period.last)
        self._parts: Counter[tuple[str, tuple[str, ...]]] = Counter()
        self.columns: dict[str, dict[str, int]] = {}
        self.results: dict[str, dict[str, int]] = {}
        self._reopened = 0
        """REOPENED_LATER of the total."""

    def add_rollups(self, reading: Reading, *, is_brief: bool) -> None:
        """Add the sums that are kept by month and day, and lateness from the cases that are open; see ``untimed``."""
        inside, by, period = self._aggregation.inside, self._aggregation.by, self._aggregation.period
        ranges, before = periods.number_ranges(period), periods.number_ranges_before(period)
        if by == CATEGORY:
            self._add_days(reading, [each for each in ranges if not periods.is_months(each)])
            self._add_days_before(reading, [each for each in before if not periods.is_months(each)])
            ranges, before = (tuple(filter(periods.is_months, each)) for each in (ranges, before))
        self._add_columns(rollup_sums.counts(reading, inside, by, ranges))
        self._add_columns(rollup_sums.lateness(reading, inside, by, period, self._window))
        self._add_columns(rollup_sums.limits_ahead(reading, inside, by, period, self._aggregation.as_of))
        if not is_brief:
            for key, codes in rollup_sums.results(reading, inside, by, ranges).items():
                _add(self.results, self._aggregation.row_of(key), codes)
            self._add_opening(rollup_sums.stocks(reading, inside, by, before))
        reopened = rollup_sums.reopened_later(reading, inside, by, period)
        self._reopened += reopened.total()
        if by == MONTH:
            reopened = rollup_sums.reopened_month_by_month(reading, inside, period)
        self._add_columns({key: {REOPENED_LATER: n} for key, n in reopened.items()})

    def add_changed(self) -> None:
        """Take away the cases that have changed since the instant as they stand, and add them as they stood."""
        for sign, case in self._aggregation.changed:
            self._add_case(sign, case)
        for (row, columns), n in self._parts.items():
            _add(self.columns, row, dict.fromkeys(columns, n))

    def rows(self) -> set[str]:
        """Return the keys of the rows that have sums."""
        return set(self.columns)

    def is_nonzero(self, key: str) -> bool:
        """Return whether a row has any number but nought."""
        return any(contributions.counts(self.columns.get(key, {})).values())

    def carry_stock_forward(self, months: Iterable[str]) -> None:
        """Give each month but the first what the one before leaves open as its opening stock."""
        stock = 0
        for month in months:
            row = self.columns.setdefault(month, {})
            row[OPENING] = stock = row.get(OPENING, 0) or stock
            stock += row.get(STOCK, 0)

    def opening(self) -> int:
        """Return the opening stock of all rows together."""
        return sum(columns.get(OPENING, 0) for columns in self.columns.values())

    def summary(self, rows: list[tuple[str, str]], took: Times, opening: int) -> Summary:
        """Return these rows and their total.

        rows: (key, name). took: times by row, those of the total under None. opening: stock of the total.
        """
        total: dict[str, dict[str, int]] = {"": {}, RESULT: {}}
        for columns in self.columns.values():
            _add(total, "", columns)
        total[""] |= {OPENING: opening, REOPENED_LATER: self._reopened}
        for codes in self.results.values():
            _add(total, RESULT, codes)
        shown = tuple(
            Row(key, name, self._figures(self.columns.get(key, {}), self.results.get(key, {}), took, key))
            for key, name in rows
        )
        return Summary(shown, self._figures(total[""], total[RESULT], took, None))

    def _figures(self, columns: Mapping[str, int], results: Mapping[str, int], took: Times, key: str | None) -> Figures:
        as_of = self._aggregation.as_of
        return contributions.figures(columns, results, took.handling.get(key), as_of, took.lags.get(key))

    def _add_columns(self, found: Mapping[Any, Mapping[str, int]]) -> None:
        for key, columns in found.items():
            _add(self.columns, self._aggregation.row_of(key), columns)

    def _add_opening(self, stocks: Counter[Any]) -> None:
        if self._aggregation.by == MONTH:
            stocks = Counter({periods.number(self._aggregation.period.first) // 100: stocks.total()})
        self._add_columns({key: {OPENING: n} for key, n in stocks.items()})

    def _add_case(self, sign: int, case: CaseFacts) -> None:
        """Add a case, or take it away: into the rows and days of the period, and into its opening stock."""
        aggregation, add = self._aggregation, self._parts
        first, last, is_by_month = self._first, self._last, self._aggregation.by == MONTH
        home = aggregation.row_of_case(case, first)
        for day, columns, n in contributions.parts(case):
            if first <= day <= last:
                add[aggregation.row_of_case(case, day) if is_by_month else home, columns] += sign * n
            elif day < first and columns is STOCK_ALONE:
                add[home, (OPENING,)] += sign * n
        for day, reopened_day in contributions.reopenings(case) if case.endings else ():
            if first <= day <= last:
                self._add_reopened(sign, case, day, reopened_day > last, reopened_day // 100 > day // 100)
        late, ahead = contributions.lateness(case, self._window), contributions.ahead(case, self._window)
        if late:
            day = periods.day_number(case.registered_at or case.received_at)
            _add(self.columns, aggregation.row_of_case(case, day), late, sign)
        if ahead and (limit_day := contributions.limit_day_of(case)) is not None:
            _add(self.columns, aggregation.row_of_case(case, limit_day), ahead, sign)
        code = contributions.result(case)
        day = periods.day_number(case.registered_at or case.received_at)
        if code is not None and first <= day <= last:
            _add(self.results, aggregation.row_of_case(case, day), {code: 1}, sign)

    def _add_reopened(self, sign: int, case: CaseFacts, day: int, after_period: bool, after_month: bool) -> None:
        aggregation = self._aggregation
        if after_period or (aggregation.by == MONTH and after_month):
            _add(self.columns, aggregation.row_of_case(case, day), {REOPENED_LATER: 1}, sign)
        self._reopened += sign * after_period

    def _add_days(self, reading: Reading, ranges: list[tuple[int, int]]) -> None:
        """Add the days at the edges of a period from the cases themselves: days are kept over all categories alone."""
        for low, high in ranges:
            for case in counted_cases.contributing(reading, self._aggregation.inside, low, high):
                key = self._aggregation.row_of(case.category)
                _add(self.columns, key, _within(case, low, high))
                code = contributions.result(case)
                if code and case.registered_at and low <= periods.day_number(case.registered_at) <= high:
                    _add(self.results, key, {code: 1})

    def _add_days_before(self, reading: Reading, ranges: list[tuple[int, int]]) -> None:
        for low, high in ranges:
            for case in counted_cases.contributing(reading, self._aggregation.inside, low, high):
                stock = _within(case, low, high)[STOCK]
                _add(self.columns, self._aggregation.row_of(case.category), {OPENING: stock})


def _sums_of(reading: Reading, aggregation: Aggregation, *, is_brief: bool = False) -> _Sums:
    sums = _Sums(aggregation)
    sums.add_rollups(reading, is_brief=is_brief)
    sums.add_changed()
    return sums


def _add(rows: dict[str, dict[str, int]], key: str, columns: Mapping[str, int], sign: int = 1) -> None:
    row = rows.setdefault(key, {})
    for column, n in columns.items():
        row[column] = row.get(column, 0) + sign * n


def _within(case: CaseFacts, low: int, high: int) -> Counter[str]:
    found: Counter[str] = Counter()
    for (day, column), n in contributions.contribution(case).items():
        if low <= day <= high:
            found[column] += n
    return found
