"""Which days are working days: weekends, the State Council's holidays and its working weekends (调休), year by year."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache

from server import dated

AHEAD = timedelta(days=31)
"""How long before a year begins its holidays are missed: the State Council names them in November."""

_A_DAY = timedelta(days=1)
_SATURDAY = 5

STATUTORY = ((1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3))
"""Month and day of the public holidays that fall on the same date each year (《全国年节及纪念日放假办法》第二条)."""


class DayKind(StrEnum):
    """What a calendar says of a day. ``OFF``: a holiday; ``WORKING``: a weekend day that is worked (调休)."""

    OFF = "off"
    WORKING = "working"


KIND_WORDS = {DayKind.OFF: "放假", DayKind.WORKING: "上班"}


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """One day that differs from its weekday. name: of the holiday, in Chinese."""

    day: date
    kind: DayKind
    name: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days that differ from their weekday, by day, and the years whose arrangement is known.

    A year that is not known counts Monday to Friday as working days; whoever shows a limit says so (``missing_year``).
    """

    days: Mapping[date, DayKind]
    years: frozenset[int]

    def is_working(self, day: date) -> bool:
        """Say whether ``day`` is a working day."""
        kind = self.days.get(day)
        return day.weekday() < _SATURDAY if kind is None else kind is DayKind.WORKING

    def working_day_after(self, day: date, count: int) -> date:
        """Return the ``count``-th working day after ``day``; ``day`` itself is never counted (count: 1 or more)."""
        for _ in range(count):
            day += _A_DAY
            while not self.is_working(day):
                day += _A_DAY
        return day

    def working_day_before(self, day: date, count: int) -> date:
        """Return the ``count``-th working day before ``day``; ``day`` itself is never counted (count: 1 or more)."""
        for _ in range(count):
            day -= _A_DAY
            while not self.is_working(day):
                day -= _A_DAY
        return day

    def missing_year(self, today: date) -> int | None:
        """Return the year whose holidays are missed: this one, or the next from ``AHEAD`` before it begins."""
        return next((day.year for day in (today, today + AHEAD) if day.year not in self.years), None)


def calendar_of(loaded: Iterable[CalendarDay], loaded_years: Iterable[int]) -> Calendar:
    """Return the calendar of a county: the shipped years, each replaced as a whole where the county loaded its own."""
    own = frozenset(loaded_years)
    days = {each.day: each.kind for each in shipped_days() if each.day.year not in own}
    days |= {each.day: each.kind for each in loaded}
    return Calendar(days, own | {each.day.year for each in shipped_days()})


@cache
def shipped() -> Calendar:
    """Return the calendar that comes with the product (``data/calendar_days.csv``)."""
    return calendar_of((), ())


@cache
def shipped_days() -> tuple[CalendarDay, ...]:
    """Return the days that ``data/calendar_days.csv`` names, in order."""
    rows = dated.table("calendar_days")
    return tuple(CalendarDay(date.fromisoformat(row["day"]), DayKind(row["kind"]), row["name"]) for row in rows)
