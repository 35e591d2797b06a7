"""Computes time limits from the dated table ``data/time_limits.csv``, so that a changed limit is a row."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple

from server import dated, instants
from server.cases.domain.calendars import Calendar
from server.instants import BEIJING, Instant


class Clock(StrEnum):
    """What is being timed (``domain.md`` section 2.4): each clock starts and stops at a step of the workflow."""

    INTAKE = "intake"
    DISPATCH = "dispatch"
    TAKE = "take"
    HANDLE = "handle"
    VERIFY = "verify"
    REWORK = "rework"
    REOPEN = "reopen"
    REOPEN_WINDOW = "reopen_window"
    EXTENSION_STEP = "extension_step"
    EXTENSION = "extension"
    DECIDE = "decide"
    RECHECK = "recheck"
    RETURN_WINDOW = "return_window"
    RECURRENCE = "recurrence"
    SUSPENSION = "suspension"
    REVIEW = "review"


class Limit(NamedTuple):
    """How long a clock runs, and what the limit is called. unit: ``hour``, ``calendar_day`` or ``working_day``."""

    amount: int
    unit: str
    label: str


def due_at(clock: Clock, start: Instant, calendar: Calendar, case: str = "") -> Instant:
    """Return the instant at which a clock that starts at ``start`` runs out; limits are those in force then.

    calendar: which days are working days. case: for ``HANDLE`` the kind of repair (column ``rect`` of the hazard
    items), for ``INTAKE`` and ``DISPATCH`` the severity of the hazard, for ``DECIDE`` the level that decides, for
    ``REVIEW`` the status; a case that the table does not name has the general limit. Hours run from the start, days
    to the 24:00 that ends the last of them; the day of the start is not counted, so
    that a limit of three working days from a Sunday ends with Wednesday.
    """
    limit = limit_of(clock, start, case)
    if limit.unit == "hour":
        return instants.later(start, timedelta(hours=limit.amount))
    if limit.unit == "working_day":
        return end_of(calendar.working_day_after(day_of(start), limit.amount))
    return end_of(day_of(start) + timedelta(days=limit.amount))


def close_due(handle_due_at: Instant, calendar: Calendar) -> Instant:
    """Return when a case should be closed: the handler's limit, and the time to check what was done until then."""
    return due_at(Clock.VERIFY, instants.later(handle_due_at, -_A_MOMENT), calendar)


_A_MOMENT = timedelta(milliseconds=1)


def started_before(clock: Clock, now: Instant, calendar: Calendar) -> Instant:
    """Return the instant before which a clock must have started to have run out by ``now``: ``due_at`` turned round.

    The limit is the general one in force now, so that it can be looked for in one range of starts.
    """
    limit = limit_of(clock, now)
    if limit.unit == "hour":
        return instants.later(now, -timedelta(hours=limit.amount))
    if limit.unit == "working_day":
        return instants.beginning_of(calendar.working_day_before(day_of(now), limit.amount))
    return instants.beginning_of(day_of(now) - timedelta(days=limit.amount))


def limit_of(clock: Clock, start: Instant, case: str = "") -> Limit:
    """Return the limit of a clock that starts at ``start``, by the same rows as ``due_at``."""
    rows = [row for row in dated.rows_at("time_limits", start) if row["clock"] == clock]
    row = next((row for row in rows if row["case"] == case), None) or next(row for row in rows if not row["case"])
    return Limit(int(row["amount"]), row["unit"], row["label"])


def end_of(day: date) -> Instant:
    """Return the 24:00 that ends a Beijing day: a limit "by the 3rd" holds until the 3rd is over."""
    return instants.text(datetime.combine(day + timedelta(days=1), time.min, BEIJING))


def day_of(instant: Instant) -> date:
    """Return the Beijing day that holds ``instant``."""
    return date.fromisoformat(instants.local_day(instant))
