"""Writes instants as text whose order is the order of time, so that every engine can compare them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo

Instant: TypeAlias = str
"""An instant as fixed-width UTC text with milliseconds: ``2026-11-24T03:00:00.123Z``."""

BEIJING = ZoneInfo("Asia/Shanghai")
"""The one zone in which days begin and end (``domain.md`` section 2.4)."""

FOREVER: Instant = "9999-12-31T23:59:59.999Z"
BEGINNING: Instant = "0001-01-01T00:00:00.000Z"


_FIRST_YEAR, _LAST_YEAR = date.min.year, date.max.year


def text(instant: datetime) -> Instant:
    """Return ``instant`` (must carry an offset) as UTC text with milliseconds."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs an offset")
    at = instant if instant.tzinfo is UTC else instant.astimezone(UTC)
    return at.isoformat(timespec="milliseconds")[:23] + "Z"


def parse(value: str) -> datetime:
    """Return the instant that ISO-8601 text names; text without an offset is Beijing time.

    Raises ValueError when it is no date-time, or one that lies in no year of UTC. A bare date is the beginning of
    that local day.
    """
    instant = datetime.fromisoformat(value.strip())
    aware = instant if instant.tzinfo else instant.replace(tzinfo=BEIJING)
    if not _FIRST_YEAR < aware.year < _LAST_YEAR:  # an offset leads no other year out of what can be told
        try:
            aware.astimezone(UTC)
        except OverflowError as error:
            raise ValueError(f"no year of UTC holds {value!r}") from error
    return aware


@lru_cache(maxsize=4096)  # each request of a batch asks what lies 30 days back
def later(instant: Instant, span: timedelta) -> Instant:
    """Return the instant ``span`` after ``instant`` (before it when negative)."""
    return text(parse(instant) + span)


def is_recent(instant: Instant, span: timedelta, now: Instant) -> bool:
    """Return whether ``instant`` lies less than ``span`` before ``now``.

    One after ``now`` is not: a clock that was ahead has written it, and nobody waits until it comes true.
    """
    return instant <= now < later(instant, span)


@lru_cache(maxsize=4096)  # a batch asks for the same few again and again
def local_day(instant: Instant) -> str:
    """Return the Beijing calendar day ``YYYY-MM-DD`` that holds ``instant``."""
    return parse(instant).astimezone(BEIJING).date().isoformat()


def beginning_of(day: date) -> Instant:
    """Return the 00:00 at which a Beijing day begins; of the first day of all, the first instant that can be told."""
    return BEGINNING if day == date.min else text(datetime.combine(day, time.min, BEIJING))


def end_of(day: date) -> Instant:
    """Return the 00:00 at which a Beijing day ends; of the last day of all, the last instant that can be told."""
    return FOREVER if day == date.max else beginning_of(day + timedelta(days=1))


@lru_cache(maxsize=4096)
def last_day(due_at: Instant) -> str:
    """Return the last local day ``YYYY-MM-DD`` of a limit: one that ends at midnight ends on the day before."""
    return local_day(later(due_at, -timedelta(milliseconds=1)))
