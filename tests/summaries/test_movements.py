"""A past instant says what was known then, whichever days are kept: none, all, or some with gaps between."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server import instants
from server.db.database import Database
from server.db.transactions import Transaction
from server.grid.domain.areas import code_of
from server.grid.store import areas
from server.instants import BEIJING
from server.records.domain import case_facts
from server.records.domain.case_steps import Step
from server.records.domain.status import Status
from server.summaries.domain import periods
from server.summaries.domain.periods import Period
from server.summaries.store import figure_recording, moved_cases, movements
from server.summaries.usecases.groupings import Grouping
from tests.summaries.case_histories import (
    UNITS,
    a_case,
    end_of,
    histories,
    on,
    step,
)
from tests.summaries.kept_days import A_TOWN, A_VILLAGE, APRIL, COUNTY, a_county, by_hand, keep, lived, told

VIEWS = [
    (COUNTY, Grouping.TOWN), (COUNTY, Grouping.MONTH), (COUNTY, Grouping.VILLAGE), (A_TOWN, Grouping.TOWN),
    (A_TOWN, Grouping.MONTH), (A_VILLAGE, Grouping.MONTH),
]  # fmt: skip
towns = st.lists(histories(corrections=True), max_size=8, unique_by=lambda history: history.id)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    made = a_county(tmp_path_factory.mktemp("days") / "data")
    yield made
    made.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    towns, st.integers(50, 280), st.integers(0, 23), st.integers(0, 60 * 24), st.integers(0, 30),
    st.sampled_from(VIEWS), st.none() | st.integers(0, 40),
)  # fmt: skip
def test_a_past_instant_says_what_was_known_then_whichever_days_are_kept(
    store, town, day, hour, back, offset, view, gap
):
    scope, by = view
    now = datetime(2026, 1, 1, hour, tzinfo=BEIJING) + timedelta(days=day)
    then = now - timedelta(hours=back)
    lived(store, town, instants.text(now))
    days = keep(store, then.date())
    if gap is not None and gap < len(days):
        store.write(lambda tx: movements.empty(tx, days[gap]))
    first = then.date() - timedelta(days=min(offset, then.day - 1))
    window = periods.containing(periods.Span.MONTH, first) if offset % 2 else Period(first, then.date())

    result = told(store, scope, by, window, instants.text(then))

    assert result == by_hand(town, scope, by, window, instants.text(then))


REPORTED, HANDLED = step("report", "04-01"), step("feedback", "04-05", result_code="fixed")


def given_out(due: str, closed_by: str) -> tuple[Step, Step]:
    """Return the steps of a case that was reported and given out, with the last days of both limits."""
    return REPORTED, step("assign", "04-02", due=due, close_due=date.fromisoformat(f"2026-{closed_by}"))


LATE, IN_TIME = given_out("04-08", "04-10"), given_out("04-28", "05-04")
CLOSED = (*IN_TIME, HANDLED, step("close", "04-06"))
BY_NOON = (REPORTED, step("assign", "04-02", status=Status.ASSIGNED)._replace(close_due_at=on("04-19", "12:00")))
LATER = {
    "reported": (step("report", "04-21"),),
    "registered": (REPORTED, step("register", "04-21")),
    "registered after more than a day": (step("report", "04-19"), step("register", "04-21")),
    "given out": (REPORTED, step("assign", "04-21", due="04-28", close_due=date(2026, 5, 4))),
    "given back": (*IN_TIME, step("return", "04-21")),
    "handled": (*IN_TIME, step("feedback", "04-21", result_code="fixed")),
    "handled late": (*LATE, step("feedback", "04-21")),
    "handled late, to be closed later": (*given_out("04-08", "05-04"), step("feedback", "04-21")),
    "closed": (*IN_TIME, HANDLED, step("close", "04-21")),
    "closed late": (*LATE, step("feedback", "04-12"), step("close", "04-21")),
    "extended late": (*LATE, step("extend", "04-21", due="05-01", close_due=date(2026, 5, 10))),
    "extended in time": (*IN_TIME, step("extend", "04-21", due="05-01", close_due=date(2026, 5, 10))),
    "suspended late": (*LATE, step("suspend", "04-21")),
    "suspended a day late": (*given_out("04-15", "04-20"), step("suspend", "04-21")),
    "closed in time, reopened": (
        *given_out("04-15", "04-20"), HANDLED, step("close", "04-06"), step("reopen", "04-21", due="04-30")),
    "due by noon, extended": (*BY_NOON, step("extend", "04-21", due="05-01", close_due=date(2026, 5, 10))),
    "reworked": (*IN_TIME, HANDLED, step("rework", "04-21", due="04-30")),
    "reopened": (*CLOSED, step("reopen", "04-21", due="04-30")),
    "closed, made void": (*CLOSED, step("void", "04-21")),
    "merged": (REPORTED, step("register", "04-02"), step("merge", "04-21")),
    "transferred": (*IN_TIME, step("transfer", "04-21")),
    "supervised": (*IN_TIME, step("supervise", "04-21")),
    "checked again": (*CLOSED, step("recheck", "04-21")),
    "carried over": (step("carry_over", "04-21"),),
}  # fmt: skip
"""What a step on 21 April does to a case, of which the days before it know nothing."""
INSTANTS = [
    on("04-19", "08:00"), on("04-19", "23:59"), on("04-20", "08:59"), on("04-20", "23:59"), on("04-21", "08:59"),
    on("04-21", "09:00"),
]  # fmt: skip


@pytest.mark.parametrize("by", [Grouping.TOWN, Grouping.MONTH, Grouping.VILLAGE])
@pytest.mark.parametrize("now", [on("04-21", "12:00"), end_of("04-29")], ids=["on the day itself", "days later"])
@pytest.mark.parametrize("became", LATER)
def test_what_became_of_a_case_later_is_not_told_as_of_before(store, became, now, by):
    town = [a_case("1", *LATER[became]), a_case("2", step("report", "04-03"), path=UNITS[2])]
    lived(store, town, now)
    keep(store, date(2026, 4, 18))

    for then in INSTANTS:
        assert told(store, COUNTY, by, APRIL, then) == by_hand(town, COUNTY, by, APRIL, then), then


@pytest.mark.parametrize("by", [Grouping.TOWN, Grouping.MONTH])
@pytest.mark.parametrize("became", LATER)
def test_a_period_that_had_ended_by_the_instant_says_what_was_known_of_it_then(store, became, by):
    town, ended, then = [a_case("1", *LATER[became])], Period(APRIL.first, date(2026, 4, 10)), on("04-22")
    lived(store, town, end_of("04-29"))
    keep(store, date(2026, 4, 18))

    assert told(store, COUNTY, by, ended, then) == by_hand(town, COUNTY, by, ended, then)


def test_a_village_that_another_town_took_in_counts_there_on_every_day(tmp_path):
    village, heir = "130630/100/202", "130630101201"
    town = [a_case("1", *LATER["closed"], path=f"{village}/001"), a_case("2", *LATER["reworked"], path=UNITS[2])]
    store = a_county(tmp_path / "data")
    lived(store, town, on("04-29"))
    store.write(lambda tx: areas.end(tx, code_of(village), on("04-15"), heir))
    keep(store, date(2026, 4, 1))

    rows = told(store, COUNTY, Grouping.TOWN, APRIL, on("04-20")).rows

    store.close()
    assert [row.figures.counts["closed"] for row in rows] == [0, 0]
    assert [row.figures.counts["cases"] for row in rows] == [0, 2]


@pytest.mark.parametrize("by", [Grouping.TOWN, Grouping.MONTH])
def test_a_case_that_took_two_steps_by_a_clock_that_was_set_back_between_them_is_told_alike(store, by):
    ahead = step("feedback", "04-21")._replace(at=on("04-21", "00:30"))
    right = step("rework", "04-20", due="04-30")._replace(at=on("04-20", "23:00"))
    lived(store, [], on("04-25", "12:00"))
    store.write(lambda tx: in_order_of_versions(tx, "1", (*IN_TIME, ahead, right)))
    instants = [*INSTANTS, on("04-15"), on("04-21", "00:29"), on("04-22"), on("04-24")]
    without = [told(store, COUNTY, by, APRIL, then) for then in instants]

    keep(store, date(2026, 4, 1))

    assert [told(store, COUNTY, by, APRIL, then) for then in instants] == without


def in_order_of_versions(tx: Transaction, id: str, steps: tuple[Step, ...]) -> None:
    """Write the steps of a case as its versions follow each other, whatever their instants."""
    facts = None
    for version, each in enumerate(steps, start=1):
        before = facts
        facts = case_facts.begun(id, UNITS[0], "lane", each) if before is None else case_facts.after(before, each)
        figure_recording.record(tx, before, facts, each, version)


def test_whole_days_are_gone_back_over_without_looking_at_the_cases_that_changed_on_them(store, monkeypatch):
    town = [a_case(f"{n}", step("report", "04-01"), step("register", f"04-{n:02}")) for n in range(2, 28)]
    lived(store, town, on("04-28", "12:00"))
    keep(store, date(2026, 4, 1))
    seen = []
    once = moved_cases.steps_taken.until
    monkeypatch.setattr(moved_cases.steps_taken, "until", lambda *asked: seen.extend(asked[1]) or once(*asked))
    then = on("04-10", "08:00")

    result = told(store, COUNTY, Grouping.TOWN, APRIL, then)

    assert result == by_hand(town, COUNTY, Grouping.TOWN, APRIL, then)
    assert seen == ["10"]  # registered an hour after the instant
