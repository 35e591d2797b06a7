"""Go back from now to a past instant: what has changed since then, whole days by sums, and case by case the rest.

Whole days between the two are gone back over by what their steps moved in the sums, where that is kept (ADR 0096).
What is left is what has changed since the last of these days, and what changed on the instant's own day after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from server.db.transactions import Reading
from server.instants import Instant
from server.summaries.domain import periods
from server.summaries.domain.periods import Period
from server.summaries.store import moved_cases, movements
from server.summaries.store.moved_cases import Changed
from server.summaries.store.movement_sums import KeptDays
from server.summaries.store.rollup_sums import AreaCondition

_DAY = timedelta(days=1)


class WayBack(NamedTuple):
    """What lies between now and a past instant.

    changed: cases that are looked at one by one, as they stand and as they stood. days: whole days between, whose
    movements are to be taken from the sums; None where every case is in ``changed``.
    """

    changed: Sequence[Changed]
    days: KeptDays | None = None


NOTHING_CHANGED = WayBack(())
"""The way back to an instant since which nothing has changed: now."""


def case_by_case(reading: Reading, inside: AreaCondition, period: Period, as_of: Instant) -> WayBack:
    """Return every case received by the end of a period that has changed since an instant."""
    return WayBack(moved_cases.since(reading, inside, period, as_of))


def counted(reading: Reading, inside: AreaCondition, period: Period, as_of: Instant) -> WayBack:
    """Return the cases that may count otherwise in a period; it begins no later than the day of the instant."""
    return WayBack(moved_cases.counted_since(reading, inside, period, as_of))


def by_days(reading: Reading, inside: AreaCondition, period: Period, as_of: Instant) -> WayBack:
    """Return the same, by the movements of the days between that are kept; ``period`` ends with the instant's day.

    inside: whole towns.
    """
    own = periods.day_of(as_of)
    days = _days_after(reading, own)
    if days is None:
        return counted(reading, inside, period, as_of)
    since = moved_cases.counted_since(reading, inside, period, periods.last_moment(periods.of_number(days.last)))
    return WayBack([*since, *_on_own_day(reading, inside, own, as_of)], days)


def _days_after(reading: Reading, own: date) -> KeptDays | None:
    """Return the days that are kept without a gap after a day that is kept, too; None where there is none."""
    kept = set(movements.kept(reading, periods.number(own)))
    following = own
    while periods.number(following) in kept:
        following += _DAY
    first, last = own + _DAY, following - _DAY
    return KeptDays(periods.number(first), periods.number(last)) if first <= last else None


def _on_own_day(reading: Reading, inside: AreaCondition, own: date, as_of: Instant) -> list[Changed]:
    stepped = movements.stepped_since(reading, periods.number(own), as_of, inside.sql, dict(inside.values))
    return list(moved_cases.between(reading, stepped, as_of, periods.last_moment(own)))
