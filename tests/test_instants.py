"""Instants are text whose order is the order of time, and the days of the county are Beijing's."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server import instants

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=ZONES)  # noqa: DTZ001 - the zone comes


def to_the_millisecond(moment: datetime) -> datetime:
    at = moment.astimezone(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


@given(MOMENTS, MOMENTS)
def test_the_order_of_the_text_is_the_order_of_time(one, other):
    earlier = instants.text(one) < instants.text(other)

    assert earlier == (to_the_millisecond(one) < to_the_millisecond(other))


@given(MOMENTS)
def test_what_was_written_is_read_back_to_the_millisecond(moment):
    assert instants.parse(instants.text(moment)) == to_the_millisecond(moment)


def test_a_moment_without_an_offset_is_no_instant():
    with pytest.raises(ValueError, match="needs an offset"):
        instants.text(datetime(2026, 11, 24, 9))  # noqa: DTZ001 - that is the point


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-11-24", "2026-11-23T16:00:00.000Z"),
        ("2026-11-24T09:00", "2026-11-24T01:00:00.000Z"),
        ("2026-11-24T09:00:00.120+08:00", "2026-11-24T01:00:00.120Z"),
        (" 2026-11-24T09:00:00Z ", "2026-11-24T09:00:00.000Z"),
    ],
)
def test_text_without_an_offset_is_beijing_time(said, meant):
    assert instants.text(instants.parse(said)) == meant


@pytest.mark.parametrize("said", ["", "yesterday", "2026-02-30", "0001-01-01T00:00", "9999-12-31T23:00-10:00"])
def test_what_names_no_moment_of_utc_is_refused(said):
    with pytest.raises(ValueError):  # noqa: PT011 - the standard library's own words, and ours
        instants.parse(said)


def test_a_day_of_the_county_begins_at_midnight_in_beijing():
    assert instants.local_day("2026-11-24T15:59:59.999Z") == "2026-11-24"
    assert instants.local_day("2026-11-24T16:00:00.000Z") == "2026-11-25"
    assert instants.beginning_of(date(2026, 11, 24)) == "2026-11-23T16:00:00.000Z"
    assert instants.end_of(date(2026, 11, 24)) == "2026-11-24T16:00:00.000Z"


def test_the_first_and_the_last_day_of_all_end_where_instants_do():
    assert instants.beginning_of(date.min) == instants.BEGINNING < instants.end_of(date.min)
    assert instants.beginning_of(date.max) < instants.end_of(date.max) == instants.FOREVER


@pytest.mark.parametrize(
    ("instant", "is_recent"),
    [
        ("2026-11-24T03:59:00.000Z", False),
        ("2026-11-24T03:59:00.001Z", True),
        ("2026-11-24T04:00:00.000Z", True),
        ("2026-11-24T04:00:00.001Z", False),
    ],
)
def test_recent_is_what_has_been_and_not_what_a_clock_that_was_ahead_has_written(instant, is_recent):
    assert instants.is_recent(instant, timedelta(minutes=1), "2026-11-24T04:00:00.000Z") is is_recent
