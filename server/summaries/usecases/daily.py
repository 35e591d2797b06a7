"""Count the reports received and the cases closed on each day of a period, as of an instant."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

from server.db import training
from server.db.transactions import Reading
from server.errors import Invalid
from server.records.domain.case_facts import CaseFacts
from server.summaries.domain import contributions, periods
from server.summaries.domain.periods import Period, Span
from server.summaries.store import counted_cases, current_sums, moved_cases
from server.summaries.store.current_sums import CLOSED, RECEIVED, DayCounts
from server.summaries.store.rollup_sums import AreaCondition
from server.summaries.usecases import closure_summary
from server.summaries.usecases.closure_summary import Query, View

DAYS_MOST = 1_100
"""Three years: beyond it nobody reads days, and a thousand years of them would keep everybody waiting."""

WEEK = timedelta(days=6)
"""What lies before a day of the seven whose mean is drawn."""


@dataclass(frozen=True, slots=True)
class DayCount:
    """One day. received: reports that came in; closed: cases closed on it that still were when it ended.

    closed_week: closed on this day and the six before. All None for a day that is still to come at the instant.
    """

    day: date
    received: int | None
    closed: int | None
    closed_week: int | None


def by_day(reading: Reading, query: Query) -> list[DayCount]:
    """Return each day of a period: what the summary of that day alone has as ``reports`` and ``closed_in_period``.

    Raises Invalid for more than DAYS_MOST days, and Invalid and NotFound as ``closure_summary.summarise`` does.
    """
    view = closure_summary.view_of(reading, query)
    period, today = view.period, periods.day_of(view.as_of)
    length = (period.last - period.first).days + 1
    if length > DAYS_MOST:
        raise Invalid(
            f"时段共 {length} 天，按天最多看 {DAYS_MOST} 天；请缩短时段。", field="to", value=str(period.last)
        )
    known = Period(period.first - WEEK, min(period.last, today))
    counts: DayCounts = Counter()
    if period.first <= today and not training.is_on(reading):
        counts = _counts(reading, view, known)
    days = [period.first + timedelta(days=n) for n in range(length)]
    return [_day(day, counts) if day <= today else DayCount(day, None, None, None) for day in days]


def _counts(reading: Reading, view: View, period: Period) -> DayCounts:
    """Return the counts of every day of a period that has begun."""
    if view.area_scope is None:
        found: DayCounts = Counter()
        for case in counted_cases.all_candidates(reading, view.inside, period, view.as_of):
            if view.includes(case):
                found.update(_of_case(case))
        return found
    inside = AreaCondition(view.area_scope)
    found = current_sums.by_day(reading, inside, period)
    if view.as_of < reading.now:
        # As far as the other parts of the summary read them; what came in later adds nothing to these days.
        month_end = periods.containing(Span.MONTH, periods.day_of(view.as_of)).last
        until = Period(period.first, min(view.period.last, month_end))
        for now, then in moved_cases.since(reading, inside, until, view.as_of):
            found.subtract(_of_case(now))
            if then is not None:
                found.update(_of_case(then))
    return found


def _of_case(case: CaseFacts) -> DayCounts:
    """Return what one case adds to each day."""
    found = Counter({key: n for key, n in contributions.contribution(case).items() if key[1] in (RECEIVED, CLOSED)})
    for day, undone_day in contributions.reopenings(case):
        found[day, CLOSED] += undone_day > day
    return found


def _day(day: date, counts: DayCounts) -> DayCount:
    week = sum(counts[periods.number(day - timedelta(days=n)), CLOSED] for n in range(WEEK.days + 1))
    number = periods.number(day)
    return DayCount(day, counts[number, RECEIVED], counts[number, CLOSED], week)
