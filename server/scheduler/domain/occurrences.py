"""When a timer is due: each rule returns the next instant after one at which it was."""

from __future__ import annotations

from datetime import date, timedelta

from server import instants
from server.instants import Instant

_WEEK = timedelta(days=7)


def minutely(after: Instant) -> Instant:
    """Return the instant one minute after ``after``: for what is looked for again and again."""
    return instants.later(after, timedelta(minutes=1))


def weekly(after: Instant) -> Instant:
    """Return the first Monday 00:00 in Beijing that is later than ``after``."""
    return instants.beginning_of(monday_of(after) + _WEEK)


def monthly(after: Instant) -> Instant:
    """Return the first beginning of a month in Beijing that is later than ``after``."""
    day = date.fromisoformat(instants.local_day(after))
    return instants.beginning_of((day.replace(day=1) + timedelta(days=32)).replace(day=1))


def monday_of(instant: Instant) -> date:
    """Return the Monday of the week that holds ``instant``, as weeks are counted in Beijing (ISO 8601)."""
    day = date.fromisoformat(instants.local_day(instant))
    return day - timedelta(days=day.weekday())
