"""Read a month as it is written, ``2026-04``, and say whether it is over."""

from __future__ import annotations

import re
from datetime import date

from server.errors import Invalid
from server.instants import Instant
from server.summaries.domain import periods
from server.summaries.domain.periods import Period, Span

_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


def period_of(month: str) -> Period:
    """Return the days of a month ``2026-04``. Raises Invalid for what is no month, or lies in no usual year."""
    found = _MONTH.fullmatch(month)
    if found is None:
        raise Invalid(f"“{month[:20]}”不是月份；应写成 2026-04 这样。", field="month", value=month[:20])
    year = int(found[1])
    if year not in periods.YEARS:
        first, last = periods.YEARS[0], periods.YEARS[-1]
        raise Invalid(f"月份 {month} 的年份不对：应在 {first} 至 {last} 年之间。", field="month", value=month)
    return periods.containing(Span.MONTH, date(year, int(found[2]), 1))


def month_of(period: Period) -> str:
    """Return how the month of a period is written."""
    return f"{period.first:%Y-%m}"


def words(month: str) -> str:
    """Return a month as people say it: 2026年4月."""
    year, _, number = month.partition("-")
    return f"{year}年{int(number)}月"


def before(month: str) -> str:
    """Return the month before one."""
    return month_of(periods.named(periods.Named.LAST_MONTH, period_of(month).first))


def last_over(at: Instant) -> str:
    """Return the last month that was over at an instant."""
    this = periods.containing(Span.MONTH, periods.day_of(at))
    return month_of(periods.named(periods.Named.LAST_MONTH, this.first))
