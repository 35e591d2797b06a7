"""Sum up the rows of a closure summary: what is kept by month and day, and what has changed since a past instant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias

from server.db.transactions import Reading
from server.records.domain.case_facts import CaseFacts
from server.summaries.domain import case_parts, contributions, count_rules, periods
from server.summaries.domain.case_parts import STOCK, STOCK_ALONE, Part
from server.summaries.domain.contributions import OPENING, REOPENED_LATER, Percentiles
from server.summaries.domain.figure_definitions import RESULT
from server.summaries.domain.summary_rows import Figures, Row, Summary
from server.summaries.store import counted_cases, rollup_sums
from server.summaries.store.rollup_sums import CATEGORY, MONTH
from server.summaries.usecases.durations import Aggregation

Percentiled: TypeAlias = Mapping[str | None, Percentiles]
"""The percentiles of each row, and of all together under None."""


class Times(NamedTuple):
    """How long things took. handling: of what is handled. lags: until reports came in."""

    handling: Percentiled
    lags: Percentiled


def of(reading: Reading, aggregation: Aggregation, *, is_brief: bool = False) -> RowSums:
    """Return the sums of an aggregation. is_brief: without results and opening stock, which nobody asked for."""
    sums = RowSums(aggregation)
    sums.add_rollups(reading, is_brief=is_brief)
    sums.take_back_days(reading, is_brief=is_brief)
    sums.add_changed()
    return sums


class RowSums:
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
        if self._aggregation.back.days is None:
            self._add_reopened_later(reading)

    def take_back_days(self, reading: Reading, *, is_brief: bool) -> None:
        """Take away what the whole days moved that are gone back over; is_brief: as for ``add_rollups``."""
        moved = self._aggregation.movements(reading)
        if moved is None:
            return
        self._add_columns(moved.counts(), -1)
        self._add_columns(moved.lateness(self._window), -1)
        for key, codes in () if is_brief else moved.results().items():
            _add(self.results, self._aggregation.row_of(key), codes, -1)

    def _add_reopened_later(self, reading: Reading) -> None:
        inside, by, period = self._aggregation.inside, self._aggregation.by, self._aggregation.period
        reopened = rollup_sums.reopened_later(reading, inside, by, period)
        self._reopened += reopened.total()
        if by == MONTH:
            reopened = rollup_sums.reopened_month_by_month(reading, inside, period)
        self._add_columns({key: {REOPENED_LATER: n} for key, n in reopened.items()})

    def add_changed(self) -> None:
        """Take away the cases that have changed since the instant as they stand, and add them as they stood."""
        for now, then in self._aggregation.back.changed:
            self._add_difference(now, then)
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

    def _add_columns(self, found: Mapping[Any, Mapping[str, int]], sign: int = 1) -> None:
        for key, columns in found.items():
            _add(self.columns, self._aggregation.row_of(key), columns, sign)

    def _add_opening(self, stocks: Counter[Any]) -> None:
        if self._aggregation.by == MONTH:
            stocks = Counter({periods.number(self._aggregation.period.first) // 100: stocks.total()})
        self._add_columns({key: {OPENING: n} for key, n in stocks.items()})

    def _add_difference(self, now: CaseFacts, then: CaseFacts | None) -> None:
        """Add a case as it stood, and take it away as it stands: into rows and days, and into the opening stock."""
        if then is None or (self._aggregation.by == CATEGORY and then.category != now.category):
            self._add_parts(now, case_parts.parts(now, -1))
            if then is not None:
                self._add_parts(then, case_parts.parts(then))
        else:
            self._add_parts(then, case_parts.moved(now, then))
        self._add_state(-1, now)
        if then is not None:
            self._add_state(1, then)

    def _add_parts(self, case: CaseFacts, parts: Iterable[Part]) -> None:
        aggregation, add = self._aggregation, self._parts
        first, last, is_by_month = self._first, self._last, self._aggregation.by == MONTH
        home = aggregation.row_of_case(case, first)
        for day, columns, n in parts:
            if first <= day <= last:
                add[aggregation.row_of_case(case, day) if is_by_month else home, columns] += n
            elif day < first and columns is STOCK_ALONE:
                add[home, (OPENING,)] += n

    def _add_state(self, sign: int, case: CaseFacts) -> None:
        """Add, or take away, what no day keeps of a case: lateness, limits ahead, result, closings undone later."""
        aggregation, first, last = self._aggregation, self._first, self._last
        # Where days are gone back over, the period ends with the instant's own: no later reopening is known to it.
        for day, reopened_day in contributions.reopenings(case) if case.endings and not aggregation.back.days else ():
            if first <= day <= last:
                self._add_reopened(sign, case, day, reopened_day > last, reopened_day // 100 > day // 100)
        late, ahead = contributions.lateness(case, self._window), contributions.ahead(case, self._window)
        if late:
            day = periods.day_number(case.registered_at or case.received_at)
            _add(self.columns, aggregation.row_of_case(case, day), late, sign)
        if ahead and (limit_day := case_parts.limit_day_of(case)) is not None:
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
