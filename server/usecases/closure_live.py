"""Makes the closure summary as of now, from sums alone, so that a million cases take milliseconds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from server.domain import closure_figures, closure_parts, closure_places, periods
from server.domain.areas import Level
from server.domain.case_facts import CaseFacts
from server.domain.closure import Figures, Row, Summary
from server.domain.closure_parts import OPENING, STOCK
from server.domain.closure_places import ELSEWHERE, Ground
from server.domain.periods import Period
from server.store import case_rollups, closure_cases, closure_cells, closure_middles
from server.store.closure_cells import CATEGORY, MONTH, PATH, Columns, Inside
from server.store.database import Reading

Middle = tuple[int, int, int] | None


def by_area(reading: Reading, ground: Ground, level: Level, period: Period) -> Summary:
    """Return what ``closure.by_area`` says of all cases of a ground, without reading them; as of ``reading.now``."""
    names = ground.names(level)
    in_force = ground.in_force(level)
    rows: dict[str, str] = {}

    def row_of(path: str) -> str:
        if path not in rows:
            rows[path] = closure_places.cut(ground.home(path), names)
        return rows[path]

    inside = Inside(ground)
    sums = _Sums(reading, inside, PATH, period, row_of)
    took = _area_middles(reading, ground, inside, period, level, row_of)
    ended = sorted(key for key in sums.keys() - set(in_force) - {ELSEWHERE} if sums.says_something(key))
    keys = [*in_force, *ended, *([ELSEWHERE] if sums.says_something(ELSEWHERE) else [])]
    named = {**names, ELSEWHERE: closure_places.NOT_PLACED}
    return sums.summary([(key, named[key]) for key in keys], took)


def by_category(reading: Reading, ground: Ground, categories: Mapping[str, str], period: Period) -> Summary:
    """Return what ``closure.by_category`` says of all cases of a ground, as of ``reading.now``."""

    def row_of(category: str) -> str:
        return category if category in categories else ELSEWHERE

    inside = Inside(ground)
    sums = _Sums(reading, inside, CATEGORY, period, row_of)
    took = _middles(closure_cells.paces(reading, inside, period, lambda path, category, day: row_of(category)))
    rest = [(ELSEWHERE, closure_places.OTHER_CATEGORIES)] if sums.says_something(ELSEWHERE) else []
    return sums.summary([*categories.items(), *rest], took)


def by_month(reading: Reading, ground: Ground, period: Period) -> Summary:
    """Return what ``closure.by_month`` says of all cases of a ground, as of ``reading.now``."""

    def row_of(month: int) -> str:
        return f"{month // 100:04}-{month % 100:02}"

    inside = Inside(ground)
    sums = _Sums(reading, inside, MONTH, period, row_of)
    took = _month_middles(reading, ground, inside, period, row_of)
    keys = [month for month, _ in periods.months_of(period)]
    sums.pass_stock_on(keys)
    return sums.summary([(key, key) for key in keys], took)


class _Sums:
    """The columns and results of each row of a summary, and of them all."""

    def __init__(self, reading: Reading, inside: Inside, by: str, period: Period, row_of: Callable[[Any], str]) -> None:
        self._as_of = reading.now
        seen = closure_figures.window(period, reading.now)
        self.columns: dict[str, Counter[str]] = {}
        self.results: dict[str, Counter[str]] = {}
        spans, before = periods.spans_of(period), periods.spans_before(period)
        if by == CATEGORY:
            self._add_days(reading, inside, [span for span in spans if not periods.is_months(span)], row_of)
            self._add_days_before(reading, inside, [span for span in before if not periods.is_months(span)], row_of)
            spans, before = (tuple(span for span in each if periods.is_months(span)) for each in (spans, before))
        self._add(closure_cells.counts(reading, inside, by, spans), row_of)
        self._add(closure_cells.lateness(reading, inside, by, period, seen), row_of)
        for key, found in closure_cells.results(reading, inside, by, spans).items():
            self.results.setdefault(row_of(key), Counter()).update(found)
        stocks = closure_cells.stocks(reading, inside, by, before)
        if by == MONTH:
            stocks = Counter({periods.number(period.first) // 100: stocks.total()})
        self._add({key: Counter({OPENING: n}) for key, n in stocks.items()}, row_of)
        self._opening = sum(columns[OPENING] for columns in self.columns.values())

    def keys(self) -> set[str]:
        return set(self.columns)

    def says_something(self, key: str) -> bool:
        """Say whether a row has any number but nought."""
        return any(closure_parts.counts(self.columns.get(key, {})).values())

    def pass_stock_on(self, months: Iterable[str]) -> None:
        """Give each month but the first what the one before leaves open; the total keeps the first one's."""
        stock = 0
        for month in months:
            row = self.columns.setdefault(month, Counter())
            row[OPENING] = stock = row[OPENING] or stock
            stock += closure_parts.summed(STOCK, row)

    def summary(self, rows: list[tuple[str, str]], took: Mapping[str | None, Middle]) -> Summary:
        """Return these rows and what they come to; took: the middle of each row's handling times, None's is of all."""
        total: Counter[str] = Counter()
        for columns in self.columns.values():
            total.update(columns)
        total[OPENING] = self._opening
        results: Counter[str] = Counter()
        for found in self.results.values():
            results.update(found)
        shown = tuple(
            Row(key, name, self._figures(self.columns.get(key, {}), self.results.get(key, {}), took.get(key)))
            for key, name in rows
        )
        return Summary(shown, self._figures(total, results, took.get(None)))

    def _figures(self, columns: Mapping[str, int], results: Mapping[str, int], middle: Middle) -> Figures:
        return closure_parts.figures(columns, results, middle, self._as_of)

    def _add(self, found: Columns, row_of: Callable[[Any], str]) -> None:
        for key, columns in found.items():
            self.columns.setdefault(row_of(key), Counter()).update(columns)

    def _add_days(
        self, reading: Reading, inside: Inside, spans: list[tuple[int, int]], row_of: Callable[[Any], str]
    ) -> None:
        """Add the days at the edges of a period from the cases themselves: days are kept over all categories alone."""
        for low, high in spans:
            for case in closure_cases.touched(reading, inside, low, high):
                key = row_of(case.category)
                self.columns.setdefault(key, Counter()).update(_within(case, low, high))
                code = closure_parts.result(case)
                if code and case.registered_at and low <= closure_parts.day_number(case.registered_at) <= high:
                    self.results.setdefault(key, Counter())[code] += 1

    def _add_days_before(
        self, reading: Reading, inside: Inside, spans: list[tuple[int, int]], row_of: Callable[[Any], str]
    ) -> None:
        for low, high in spans:
            for case in closure_cases.touched(reading, inside, low, high):
                stock = closure_parts.summed(STOCK, _within(case, low, high))
                self.columns.setdefault(row_of(case.category), Counter())[OPENING] += stock


