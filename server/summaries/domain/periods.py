"""Compute the local days, months, quarters and years for which figures are read, and the period before each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from server.errors import Invalid
from server.instants import BEIJING, Instant, parse, text

YEARS = range(2000, 3000)
"""Years that a queried date may lie in; others are typing errors (0026, 20026) and break calendars."""


class Span(StrEnum):
    """The periods that a brigade reads its figures by: 月、季、年."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


MONTHS_IN = {Span.MONTH: 1, Span.QUARTER: 3, Span.YEAR: 12}
NAMES = {Span.MONTH: ("本月", "上月"), Span.QUARTER: ("本季", "上季"), Span.YEAR: ("今年", "去年")}


@dataclass(frozen=True, slots=True)
class Period:
    """Whole Beijing days, ``first`` and ``last`` included: P = [t0, t1) of ``domain.md`` section 2.7."""

    first: date
    last: date

    @property
    def starts_at(self) -> Instant:
        """The instant t0 at which the first day begins."""
        return _midnight(self.first)

    @property
    def ends_at(self) -> Instant:
        """The instant t1 at which the day after the last begins."""
        return _midnight(self.last + timedelta(days=1))

    def holds(self, at: Instant | None) -> bool:
        """Return whether something happened in this period; what has not happened (None) did not."""
        return at is not None and self.starts_at <= at < self.ends_at


@dataclass(frozen=True, slots=True)
class Comparison:
    """A period with the one before it, and what people call the two."""

    span: Span
    current: Period
    previous: Period

    @property
    def names(self) -> tuple[str, str]:
        """``本月`` and ``上月``, and so on."""
        return NAMES[self.span]


def between(first: date, last: date) -> Period:
    """Return the period of two local days, both included.

    Raises Invalid when it ends before it begins, or when a day lies outside YEARS.
    """
    for field, day in (("from", first), ("to", last)):
        if day.year not in YEARS:
            raise Invalid(
                f"日期 {day} 的年份不对：应在 {YEARS[0]} 至 {YEARS[-1]} 年之间。", field=field, value=str(day)
            )
    if last < first:
        raise Invalid(f"时段倒了：截止日 {last} 早于起始日 {first}，请对调。", field="to", value=str(last))
    return Period(first, last)


def day_of(at: Instant) -> date:
    """Return the Beijing day that holds ``at``."""
    return parse(at).astimezone(BEIJING).date()


def containing(span: Span, day: date) -> Period:
    """Return the month, quarter or year that holds a local day, whole, also where part of it is still to come."""
    months = MONTHS_IN[span]
    month = day.year * 12 + (day.month - 1) // months * months
    return Period(_first_of(month), _first_of(month + months) - timedelta(days=1))


def comparison(span: Span, day: date) -> Comparison:
    """Return the period of this span that holds ``day``, with the whole one before it."""
    current = containing(span, day)
    return Comparison(span, current, containing(span, current.first - timedelta(days=1)))


def comparisons(day: date) -> tuple[Comparison, ...]:
    """Return 本月, 本季 and 今年 as of a local day, each with the one before it."""
    return tuple(comparison(span, day) for span in Span)


def months_of(period: Period) -> tuple[tuple[str, Period], ...]:
    """Cut a period at the ends of months: each part under its month ``2026-04``, in order of time."""
    parts = []
    first = period.first
    while first <= period.last:
        last = min(containing(Span.MONTH, first).last, period.last)
        parts.append((f"{first:%Y-%m}", Period(first, last)))
        first = last + timedelta(days=1)
    return tuple(parts)


def number_ranges(period: Period) -> tuple[tuple[int, int], ...]:
    """Return the ranges of numbers that make up a period, both ends included: whole months 202604, else days 20260401.

    At most three: the days before the first whole month, the months, the days after the last.
    """
    ranges: list[tuple[int, int]] = []
    for _, part in months_of(period):
        whole = part == containing(Span.MONTH, part.first)
        low, high = ((number(day) // 100 if whole else number(day)) for day in (part.first, part.last))
        if whole and ranges and is_months(ranges[-1]):
            ranges[-1] = (ranges[-1][0], high)
        else:
            ranges.append((low, high))
    return tuple(ranges)


def number_ranges_before(period: Period) -> tuple[tuple[int, int], ...]:
    """Return the ranges of numbers of all the time before a period."""
    month = number(period.first) // 100
    days = (month * 100 + 1, number(period.first) - 1)
    return ((0, month - 1), *((days,) if period.first.day > 1 else ()))


def number(day: date) -> int:
    """Return 20260401 for a day."""
    return day.year * 10_000 + day.month * 100 + day.day


_DAYS_FROM = 1_000_000
"""Numbers below it are months."""


def is_months(span: tuple[int, int]) -> bool:
    """Return whether a range of numbers is one of whole months."""
    return span[1] < _DAYS_FROM


def _first_of(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def _midnight(day: date) -> Instant:
    return text(datetime.combine(day, time.min, BEIJING))
