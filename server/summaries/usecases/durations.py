"""Compute medians and P90s for the rows of a summary: from buckets where these are kept, else from every case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from server.db.transactions import Reading
from server.grid.domain.areas import Level
from server.instants import Instant
from server.records.domain.case_facts import CaseFacts
from server.summaries.domain import contributions, periods
from server.summaries.domain.area_rows import AreaScope
from server.summaries.domain.contributions import Percentiles
from server.summaries.domain.periods import Period
from server.summaries.store import percentiles, rollup_sums, rollups
from server.summaries.store.movement_sums import MovementSums
from server.summaries.store.percentiles import Adjustment
from server.summaries.store.rollup_sums import CATEGORY, MONTH, AreaCondition
from server.summaries.usecases.past_instants import NOTHING_CHANGED, WayBack


@dataclass(frozen=True, slots=True)
class Aggregation:
    """What to sum up: the cases of an area scope over a period, a row for each path, category or month (``by``).

    row_of: key of the row of a path, category or month number. back: what has changed since the instant of the area
    scope.
    """

    area_scope: AreaScope
    inside: AreaCondition
    by: str
    period: Period
    row_of: Callable[[Any], str]
    back: WayBack = NOTHING_CHANGED

    @property
    def as_of(self) -> Instant:
        return self.area_scope.as_of

    def row_of_case(self, case: CaseFacts, day: int) -> str:
        """Return the row in which a case counts with what happened on a day (20260401)."""
        if self.by == MONTH:
            return self.row_of(day // 100)
        return self.row_of(case.category if self.by == CATEGORY else case.path)

    def movements(self, reading: Reading) -> MovementSums | None:
        """Return what the whole days moved that are gone back over; None where there are none."""
        if self.back.days is None:
            return None
        return MovementSums(reading, self.back.days, self.inside, self.by, self.period)

    def states(
        self, *, if_unlike: Callable[[CaseFacts, CaseFacts], bool] = lambda now, then: False
    ) -> Iterator[tuple[int, CaseFacts]]:
        """Yield what is to be taken away, with the sign -1, and to be added, with 1, of the cases that have changed.

        if_unlike: says of a case whether its two states come to the same, so that both may be left out.
        """
        for now, then in self.back.changed:
            if then is None:
                yield -1, now
            elif not if_unlike(now, then):
                yield -1, now
                yield 1, then


def _is_handled_alike(now: CaseFacts, then: CaseFacts) -> bool:
    """Return whether both states of a case count in one row with one handling time, or neither with any."""
    if now.fed_back_at is None and then.fed_back_at is None:
        return True
    took_as_long = now.fed_back_at == then.fed_back_at and now.held_s == then.held_s
    stands_alike = now.void == then.void and now.merged == then.merged and now.category == then.category
    return took_as_long and stands_alike and now.dispatches == then.dispatches


class Adjusted(NamedTuple):
    """An adjustment of the handling times of a row. town: path of the town in which the case is recorded."""

    row: str
    town: str
    adjustment: Adjustment


def _adjusted(reading: Reading, aggregation: Aggregation) -> list[Adjusted]:
    """Return how the handling times of a past instant differ from today's, of cases registered in the period."""
    first, last = periods.number(aggregation.period.first), periods.number(aggregation.period.last)
    found = []
    for sign, case in aggregation.states(if_unlike=_is_handled_alike):
        if case.registered_at is None or case.fed_back_at is None:
            continue
        day = periods.day_number(case.registered_at)
        if first <= day <= last and (took := contributions.handling_seconds(case)) is not None:
            town = rollups.town_of(case.path)
            found.append(Adjusted(aggregation.row_of_case(case, day), town, Adjustment(sign, took)))
    moved = aggregation.movements(reading)
    for key, town, took, n in moved.times() if moved is not None else ():
        found.append(Adjusted(aggregation.row_of(key), town, Adjustment(-n, took)))
    return found


def from_every_case(reading: Reading, aggregation: Aggregation) -> dict[str | None, Percentiles]:
    """Return the percentiles of each row, and under None those of all, from the length of every case."""
    rows: dict[str, list[int]] = {}
    for key, lengths in rollup_sums.handling_times(
        reading, aggregation.inside, aggregation.by, aggregation.period
    ).items():
        rows.setdefault(aggregation.row_of(key), []).extend(lengths)
    adjustments: dict[str, list[Adjustment]] = {}
    for row, _, adjustment in _adjusted(reading, aggregation):
        adjustments.setdefault(row, []).append(adjustment)
    for row, each in adjustments.items():
        rows[row] = percentiles.adjusted(rows.get(row, []), each)
    everything = [length for lengths in rows.values() for length in lengths]
    found: dict[str | None, Percentiles] = {key: contributions.percentiles_of(lengths) for key, lengths in rows.items()}
    return {**found, None: contributions.percentiles_of(everything)}


