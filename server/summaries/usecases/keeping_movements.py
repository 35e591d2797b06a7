"""Keep what the steps of each day moved in the sums, once the day is over: one day after another, the newest first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial

from server import instants
from server.db.database import Database
from server.db.transactions import Reading
from server.instants import Instant
from server.summaries.domain import periods
from server.summaries.domain.periods import Span
from server.summaries.store import movements

SETTLED = timedelta(hours=1)
"""How long after its end a day is kept: what was begun before midnight has been written by then."""

EVERY_S = 10.0
"""Seconds between two looks for a day that is over and not kept: one takes a second in a county of a million cases."""


def round_of(database: Database, is_stopping: Callable[[], bool] = lambda: False) -> bool:
    """Keep the newest day of this month and the last that is over and not kept; return whether there was one.

    is_stopping: asked between two transactions, and nothing is begun once it says so; a day half written is begun anew.
    """
    with database.reading() as reading:
        stale = movements.stale(reading, periods.number(first_day(reading.now)))
        day = next_day(reading)
    for each in stale:
        if is_stopping():
            return False
        database.write(partial(movements.empty, day=each))
    return day is not None and not is_stopping() and _keep(database, day, is_stopping)


def next_day(reading: Reading) -> date | None:
    """Return the newest day that is over and not kept, of this month and the last; None where all of them are.

    Days before the first step of the county's oldest case are kept, too: nothing moved on them.
    """
    first = first_day(reading.now)
    kept = set(movements.kept(reading, periods.number(first)))
    day = periods.day_of(instants.later(reading.now, -SETTLED)) - timedelta(days=1)
    while day >= first and periods.number(day) in kept:
        day -= timedelta(days=1)
    return day if day >= first else None


def first_day(now: Instant) -> date:
    """Return the first day that is kept: of the month before that which lasts."""
    month = periods.containing(Span.MONTH, periods.day_of(now))
    return periods.containing(Span.MONTH, month.first - timedelta(days=1)).first


def _keep(database: Database, day: date, is_stopping: Callable[[], bool]) -> bool:
    number = periods.number(day)
    with database.reading() as reading:
        moved, stepped = movements.of_day(reading, day)
    mark = database.write(partial(movements.begin, day=number))
    for table, rows in movements.slices(number, moved, stepped):
        if is_stopping() or not database.write(partial(movements.add, day=number, mark=mark, table=table, rows=rows)):
            return False
    return database.write(partial(movements.finish, day=number, mark=mark))
