"""Makes the closure summary from sums, so that a million cases take milliseconds.

As of the past it is today's sums without what has moved since: those cases alone are read, and played back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from server.db.transactions import Reading
from server.grid.domain.areas import Level
from server.records.domain.case_facts import CaseFacts
from server.summaries.domain import area_rows, contributions, figure_definitions, periods
from server.summaries.domain.area_rows import ELSEWHERE, Ground
from server.summaries.domain.contributions import OPENING, STOCK
from server.summaries.domain.figure_definitions import RESULT, Window
from server.summaries.domain.periods import Period, Span
from server.summaries.domain.summary_rows import Figures, Row, Summary
from server.summaries.store import counted_cases, rollup_sums
from server.summaries.store.rollup_sums import CATEGORY, MONTH, PATH, Inside
from server.summaries.usecases import durations
from server.summaries.usecases.durations import Asked, Middle


def by_area(reading: Reading, ground: Ground, level: Level, period: Period) -> Summary:
    """Return what ``closure.by_area`` says of all cases of a ground, without reading them; as of its instant."""
    names = ground.names(level)
    in_force = ground.in_force(level)
    rows: dict[str, str] = {}

    def row_of(path: str) -> str:
        if path not in rows:
            rows[path] = area_rows.cut(ground.home(path), names)
        return rows[path]

    asked = _asked(reading, ground, PATH, period, row_of)
    sums = _Sums(reading, asked)
    took = durations.by_area(reading, asked, level)
    ended = sorted(key for key in sums.keys() - set(in_force) - {ELSEWHERE} if sums.says_something(key))
    keys = [*in_force, *ended, *([ELSEWHERE] if sums.says_something(ELSEWHERE) else [])]
    named = {**names, ELSEWHERE: area_rows.NOT_PLACED}
    return sums.summary([(key, named[key]) for key in keys], took)


def by_category(reading: Reading, ground: Ground, categories: Mapping[str, str], period: Period) -> Summary:
    """Return what ``closure.by_category`` says of all cases of a ground, as of its instant."""

    def row_of(category: str) -> str:
        return category if category in categories else ELSEWHERE

    asked = _asked(reading, ground, CATEGORY, period, row_of)
    sums = _Sums(reading, asked)
    took = durations.one_by_one(reading, asked)
    rest = [(ELSEWHERE, area_rows.OTHER_CATEGORIES)] if sums.says_something(ELSEWHERE) else []
    return sums.summary([*categories.items(), *rest], took)


def by_month(reading: Reading, ground: Ground, period: Period) -> Summary:
    """Return what ``closure.by_month`` says of all cases of a ground, as of its instant."""

    def row_of(month: int) -> str:
        return f"{month // 100:04}-{month % 100:02}"

    asked = _asked(reading, ground, MONTH, period, row_of)
    sums = _Sums(reading, asked)
    took = durations.by_month(reading, asked)
    keys = [month for month, _ in periods.months_of(period)]
    sums.pass_stock_on(keys)
    return sums.summary([(key, key) for key in keys], took)


def _asked(reading: Reading, ground: Ground, by: str, period: Period, row_of: Callable[[Any], str]) -> Asked:
    """Return what is to be summed up: nothing had happened by the instant after the month in which it lies."""
    inside = Inside(ground)
    as_of = ground.as_of
    month_end = periods.holding(Span.MONTH, periods.day_of(as_of)).last
    until = Period(period.first, min(period.last, month_end))
    shifts: list[tuple[int, CaseFacts]] = []
    if as_of < reading.now:
        for now, then in counted_cases.moved(reading, inside, until, as_of):
            shifts += [(-1, now)] if then is None else [(-1, now), (1, then)]
    return Asked(ground, inside, by, until, row_of, shifts)


class _Sums:
    """The columns and results of each row of a summary, and of them all."""

    def __init__(self, reading: Reading, asked: Asked) -> None:
        inside, by, period = asked.inside, asked.by, asked.period
        self._as_of = asked.as_of
        seen = figure_definitions.window(period, asked.as_of)
        self.columns: dict[str, dict[str, int]] = {}
        self.results: dict[str, dict[str, int]] = {}
        spans, before = periods.spans_of(period), periods.spans_before(period)
        if by == CATEGORY:
            self._add_days(reading, asked, [span for span in spans if not periods.is_months(span)])
            self._add_days_before(reading, asked, [span for span in before if not periods.is_months(span)])
            spans, before = (tuple(span for span in each if periods.is_months(span)) for each in (spans, before))
        for found in (
            rollup_sums.counts(reading, inside, by, spans),
            rollup_sums.lateness(reading, inside, by, period, seen),
        ):
            for key, columns in found.items():
                _add(self.columns, asked.row_of(key), columns)
        for key, codes in rollup_sums.results(reading, inside, by, spans).items():
            _add(self.results, asked.row_of(key), codes)
        stocks = rollup_sums.stocks(reading, inside, by, before)
        if by == MONTH:
            stocks = Counter({periods.number(period.first) // 100: stocks.total()})
        for key, n in stocks.items():
            _add(self.columns, asked.row_of(key), {OPENING: n})
        for sign, case in asked.shifts:
            self._shift(asked, seen, sign, case)
        self._opening = sum(columns.get(OPENING, 0) for columns in self.columns.values())

    def keys(self) -> set[str]:
        return set(self.columns)

    def says_something(self, key: str) -> bool:
        """Say whether a row has any number but nought."""
        return any(contributions.counts(self.columns.get(key, {})).values())

    def pass_stock_on(self, months: Iterable[str]) -> None:
        """Give each month but the first what the one before leaves open; the total keeps the first one's."""
        stock = 0
        for month in months:
            row = self.columns.setdefault(month, {})
            row[OPENING] = stock = row.get(OPENING, 0) or stock
            stock += contributions.summed(STOCK, row)

    def summary(self, rows: list[tuple[str, str]], took: Mapping[str | None, Middle]) -> Summary:
        """Return these rows and what they come to; took: the middle of each row's handling times, None's is of all."""
        total: dict[str, dict[str, int]] = {"": {}, RESULT: {}}
        for columns in self.columns.values():
            _add(total, "", columns)
        total[""][OPENING] = self._opening
        for codes in self.results.values():
            _add(total, RESULT, codes)
        shown = tuple(
            Row(key, name, self._figures(self.columns.get(key, {}), self.results.get(key, {}), took.get(key)))
            for key, name in rows
        )
        return Summary(shown, self._figures(total[""], total[RESULT], took.get(None)))

    def _figures(self, columns: Mapping[str, int], results: Mapping[str, int], middle: Middle) -> Figures:
        return contributions.figures(columns, results, middle, self._as_of)

    def _shift(self, asked: Asked, seen: Window, sign: int, case: CaseFacts) -> None:
        """Add what a case comes to, or take it away: into the rows and days of the period, and its opening stock."""
        first, last = periods.number(asked.period.first), periods.number(asked.period.last)
        days: dict[int, dict[str, int]] = {}
        stock = 0
        for (day, column), n in contributions.contribution(case).items():
            if day < first:
                stock += n * _STOCK.get(column, 0)
            elif day <= last:
                days.setdefault(day, {})[column] = n
        if stock:
            _add(self.columns, asked.row_of_case(case, first), {OPENING: stock}, sign)
        for day, columns in days.items():
            _add(self.columns, asked.row_of_case(case, day), columns, sign)
        day = contributions.day_number(case.registered_at or case.received_at)
        late = contributions.lateness(case, seen)
        if late:
            _add(self.columns, asked.row_of_case(case, day), late, sign)
        code = contributions.result(case)
        if code is not None and first <= day <= last:
            _add(self.results, asked.row_of_case(case, day), {code: 1}, sign)

    def _add_days(self, reading: Reading, asked: Asked, spans: list[tuple[int, int]]) -> None:
        """Add the days at the edges of a period from the cases themselves: days are kept over all categories alone."""
        for low, high in spans:
            for case in counted_cases.touched(reading, asked.inside, low, high):
                key = asked.row_of(case.category)
                _add(self.columns, key, _within(case, low, high))
                code = contributions.result(case)
                if code and case.registered_at and low <= contributions.day_number(case.registered_at) <= high:
                    _add(self.results, key, {code: 1})

    def _add_days_before(self, reading: Reading, asked: Asked, spans: list[tuple[int, int]]) -> None:
        for low, high in spans:
            for case in counted_cases.touched(reading, asked.inside, low, high):
                stock = contributions.summed(STOCK, _within(case, low, high))
                _add(self.columns, asked.row_of(case.category), {OPENING: stock})


_STOCK = {column: sign for sign, column in contributions.parted(STOCK)}


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