def by_area(reading: Reading, aggregation: Aggregation, level: Level) -> dict[str | None, Percentiles]:
    """Return the same for areas; by buckets for whole towns and months."""
    months, towns = whole_months(aggregation.period), whole_towns(aggregation.area_scope)
    if months is None or towns is None or level is not Level.TOWN or not each_in_one_row(aggregation):
        return from_every_case(reading, aggregation)
    rows: dict[str, Counter[int]] = {}
    members: dict[str, set[str]] = {}
    for town, buckets in percentiles.by_town(reading, months).items():
        if towns and town not in towns:
            continue
        rows.setdefault(aggregation.row_of(town), Counter()).update(buckets)
        members.setdefault(aggregation.row_of(town), set()).add(town)
    adjusted = _adjusted(reading, aggregation)
    for row, town, _ in adjusted:
        members.setdefault(row, set()).add(town)
    numbers = _numbers(aggregation.period)
    return _by_buckets(reading, adjusted, rows, lambda row: (numbers, members[row]), (numbers, towns or None))


def by_month(reading: Reading, aggregation: Aggregation) -> dict[str | None, Percentiles]:
    """Return the same for months; by buckets for whole towns and months."""
    months, towns = whole_months(aggregation.period), whole_towns(aggregation.area_scope)
    if months is None or towns is None:
        return from_every_case(reading, aggregation)
    found = percentiles.by_month(reading, months, towns)
    rows = {aggregation.row_of(month): Counter(buckets) for month, buckets in found.items()}
    number_of = {aggregation.row_of(number): number for number in _numbers(aggregation.period)}
    return _by_buckets(
        reading,
        _adjusted(reading, aggregation),
        rows,
        lambda row: ((number_of[row],), towns or None),
        (_numbers(aggregation.period), towns or None),
    )


MonthsAndTowns = tuple[Iterable[int], Iterable[str] | None]
"""Months and towns; None for the whole county."""


def _by_buckets(
    reading: Reading,
    adjusted: Iterable[Adjusted],
    rows: dict[str, Counter[int]],
    months_and_towns: Callable[[str], MonthsAndTowns],
    everything: MonthsAndTowns,
) -> dict[str | None, Percentiles]:
    adjustments: dict[str, list[Adjustment]] = {}
    for row, _, adjustment in adjusted:
        adjustments.setdefault(row, []).append(adjustment)
        rows.setdefault(row, Counter())[adjustment.took // rollups.BUCKET_S] += adjustment.sign
    found: dict[str | None, Percentiles] = {
        row: percentiles.percentiles(reading, buckets, *months_and_towns(row), adjustments.get(row, []))
        for row, buckets in rows.items()
    }
    total: Counter[int] = Counter()
    for buckets in rows.values():
        total.update(buckets)
    every = [adjustment for each in adjustments.values() for adjustment in each]
    return {**found, None: percentiles.percentiles(reading, total, *everything, every)}


def whole_months(period: Period) -> tuple[int, int] | None:
    ranges = periods.number_ranges(period)
    return ranges[0] if len(ranges) == 1 and periods.is_months(ranges[0]) else None


def _numbers(period: Period) -> tuple[int, ...]:
    return tuple(periods.number(part.first) // 100 for _, part in periods.months_of(period))


def whole_towns(area_scope: AreaScope) -> tuple[str, ...] | None:
    """Return the towns of an area scope, none for the whole county; None where it is not made of whole towns."""
    if area_scope.is_whole_county:
        return ()
    if area_scope.exact_paths() is not None or any(place.path.count("/") != 1 for place in area_scope.places):
        return None
    return tuple(place.path for place in area_scope.places)


def each_in_one_row(aggregation: Aggregation) -> bool:
    """Return whether all that is recorded in a town counts in one row: no village was merged into another town."""
    merged = aggregation.area_scope.merged_areas()
    return all(aggregation.row_of(area.path) == aggregation.row_of(rollups.town_of(area.path)) for area in merged)
