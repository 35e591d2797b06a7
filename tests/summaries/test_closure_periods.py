"""本月, 本季 and 今年 with the ones before, and periods as people ask for them."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import Invalid
from server.summaries.domain import periods
from server.summaries.domain.periods import Period, Span

sane = st.dates(date(2001, 1, 1), date(2998, 12, 31))


def test_a_period_runs_from_midnight_to_midnight_in_beijing():
    april = periods.between(date(2026, 4, 1), date(2026, 4, 30))

    assert (april.starts_at, april.ends_at) == ("2026-03-31T16:00:00.000Z", "2026-04-30T16:00:00.000Z")
    assert april.holds("2026-03-31T16:00:00.000Z")
    assert not april.holds("2026-03-31T15:59:59.999Z")
    assert april.holds("2026-04-30T15:59:59.999Z")
    assert not april.holds("2026-04-30T16:00:00.000Z")
    assert not april.holds(None)


def test_the_day_of_an_instant_is_the_day_in_beijing():
    assert periods.day_of("2026-03-31T16:00:00.000Z") == date(2026, 4, 1)


@pytest.mark.parametrize(
    ("day", "month", "last_month", "quarter", "last_quarter", "year"),
    [
        ("2026-01-01", "01-01 01-31", "12-01 12-31", "01-01 03-31", "10-01 12-31", 2026),
        ("2026-03-31", "03-01 03-31", "02-01 02-28", "01-01 03-31", "10-01 12-31", 2026),
        ("2028-03-01", "03-01 03-31", "02-01 02-29", "01-01 03-31", "10-01 12-31", 2028),
        ("2026-05-15", "05-01 05-31", "04-01 04-30", "04-01 06-30", "01-01 03-31", 2026),
        ("2026-12-31", "12-01 12-31", "11-01 11-30", "10-01 12-31", "07-01 09-30", 2026),
    ],
)
def test_month_quarter_and_year_of_a_day(day, month, last_month, quarter, last_quarter, year):
    def spelt(period: Period) -> str:
        return f"{period.first:%m-%d} {period.last:%m-%d}"

    by_month, by_quarter, by_year = periods.comparisons(date.fromisoformat(day))

    assert (spelt(by_month.current), spelt(by_month.previous)) == (month, last_month)
    assert (spelt(by_quarter.current), spelt(by_quarter.previous)) == (quarter, last_quarter)
    assert by_year.current == Period(date(year, 1, 1), date(year, 12, 31))
    assert by_year.previous == Period(date(year - 1, 1, 1), date(year - 1, 12, 31))
    assert [comparison.names for comparison in (by_month, by_quarter, by_year)] == [
        ("本月", "上月"), ("本季", "上季"), ("今年", "去年"),
    ]  # fmt: skip


@given(sane, st.sampled_from(Span))
def test_the_one_before_ends_where_the_period_begins(day, span):
    comparison = periods.comparison(span, day)

    assert comparison.current.first <= day <= comparison.current.last
    assert comparison.previous.ends_at == comparison.current.starts_at


@given(sane, st.integers(min_value=0, max_value=800))
def test_the_months_of_a_period_follow_each_other_and_leave_nothing_out(first, length):
    whole = Period(first, min(first + timedelta(days=length), date(2998, 12, 31)))

    parts = [part for _, part in periods.months_of(whole)]

    assert (parts[0].first, parts[-1].last) == (whole.first, whole.last)
    assert all(one.ends_at == two.starts_at for one, two in pairwise(parts))
    assert all(part.first.replace(day=1) == part.last.replace(day=1) for part in parts)


def test_months_are_named_as_they_sort():
    assert [name for name, _ in periods.months_of(Period(date(2025, 12, 31), date(2026, 2, 1)))] == [
        "2025-12", "2026-01", "2026-02",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("first", "last", "field", "said"),
    [
        (date(2026, 5, 1), date(2026, 4, 30), "to", "请对调"),
        (date(26, 5, 1), date(2026, 4, 30), "from", "应在 2000 至 2999 年之间"),
        (date(2026, 5, 1), date.max, "to", "应在 2000 至 2999 年之间"),
    ],
)
def test_a_period_that_cannot_be_is_refused_with_its_cure(first, last, field, said):
    with pytest.raises(Invalid, match=said) as refused:
        periods.between(first, last)

    assert refused.value.data["field"] == field
