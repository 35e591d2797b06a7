"""本月, 本季 and 今年 with the ones before, and periods as people ask for them."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import Invalid
from server.summaries.domain import periods
from server.summaries.domain.periods import Against, Named, Period

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

    by_month, by_quarter, by_year = (
        periods.comparison(name, date.fromisoformat(day)) for name in (Named.MONTH, Named.QUARTER, Named.YEAR)
    )

    assert (spelt(by_month.current), spelt(by_month.previous)) == (month, last_month)
    assert (spelt(by_quarter.current), spelt(by_quarter.previous)) == (quarter, last_quarter)
    assert by_year.current == Period(date(year, 1, 1), date(year, 12, 31))
    assert by_year.previous == Period(date(year - 1, 1, 1), date(year - 1, 12, 31))
    assert [comparison.names for comparison in (by_month, by_quarter, by_year)] == [
        ("本月", "上月"), ("本季", "上季"), ("今年", "去年"),
    ]  # fmt: skip


@given(sane, st.sampled_from(Named))
def test_the_one_before_ends_where_the_period_begins(day, name):
    comparison = periods.comparison(name, day)

    if name.is_last:
        assert comparison.current == periods.comparison(Named(name.span), day).previous
    else:
        assert comparison.current.first <= day <= comparison.current.last
    assert comparison.previous.ends_at == comparison.current.starts_at


@pytest.mark.parametrize(
    ("first", "last", "before", "year_ago"),
    [
        ("2026-04-10", "2026-04-19", "2026-03-31 2026-04-09", "2025-04-10 2025-04-19"),
        ("2026-02-01", "2026-03-31", "2025-12-01 2026-01-31", "2025-02-01 2025-03-31"),
        ("2028-02-01", "2028-02-29", "2028-01-01 2028-01-31", "2027-02-01 2027-02-28"),
        ("2027-02-01", "2027-02-28", "2027-01-01 2027-01-31", "2026-02-01 2026-02-28"),
        ("2029-02-01", "2029-02-28", "2029-01-01 2029-01-31", "2028-02-01 2028-02-29"),
        ("2028-02-29", "2028-02-29", "2028-02-28 2028-02-28", "2027-02-28 2027-02-28"),
    ],
)
def test_any_two_days_have_as_many_before_them_and_those_of_the_year_before(first, last, before, year_ago):
    days, today = Period(date.fromisoformat(first), date.fromisoformat(last)), date(2029, 6, 1)

    previous = periods.comparison(days, today)
    earlier = periods.comparison(days, today, Against.YEAR_AGO)

    assert f"{previous.previous.first} {previous.previous.last}" == before
    assert f"{earlier.previous.first} {earlier.previous.last}" == year_ago
    assert (previous.current, previous.names, earlier.names) == (days, ("本期", "上期"), ("本期", "去年同期"))


def test_last_month_and_the_same_days_a_year_ago_have_their_names():
    def named(name: Named, against: Against) -> tuple[str, str]:
        return periods.comparison(name, date(2026, 5, 15), against).names

    assert named(Named.LAST_MONTH, Against.PREVIOUS) == ("上月", "前一月")
    assert named(Named.LAST_QUARTER, Against.YEAR_AGO) == ("上季", "去年同期")
    assert named(Named.LAST_YEAR, Against.YEAR_AGO) == ("去年", "前年同期")


def test_what_stands_beside_is_counted_as_of_as_far_into_its_own_days():
    month = periods.comparison(Named.MONTH, date(2026, 5, 15))
    quarter = periods.comparison(Named.LAST_QUARTER, date(2026, 5, 15))

    assert month.as_of("2026-05-15T02:03:04.567Z") == "2026-04-15T02:03:04.567Z"
    assert quarter.as_of("2026-05-15T02:03:04.567Z") == "2026-02-14T02:03:04.567Z"


@pytest.mark.parametrize(
    ("current", "against", "at", "beside"),
    [
        ("2026-02-01 2026-02-28", Against.PREVIOUS, "2026-02-28T15:59:59.999Z", "2026-01-28T15:59:59.999Z"),
        ("2026-02-01 2026-02-28", Against.PREVIOUS, "2026-02-28T16:00:00.000Z", "2026-01-31T16:00:00.000Z"),
        ("2026-02-01 2026-02-28", Against.PREVIOUS, "2026-03-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z"),
        ("2026-03-01 2026-03-31", Against.PREVIOUS, "2026-04-01T00:00:00.000Z", "2026-03-01T00:00:00.000Z"),
        ("2028-02-01 2028-02-29", Against.YEAR_AGO, "2028-03-01T00:00:00.000Z", "2027-03-01T00:00:00.000Z"),
        ("2026-05-10 2026-05-19", Against.PREVIOUS, "2026-05-20T00:00:00.000Z", "2026-05-10T00:00:00.000Z"),
    ],
)
def test_beside_a_period_that_is_over_stands_one_that_is_over_by_as_much(current, against, at, beside):
    first, last = map(date.fromisoformat, current.split())
    comparison = periods.comparison(Period(first, last), last, against)

    assert comparison.as_of(at) == beside
    assert (at >= comparison.current.ends_at) == (beside >= comparison.previous.ends_at)


@pytest.mark.parametrize(
    ("days", "against"),
    [
        (Named.MONTH, Against.PREVIOUS),
        (Named.LAST_YEAR, Against.YEAR_AGO),
        (Period(date(2000, 1, 1), date(2999, 12, 31)), Against.PREVIOUS),
    ],
)
def test_what_would_stand_in_no_year_is_refused_with_its_cure(days, against):
    comparison = periods.comparison(days, date(2000, 1, 31), against)

    with pytest.raises(Invalid, match="请改用晚一些的时段") as refused:
        comparison.as_of("2000-01-31T02:03:04.567Z")

    assert refused.value.data["field"] == "compare"


NOW = "2026-05-15T02:03:04.567Z"


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-04-30", "2026-04-30T15:59:59.999Z"),
        ("20260430", "2026-04-30T15:59:59.999Z"),
        ("2026-05-15", None),
        ("2026-05-14T00:00", "2026-05-13T16:00:00.000Z"),
        ("2026-05-15T02:03:04.567Z", NOW),
    ],
)
def test_a_date_is_the_end_of_its_day_and_today_is_now(written, instant):
    assert periods.as_of_instant(written, NOW) == instant


@pytest.mark.parametrize(
    "written",
    ["2026-05-16", "2026-05-15T02:03:04.568Z", "9999-12-31", "9999-12-31T23:59:59Z", "0001-01-02", "1999-12-31"],
)
def test_an_instant_to_come_or_of_no_year_is_refused(written):
    with pytest.raises(Invalid) as refused:
        periods.as_of_instant(written, NOW)

    assert refused.value.data["field"] == "as_of"


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