def _within(case: CaseFacts, low: int, high: int) -> Counter[str]:
    found: Counter[str] = Counter()
    for (day, column), n in closure_parts.contribution(case).items():
        if low <= day <= high:
            found[column] += n
    return found


def _middles(took: Mapping[str, list[int]]) -> dict[str | None, Middle]:
    everything = [each for lengths in took.values() for each in lengths]
    rows: dict[str | None, Middle] = {key: closure_parts.middle_of(lengths) for key, lengths in took.items()}
    return {**rows, None: closure_parts.middle_of(everything)}


def _area_middles(
    reading: Reading, ground: Ground, inside: Inside, period: Period, level: Level, row_of: Callable[[str], str]
) -> dict[str | None, Middle]:
    months = _whole_months(period)
    towns = _whole_towns(ground)
    if months is None or towns is None or level is not Level.TOWN or not _each_in_one_row(ground, row_of):
        return _middles(closure_cells.paces(reading, inside, period, lambda path, category, day: row_of(path)))
    rows: dict[str, Counter[int]] = {}
    members: dict[str, set[str]] = {}
    for town, buckets in closure_middles.by_town(reading, months).items():
        if towns and town not in towns:
            continue
        rows.setdefault(row_of(town), Counter()).update(buckets)
        members.setdefault(row_of(town), set()).add(town)
    numbers = _numbers(period)
    found: dict[str | None, Middle] = {
        key: closure_middles.middle(reading, buckets, numbers, members[key]) for key, buckets in rows.items()
    }
    total: Counter[int] = Counter()
    for buckets in rows.values():
        total.update(buckets)
    return {**found, None: closure_middles.middle(reading, total, numbers, towns or None)}


def _month_middles(
    reading: Reading, ground: Ground, inside: Inside, period: Period, row_of: Callable[[int], str]
) -> dict[str | None, Middle]:
    months, towns = _whole_months(period), _whole_towns(ground)
    if months is None or towns is None:
        return _middles(closure_cells.paces(reading, inside, period, lambda path, category, day: row_of(day // 100)))
    rows = closure_middles.by_month(reading, months, towns)
    found: dict[str | None, Middle] = {
        row_of(month): closure_middles.middle(reading, buckets, (month,), towns or None)
        for month, buckets in rows.items()
    }
    total: Counter[int] = Counter()
    for buckets in rows.values():
        total.update(buckets)
    return {**found, None: closure_middles.middle(reading, total, _numbers(period), towns or None)}


def _whole_months(period: Period) -> tuple[int, int] | None:
    spans = periods.spans_of(period)
    return spans[0] if len(spans) == 1 and periods.is_months(spans[0]) else None


def _numbers(period: Period) -> tuple[int, ...]:
    return tuple(periods.number(part.first) // 100 for _, part in periods.months_of(period))


def _whole_towns(ground: Ground) -> tuple[str, ...] | None:
    """Return the towns that a ground is made of, none at all for the whole county; None where it is no such thing."""
    if ground.whole:
        return ()
    if ground.exact_paths() is not None or any(place.path.count("/") != 1 for place in ground.places):
        return None
    return tuple(place.path for place in ground.places)


def _each_in_one_row(ground: Ground, row_of: Callable[[str], str]) -> bool:
    """Say whether all that is recorded in a town counts in one row: no village has gone over to another."""
    return all(row_of(area.path) == row_of(case_rollups.town_of(area.path)) for area in ground.moved())
