"""Read who has the cases that are overdue, and the received and closed of each day, from what is kept of them now."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from server.db.transactions import Reading
from server.instants import Instant
from server.summaries.domain import periods
from server.summaries.domain.periods import Day, Period
from server.summaries.store.counted_cases import Condition
from server.summaries.store.rollup_sums import HANDLING_OVERDUE, IS_CLOSING, AreaCondition
from server.summaries.store.rollups import ALL

RECEIVED, CLOSED = "reports", "closed_in_period"
"""Columns of the sums by day: reports by the day on which they came in, closings that stand by theirs."""

DayCounts = Counter[tuple[Day, str]]
"""By day 20260401 and column."""


class Held(NamedTuple):
    """Overdue cases of one area that one assignee has. due_at: the earliest of their limits."""

    assignee: str | None
    path: str
    cases: int
    due_at: Instant


def by_assignee(reading: Reading, inside: Condition, period: Period, as_of: Instant) -> list[Held]:
    """Return the cases of a period whose handling is overdue as of now, by who has them and where."""
    rows = reading.sql.tuples(
        f"""
        SELECT record.assignee, overdue.path, COUNT(*), MIN(overdue.handle_due_at)
          FROM (SELECT id, path, handle_due_at FROM case_fact
                 WHERE running = 1 AND registered_day BETWEEN :low AND :high AND {HANDLING_OVERDUE}{inside.sql}
               ) AS overdue
          LEFT JOIN record ON record.id = overdue.id
         GROUP BY record.assignee, overdue.path
        """,
        {
            "low": periods.number(period.first),
            "high": periods.number(period.last),
            "as_of": as_of,
            **inside.values,
        },
    )
    return [Held(*row) for row in rows]


def by_day(reading: Reading, inside: AreaCondition, period: Period) -> DayCounts:
    """Return the reports and the closings of each day of a period, as of now.

    A closing counts on its day when it still stood at the end of it, as in the summary of that day alone.
    """
    values = {"low": periods.number(period.first), "high": periods.number(period.last), **inside.values}
    found: DayCounts = Counter()
    sums = reading.sql.tuples(
        f"""
        SELECT period, SUM({RECEIVED}), SUM({CLOSED})
          FROM case_count
         WHERE category = :all AND period BETWEEN :low AND :high{inside.sql}
         GROUP BY period
        """,
        {**values, "all": ALL},
    )
    for day, received, closed in sums:
        found[day, RECEIVED] += received
        found[day, CLOSED] += closed
    reopened = reading.sql.tuples(
        f"""
        SELECT ended_day, COUNT(*) FROM case_ending
         WHERE {IS_CLOSING} AND ended_day BETWEEN :low AND :high AND undone_day > ended_day{inside.sql}
         GROUP BY ended_day
        """,
        values,
    )
    for day, n in reopened:
        found[day, CLOSED] += n
    return found
