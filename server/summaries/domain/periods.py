"""Compute the local days, months, quarters and years for which figures are read, and the period beside each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache

from server.errors import Invalid
from server.instants import BEIJING, Instant, local_day, parse, text

YEARS = range(2000, 3000)
"""Years that a queried date may lie in; others are typing errors (0026, 20026) and break calendars."""


class Span(StrEnum):
    """The periods that a brigade reads its figures by: 月、季、年."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class Named(StrEnum):
    """The periods that are named by the instant of reading: the one that holds it, or the one before that."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    LAST_MONTH = "last_month"
    LAST_QUARTER = "last_quarter"
    LAST_YEAR = "last_year"

    @property
    def span(self) -> Span:
        """How long it is."""
        return Span(self.removeprefix(_LAST))

    @property
    def is_last(self) -> bool:
        """Whether it is the one before that which holds the instant."""
        return self.startswith(_LAST)


_LAST = "last_"


class Against(StrEnum):
    """What stands beside a period: the one before it 环比, or the same days of the year before 同比."""

    PREVIOUS = "previous"
    YEAR_AGO = "year_ago"


MONTHS_IN = {Span.MONTH: 1, Span.QUARTER: 3, Span.YEAR: 12}
NAMES = {
    Named.MONTH: ("本月", "上月"),
    Named.QUARTER: ("本季", "上季"),
    Named.YEAR: ("今年", "去年"),
    Named.LAST_MONTH: ("上月", "前一月"),
    Named.LAST_QUARTER: ("上季", "前一季"),
    Named.LAST_YEAR: ("去年", "前年"),
}
ANY_DAYS = ("本期", "上期")
"""Names of two given days and of as many before them."""

YEAR_AGO = {Named.LAST_YEAR: "前年同期"}
"""Name of the period of the year before, where it is not 去年同期."""


Day = int
"""A Beijing day as a number, 20260401; a month is 202604. Months and days never meet in one range."""


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
    """A period with the one beside it. names: what people call the two, ``本月`` and ``上月``."""

    current: Period
    previous: Period
    names: tuple[str, str]

    def as_of(self, at: Instant) -> Instant:
        """Return the instant that lies as far into ``previous`` as ``at`` lies into ``current``.

        Where ``current`` is over at ``at``, so is ``previous``, by as much: the two may differ in length.

        Raises Invalid when ``previous`` begins in no year of YEARS: nothing stands there, and no figure is defined.
        """
        if self.previous.first.year not in YEARS:
            raise Invalid(
                f"拿来相比的时段从 {self.previous.first} 开始，年份不对：应在 {YEARS[0]} 至 {YEARS[-1]} 年之间；"
                "请改用晚一些的时段或统计时刻。",
                field="compare",
                value=str(self.previous.first),
            )
        if at >= self.current.ends_at:
            return text(parse(self.previous.ends_at) + (parse(at) - parse(self.current.ends_at)))
        return text(parse(self.previous.starts_at) + (parse(at) - parse(self.current.starts_at)))


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


def named(name: Named, day: date) -> Period:
    """Return the period of this name as of a local day."""
    holding = containing(name.span, day)
    return containing(name.span, holding.first - timedelta(days=1)) if name.is_last else holding


def comparison(period: Period | Named, day: date, against: Against = Against.PREVIOUS) -> Comparison:
    """Return a period, that of its name as of ``day`` or any two days, with what stands beside it."""
    current, names = (named(period, day), NAMES[period]) if isinstance(period, Named) else (period, ANY_DAYS)
    if against is Against.YEAR_AGO:
        label = YEAR_AGO.get(period, "去年同期") if isinstance(period, Named) else "去年同期"
        return Comparison(current, _earlier(current, 12), (names[0], label))
    if not _is_whole_months(current):
        days = current.last - current.first + timedelta(days=1)
        return Comparison(current, Period(current.first - days, current.last - days), names)
    return Comparison(current, _earlier(current, len(months_of(current))), names)


def as_of_instant(written: str, now: Instant) -> Instant | None:
    """Return the instant as of which ``written`` asks to count; None for the day that lasts, which is as of now.

    A date alone is the end of that Beijing day, text without an offset is Beijing time. Raises ValueError for what is
    no instant, Invalid for one that is still to come or lies in no year of YEARS.
    """
    try:
        day = date.fromisoformat(written.strip())
    except ValueError:
        at = parse(written)
    else:
        if day == day_of(now):
            return None
        at = datetime.combine(day, _LAST_MOMENT, BEIJING)
    if text(at) > now:
        raise Invalid("统计时刻还没有到；请改用现在或更早的时刻。", field="as_of", value=written)
    if at.astimezone(BEIJING).year not in YEARS:
        raise Invalid(f"统计时刻的年份不对：应在 {YEARS[0]} 至 {YEARS[-1]} 年之间。", field="as_of", value=written)
    return text(at)


_LAST_MOMENT = time(23, 59, 59, 999_000)


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


def day_number(at: Instant) -> Day:
    """Return the number of the Beijing day that holds an instant."""
    return _day_of_hour(at[:13])


@lru_cache(maxsize=65_536)  # seven years; Beijing is whole hours from UTC, so each hour lies in one day
def _day_of_hour(hour: str) -> Day:
    return int(local_day(f"{hour}:00:00.000Z").replace("-", ""))


def number(day: date) -> Day:
    """Return 20260401 for a day."""
    return day.year * 10_000 + day.month * 100 + day.day


def of_number(number: Day) -> date:
    """Return the day 2026-04-01 for 20260401."""
    return date(number // 10_000, number // 100 % 100, number % 100)


def last_moment(day: date) -> Instant:
    """Return the last instant that lies in a day: instants differ by a millisecond at least."""
    return text(parse(Period(day, day).ends_at) - timedelta(milliseconds=1))


_DAYS_FROM = 1_000_000
"""Numbers below it are months."""


def is_months(span: tuple[int, int]) -> bool:
    """Return whether a range of numbers is one of whole months."""
    return span[1] < _DAYS_FROM


def _is_whole_months(period: Period) -> bool:
    return period.first.day == 1 and (period.last + timedelta(days=1)).day == 1


def _earlier(period: Period, months: int) -> Period:
    """Return a period so many months earlier: whole months for whole months, else the same days of the month."""
    first, last = (_months_before(day, months) for day in (period.first, period.last))
    return Period(first, containing(Span.MONTH, last).last if _is_whole_months(period) else last)


def _months_before(day: date, months: int) -> date:
    first = _first_of(day.year * 12 + day.month - 1 - months)
    return first.replace(day=min(day.day, containing(Span.MONTH, first).last.day))


def _first_of(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def _midnight(day: date) -> Instant:
    return text(datetime.combine(day, time.min, BEIJING))
