"""Compute median and P90 of the time until reports came in, for the rows of a summary; exact, without history."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import timedelta

from server import instants
from server.db.transactions import Reading
from server.grid.domain.areas import Level
from server.summaries.domain import contributions, periods
from server.summaries.domain.contributions import Percentiles
from server.summaries.store import report_lags
from server.summaries.store.percentiles import Adjustment, adjusted
from server.summaries.store.rollup_sums import CATEGORY, PATH
from server.summaries.usecases import durations
from server.summaries.usecases.durations import Aggregation

_SETTLED = timedelta(days=1)
"""How long after its end a month is remembered: what was begun before midnight has been written by then."""

Ordered = Sequence[int]
"""Seconds, in order of length."""


def from_every_case(reading: Reading, aggregation: Aggregation) -> dict[str | None, Percentiles]:
    """Return the percentiles of each row, and under None those of all, from every report of the period."""
    rows: dict[str, list[int]] = {}
    period, as_of = aggregation.period, aggregation.as_of
    for key, lags in report_lags.of_days(reading, aggregation.inside, aggregation.by, period, as_of).items():
        rows.setdefault(aggregation.row_of(key), []).extend(lags)
    for row, adjustments in _recategorised(aggregation).items():
        rows[row] = adjusted(rows.get(row, []), adjustments)
    everything = [lag for lags in rows.values() for lag in lags]
    found: dict[str | None, Percentiles] = {key: contributions.percentiles_of(lags) for key, lags in rows.items()}
    return {**found, None: contributions.percentiles_of(everything)}


def _recategorised(aggregation: Aggregation) -> dict[str, list[Adjustment]]:
    """Return what is taken from the rows of today's categories and added to those that cases had at the instant.

    Categories alone: a case keeps its path, the instant at which it came in and what it took until then.
    """
    found: dict[str, list[Adjustment]] = {}
    if aggregation.by != CATEGORY:
        return found
    first, last = periods.number(aggregation.period.first), periods.number(aggregation.period.last)
    for sign, case in aggregation.states():
        day = periods.day_number(case.received_at)
        # What came in after the instant was not read in the first place, and stands in ``changed`` as it is now alone.
        if case.lag_s is not None and first <= day <= last and case.received_at <= aggregation.as_of:
            found.setdefault(aggregation.row_of_case(case, day), []).append(Adjustment(sign, case.lag_s))
    return found


def by_area(reading: Reading, aggregation: Aggregation, level: Level) -> dict[str | None, Percentiles]:
    """Return the same for areas; month by month for whole towns and months."""
    if level is not Level.TOWN or not _is_whole(aggregation) or not durations.each_in_one_row(aggregation):
        return from_every_case(reading, aggregation)
    rows: dict[str, list[Ordered]] = {}
    for _, town, lags in _parts(reading, aggregation):
        rows.setdefault(aggregation.row_of(town), []).append(lags)
    return _of_rows(rows)


def by_month(reading: Reading, aggregation: Aggregation) -> dict[str | None, Percentiles]:
    """Return the same for months; month by month for whole towns and months."""
    if not _is_whole(aggregation):
        return from_every_case(reading, aggregation)
    rows: dict[str, list[Ordered]] = {}
    for month, _, lags in _parts(reading, aggregation):
        rows.setdefault(month, []).append(lags)
    return _of_rows(rows)


def _is_whole(aggregation: Aggregation) -> bool:
    towns = durations.whole_towns(aggregation.area_scope)
    return towns is not None and durations.whole_months(aggregation.period) is not None


def _parts(reading: Reading, aggregation: Aggregation) -> Iterator[tuple[str, str, Ordered]]:
    """Yield (month, town, lags) of each town of the scope and each month of the period that told any."""
    towns = durations.whole_towns(aggregation.area_scope)
    for name, month in periods.months_of(aggregation.period):
        if month.ends_at <= aggregation.as_of and instants.later(month.ends_at, _SETTLED) <= reading.now:
            lags = report_lags.of_month(reading, month)
        else:
            lasting = report_lags.of_days(reading, aggregation.inside, PATH, month, aggregation.as_of)
            lags = report_lags.by_town(lasting)
        yield from ((name, town, each) for town, each in lags.items() if not towns or town in towns)


def _of_rows(rows: dict[str, list[Ordered]]) -> dict[str | None, Percentiles]:
    every = [part for parts in rows.values() for part in parts]
    return {**{key: percentiles(parts) for key, parts in rows.items()}, None: percentiles(every)}


def percentiles(parts: Sequence[Ordered]) -> Percentiles:
    """Return the percentiles of all parts together, without putting them in one order."""
    n = sum(map(len, parts))
    if not n:
        return None
    low, high, p90 = (_at_rank(parts, rank) for rank in contributions.ranks(n))
    return low, high, p90


def _at_rank(parts: Sequence[Ordered], rank: int) -> int:
    """Return the length at a rank, from 0, of all parts: the least that more than ``rank`` of them do not exceed."""
    least, most = min(part[0] for part in parts if part), max(part[-1] for part in parts if part)
    while least < most:
        middle = (least + most) // 2
        if sum(bisect_right(part, middle) for part in parts) > rank:
            most = middle
        else:
            least = middle + 1
    return least
