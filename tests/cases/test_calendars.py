"""Working days: weekends, the State Council's holidays and its working weekends, and a year that a county loads."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.cases.domain import calendar_rows
from server.cases.domain.calendars import STATUTORY, Calendar, CalendarDay, DayKind, calendar_of, shipped
from server.cases.store import calendars as stored
from server.cases.usecases import calendars
from server.errors import CalendarRefused, Unreadable
from tests.county import County

A_YEAR = "日期,类别,名称\n" + "".join(f"2027-{month:02}-{day:02},放假,假日\n" for month, day in STATUTORY)
DAYS = st.dates(date(2025, 12, 1), date(2027, 2, 1))


@pytest.mark.parametrize(
    ("day", "count", "due"),
    [
        ("2026-04-12", 3, "2026-04-15"),  # a Sunday: the golden example, R05
        ("2026-04-21", 3, "2026-04-24"),  # R12
        ("2026-04-03", 1, "2026-04-07"),  # Friday before 清明节, whose Monday is off
        ("2026-02-13", 2, "2026-02-24"),  # 14 February is worked, then 春节 until the 23rd
        ("2026-09-30", 1, "2026-10-08"),  # 国庆节
        ("2026-10-08", 2, "2026-10-10"),  # a Saturday that is worked
        ("2026-12-31", 1, "2027-01-01"),  # nothing is known of 2027: Monday to Friday
    ],
)
def test_working_days_are_counted_as_the_state_council_arranged_them(day, count, due):
    assert shipped().working_day_after(date.fromisoformat(day), count) == date.fromisoformat(due)


@given(DAYS, st.integers(1, 30))
def test_the_last_of_some_working_days_is_one_and_so_many_lie_between(day, count):
    due = shipped().working_day_after(day, count)
    between = [day + timedelta(days=n) for n in range(1, (due - day).days + 1)]

    assert shipped().is_working(due)
    assert sum(shipped().is_working(each) for each in between) == count


def test_a_loaded_year_replaces_the_shipped_one_as_a_whole():
    calendar = calendar_of([CalendarDay(date(2026, 7, 1), DayKind.OFF, "本县放假")], [2026])

    assert not calendar.is_working(date(2026, 7, 1))
    assert calendar.is_working(date(2026, 10, 1)), "what the shipped year said of other days is gone with it"


def test_a_year_that_is_not_known_goes_by_weekdays():
    calendar = Calendar({}, frozenset({2026}))

    assert [calendar.is_working(date(2027, 1, day)) for day in (1, 2, 3)] == [True, False, False]


def test_a_loaded_year_is_kept_shown_and_on_record(county: County):
    days = calendars.read(("\ufeff" + A_YEAR + "2027/2/6,上班,春节调休\n").encode())

    years = county.do(calendars.load, days, "command")

    with county.store.reading() as reading:
        assert years == (2027,)
        assert [(each.year, each.loaded_by) for each in stored.years(reading)] == [(2026, None), (2027, "command")]
        assert ("2027-02-06", "上班", "春节调休") in list(calendars.rows(reading, 2027))
        assert stored.calendar(reading).is_working(date(2027, 2, 6))
        assert not stored.calendar(reading).is_working(date(2027, 10, 1))
        assert reading.sql.value("SELECT subject FROM audit WHERE action = 'calendar.load'") == "2027"


def test_the_year_to_come_is_missed_a_month_before_it_begins():
    days = (date(2026, 11, 29), date(2026, 12, 2), date(2027, 5, 1))

    assert [Calendar({}, frozenset({2026})).missing_year(day) for day in days] == [None, 2027, 2027]
    assert "firegrid calendar load" in calendars.missing_year_words(2027)


@pytest.mark.parametrize(
    ("rows", "line", "column", "reason"),
    [
        ("2027-13-01,放假,", 8, "day", "不是日期"),
        (",放假,春节", 8, "day", "没有日期"),
        ("2027-02-06,半天,", 8, "kind", "没有这个类别"),
        ("2027-02-08,上班,", 8, "kind", "本来就上班"),
        ("2027-10-01,放假,", 8, "day", "写了两次"),
        ("2028-02-05,放假,春节", 0, "day", "2028年缺法定节假日"),
    ],
)
def test_every_bad_row_is_named_with_its_cure_and_nothing_is_taken(rows, line, column, reason):
    with pytest.raises(CalendarRefused) as refused:
        calendars.read(f"{A_YEAR}{rows}\n".encode())

    (fault,) = refused.value.data["errors"]
    assert (fault["line"], fault["column"]) == (line, column)
    assert reason in fault["reason"] and fault["cure"]


def test_a_file_without_the_columns_is_no_calendar_and_one_without_days_is_refused():
    with pytest.raises(Unreadable, match="日期"):
        calendars.read("代码,名称\n130630,涞源县\n".encode())
    with pytest.raises(CalendarRefused, match="1 处"):
        calendars.read("日期,类别\n".encode())
    assert calendar_rows.NAME_CHARS_MAX < 100
