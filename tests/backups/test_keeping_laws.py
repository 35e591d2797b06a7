"""Which sets are kept, and when the next is due, for any history at all."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server import dated, instants
from server.backups.domain import keeping

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
RULES = dated.rows_at("backup_keep", instants.text(NOW))
histories = st.lists(
    st.integers(0, 900 * 24 * 60).map(lambda minutes: instants.text(NOW - timedelta(minutes=minutes))), max_size=60
)


def at(text: str) -> str:
    return instants.text(datetime.fromisoformat(text))


@given(histories)
def test_the_newest_is_kept_and_never_more_than_the_table_says(made_at):
    kept = keeping.kept(made_at, RULES)

    assert kept <= set(made_at)
    assert not made_at or max(made_at) in kept
    assert len(kept) <= 7 + 4 + 12


@given(histories)
def test_what_goes_once_would_go_again_and_what_is_kept_is_kept(made_at):
    kept = keeping.kept(made_at, RULES)

    assert keeping.kept(kept, RULES) == kept


@given(histories)
def test_each_of_the_last_seven_days_with_a_backup_keeps_one(made_at):
    kept = keeping.kept(made_at, RULES)

    days = sorted({instants.local_day(each) for each in made_at}, reverse=True)[:7]
    assert set(days) <= {instants.local_day(each) for each in kept}


def test_a_year_of_nights_leaves_seven_days_four_weeks_and_twelve_months():
    nights = [instants.text(NOW - timedelta(days=days)) for days in range(400)]

    days = sorted(instants.local_day(each) for each in keeping.kept(nights, RULES))

    assert days[-7:] == [f"2026-11-{day}" for day in range(24, 31)]
    # 11-29 and 11-22 end their weeks; 11-30 is a Monday, so that the fourth week ends on 11-15.
    assert days[-9:-7] == ["2026-11-15", "2026-11-22"]
    assert days[:-9] == [
        *("2025-12-31", "2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"),
        *("2026-06-30", "2026-07-31", "2026-08-31", "2026-09-30", "2026-10-31"),
    ]


@pytest.mark.parametrize(
    ("finished_at", "failed_at", "is_due", "why"),
    [
        ("", "", True, "there is none"),
        ("2026-11-30T02:29:00+08:00", "", True, "half past two has passed since"),
        ("2026-11-30T02:31:00+08:00", "", False, "it was made after half past two"),
        ("2026-11-29T02:31:00+08:00", "2026-11-30T08:30:00+08:00", False, "a try failed half an hour ago"),
        ("2026-11-29T02:31:00+08:00", "2026-11-30T07:59:00+08:00", True, "a try failed more than an hour ago"),
        ("2027-11-30T02:31:00+08:00", "", True, "the clock was set back by a year"),
        ("", "2027-11-30T02:31:00+08:00", True, "the clock was set back since a try failed"),
    ],
)
def test_one_is_due_once_its_time_has_passed(finished_at, failed_at, is_due, why):
    now = at("2026-11-30T09:00:00+08:00")
    finished, failed = (at(each) if each else "" for each in (finished_at, failed_at))

    assert keeping.is_due(finished, failed, now, [time(2, 30)]) is is_due, why


def test_several_times_a_day_are_each_due():
    times = [time(2, 30), time(14, 30)]
    finished = at("2026-11-30T02:35:00+08:00")

    assert not keeping.is_due(finished, "", at("2026-11-30T14:29:00+08:00"), times)
    assert keeping.is_due(finished, "", at("2026-11-30T14:30:00+08:00"), times)


def test_before_the_first_time_of_a_day_that_of_the_day_before_counts():
    assert not keeping.is_due(at("2026-11-29T23:00:00+08:00"), "", at("2026-11-30T01:00:00+08:00"), [time(22)])
    assert keeping.is_due(at("2026-11-29T21:00:00+08:00"), "", at("2026-11-30T01:00:00+08:00"), [time(22)])
