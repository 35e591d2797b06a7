"""Count 补报: reports that had been discovered in a month before the one in which they came in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import orjson

from server import instants
from server.db.transactions import Reading
from server.instants import Instant
from server.records.store import columns
from server.summaries.domain import periods
from server.summaries.domain.periods import Period
from server.summaries.store.counted_cases import Condition
from sync.flags import Flag

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

    The day is what the phone says. One whose clock was off says nothing, nor does one that is ahead of its receipt.
    """
    rows = reading.sql.tuples(
        f"""
        SELECT id, created_at, fields, flags FROM record
         WHERE id IN (SELECT id FROM case_fact WHERE received_day BETWEEN :first AND :last{inside.sql})
           AND created_at BETWEEN :since AND :until
        """,
        {
            **inside.values,
            "first": periods.day_number(since),
            "last": periods.day_number(until),
            "since": since,
            "until": until,
        },
    )
    for id, received_at, fields, flags in rows:
        if Flag.CLOCK_SUSPECT in columns.flags(flags):
            continue
        day = _day(orjson.loads(fields).get("discovered_at", ""))
        if day and day <= instants.local_day(received_at):
            yield id, received_at, day


def _day(written: str) -> str:
    try:
        return instants.local_day(instants.text(instants.parse(written)))
    except ValueError:
        return ""  # no time that can be read: a discovery that nobody told is not late
