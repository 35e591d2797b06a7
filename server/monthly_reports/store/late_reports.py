"""Count 补报: reports that had been discovered in a month before the one in which they came in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from server import instants
from server.db.transactions import Reading
from server.instants import Instant
from server.summaries.domain import periods
from server.summaries.domain.periods import Period
from server.summaries.store.counted_cases import Condition

_MILLISECOND = timedelta(milliseconds=1)


def received_within(reading: Reading, inside: Condition, period: Period, as_of: Instant) -> int:
    """Return how many reports came in during a period, by an instant, that had been discovered before it began."""
    first = period.first.isoformat()
    until = min(as_of, instants.later(period.ends_at, -_MILLISECOND))
    return sum(day < first for _, _, day in _discovered(reading, inside, period.starts_at, until))


def discovered_within(
    reading: Reading, inside: Condition, period: Period, after: Instant, until: Instant
) -> Iterator[tuple[str, Instant]]:
    """Yield (id, receipt) of each report that was discovered in a period and came in after an instant."""
    first, last = period.first.isoformat(), period.last.isoformat()
    after = instants.later(after, _MILLISECOND)
    found = _discovered(reading, inside, after, until)
    return ((id, received_at) for id, received_at, day in found if first <= day <= last)


def _discovered(
    reading: Reading, inside: Condition, since: Instant, until: Instant
) -> Iterator[tuple[str, Instant, str]]:
    """Yield (id, receipt, Beijing day of the discovery) of the reports received from one instant to another.

    The day is what a device with a sound clock says (``CaseFacts.discovered_at``); one that is ahead of its receipt
    tells nothing.
    """
    rows = reading.sql.tuples(
        f"""
        SELECT id, received_at, discovered_at FROM case_fact
         WHERE received_day BETWEEN :first AND :last AND discovered_at IS NOT NULL AND carried = 0
           AND received_at BETWEEN :since AND :until{inside.sql}
        """,
        {
            **inside.values,
            "first": periods.day_number(since),
            "last": periods.day_number(until),
            "since": since,
            "until": until,
        },
    )
    for id, received_at, discovered_at in rows:
        day = instants.local_day(discovered_at)
        if day <= instants.local_day(received_at):
            yield id, received_at, day
