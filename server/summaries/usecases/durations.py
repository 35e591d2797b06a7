"""Finds medians and P90s for the rows of a summary: by buckets where sums are kept of them, else from every length."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from server.db.transactions import Reading
from server.grid.domain.areas import Level
from server.instants import Instant
from server.records.domain.case_facts import CaseFacts
from server.summaries.domain import contributions, periods
from server.summaries.domain.area_rows import Ground
from server.summaries.domain.periods import Period
from server.summaries.store import percentiles, rollup_sums, rollups
from server.summaries.store.percentiles import Shift
from server.summaries.store.rollup_sums import CATEGORY, MONTH, Inside

Middle = tuple[int, int, int] | None
"""Seconds of the two middle cases and of the P90; None where nothing is handled."""


@dataclass(frozen=True)  # no slots: keeps its paces
class Asked:
    """What is summed up: the cases of a ground over a period, a row for each path, category or month (``by``).

    row_of: key of the row of a path, category or month number. shifts: the cases that have moved since the instant of
    the ground, as they stand with the sign -1, and as they stood with 1.
    """

    ground: Ground
    inside: Inside
    by: str
    period: Period
    row_of: Callable[[Any], str]
    shifts: list[tuple[int, CaseFacts]]

    @property
    def as_of(self) -> Instant:
        return self.ground.as_of

    def row_of_case(self, case: CaseFacts, day: int) -> str:
        """Return the row in which a case counts with what happened on a day (20260401)."""
        if self.by == MONTH:
            return self.row_of(day // 100)
        return self.row_of(case.category if self.by == CATEGORY else case.path)

    @cached_property
    def paces(self) -> list[tuple[CaseFacts, int, Shift]]:
        """(case, day of registration, shift of its length) of the moved cases that are handled in the period."""
        first, last = periods.number(self.period.first), periods.number(self.period.last)
        found = []
        for sign, case in self.shifts:
            took = contributions.pace(case)
            day = 0 if case.registered_at is None else contributions.day_number(case.registered_at)
            if took is not None and first <= day <= last:
                found.append((case, day, Shift(sign, took)))
        return found


def one_by_one(reading: Reading, asked: Asked) -> dict[str | None, Middle]:
    """Return the middle of each row, and under None that of all, from the length of every case."""
    rows: dict[str, list[int]] = {}
    for key, lengths in rollup_sums.paces(reading, asked.inside, asked.by, asked.period).items():
        rows.setdefault(asked.row_of(key), []).extend(lengths)
    moved: dict[str, list[Shift]] = {}
    for case, day, shift in asked.paces:
        moved.setdefault(asked.row_of_case(case, day), []).append(shift)
    for row, shifts in moved.items():
        rows[row] = percentiles.shifted(rows.get(row, []), shifts)
    everything = [each for lengths in rows.values() for each in lengths]
    found: dict[str | None, Middle] = {key: contributions.middle_of(lengths) for key, lengths in rows.items()}
    return {**found, None: contributions.middle_of(everything)}


def by_area(reading: Reading, asked: Asked, level: Level) -> dict[str | None, Middle]:
    """Return the same for areas; by buckets for whole towns and months."""
    months, towns = _whole_months(asked.period), _whole_towns(asked.ground)
    if months is None or towns is None or level is not Level.TOWN or not _each_in_one_row(asked):
        return one_by_one(reading, asked)
    rows: dict[str, Counter[int]] = {}
    members: dict[str, set[str]] = {}
    for town, buckets in percentiles.by_town(reading, months).items():
        if towns and town not in towns:
            continue
        rows.setdefault(asked.row_of(town), Counter()).update(buckets)
        members.setdefault(asked.row_of(town), set()).add(town)
    for case, _, _ in asked.paces:
        members.setdefault(asked.row_of(case.path), set()).add(rollups.town_of(case.path))
    numbers = _numbers(asked.period)
    return _by_buckets(reading, asked, rows, lambda row: (numbers, members[row]), (numbers, towns or None))


def by_month(reading: Reading, asked: Asked) -> dict[str | None, Middle]:
    """Return the same for months; by buckets for whole towns and months."""
    months, towns = _whole_months(asked.period), _whole_towns(asked.ground)
    if months is None or towns is None:
        return one_by_one(reading, asked)
    found = percentiles.by_month(reading, months, towns)
    rows = {asked.row_of(month): Counter(buckets) for month, buckets in found.items()}
    number_of = {asked.row_of(number): number for number in _numbers(asked.period)}
    return _by_buckets(
        reading, asked, rows, lambda row: ((number_of[row],), towns or None), (_numbers(asked.period), towns or None)
    )


Cells = tuple[Iterable[int], Iterable[str] | None]
"""Months and towns; None for the whole county."""


def _by_buckets(
    reading: Reading, asked: Asked, rows: dict[str, Counter[int]], cells_of: Callable[[str], Cells], all_cells: Cells
) -> dict[str | None, Middle]:
    moved: dict[str, list[Shift]] = {}
    for case, day, shift in asked.paces:
        row = asked.row_of_case(case, day)
        moved.setdefault(row, []).append(shift)
        rows.setdefault(row, Counter())[shift.took // rollups.BUCKET_S] += shift.sign
    found: dict[str | None, Middle] = {
        row: percentiles.middle(reading, buckets, *cells_of(row), moved.get(row, [])) for row, buckets in rows.items()
    }
    total: Counter[int] = Counter()
    for buckets in rows.values():
        total.update(buckets)
    shifts = [shift for each in moved.values() for shift in each]
    return {**found, None: percentiles.middle(reading, total, *all_cells, shifts)}


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


def _each_in_one_row(asked: Asked) -> bool:
    """Say whether all that is recorded in a town counts in one row: no village has gone over to another."""
    moved = asked.ground.moved()
    return all(asked.row_of(area.path) == asked.row_of(rollups.town_of(area.path)) for area in moved)
