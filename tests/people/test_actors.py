"""What a person may see and send follows from their duties and the instant, and from nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server import instants
from server.grid.domain.areas import Place, path_of
from server.grid.domain.scope import Scope
from server.instants import BEGINNING, FOREVER
from server.people.domain.actors import GRACE, WHOLE_AREA_ROLES, Actor, Duty, Role, scope_of

COUNTY, TOWN, VILLAGE, UNIT = "130630000000", "130630106000", "130630106201", "130630106201001"
NEXT_UNIT, NEXT_VILLAGE = "130630106201002", "130630106202"
NOON = "2026-05-15T04:00:00.000Z"

moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)).map(instants.text)  # noqa: DTZ001  # hypothesis wants naive bounds
spans = st.timedeltas(timedelta(0), timedelta(days=90))


@st.composite
def duties(draw):
    starts_at = draw(st.one_of(st.just(BEGINNING), moments))
    ends_at = draw(st.one_of(st.just(FOREVER), moments.filter(lambda at: at > starts_at)))
    role, area = draw(st.sampled_from(list(Role))), draw(st.sampled_from([COUNTY, TOWN, VILLAGE, UNIT, NEXT_VILLAGE]))
    return Duty(role, area, draw(st.sampled_from([None, "dept-gas"])), starts_at, ends_at)


def an_actor(*held: Duty, at: str = NOON) -> Actor:
    return Actor("gw-1", "网格员甲", at, held)


def until(instant: str, role: Role = Role.GRID_WORKER, area: str = UNIT) -> Duty:
    return Duty(role, area, ends_at=instant)


def days_after(instant: str, days: float) -> str:
    return instants.later(instant, timedelta(days=days))


def test_a_unit_worker_sees_the_unit_and_the_village_itself_but_no_other_unit():
    scope = an_actor(Duty(Role.GRID_WORKER, UNIT)).scope

    assert scope.covers(path_of(UNIT))
    assert scope.covers(path_of(VILLAGE))
    assert not scope.covers(path_of(NEXT_UNIT))
    assert not scope.covers(path_of(TOWN))


def test_a_village_officer_sees_every_unit_of_the_village_and_nothing_beside_it():
    scope = an_actor(Duty(Role.VILLAGE_OFFICER, VILLAGE)).scope

    assert scope.covers(path_of(UNIT))
    assert scope.covers(path_of(NEXT_UNIT))
    assert not scope.covers(path_of(NEXT_VILLAGE))


@pytest.mark.parametrize("role", sorted(WHOLE_AREA_ROLES))
def test_a_role_of_the_whole_area_sees_all_that_lies_inside(role):
    scope = an_actor(Duty(role, TOWN)).scope

    assert scope == Scope(places=(Place(path_of(TOWN)),), person="gw-1")


@pytest.mark.parametrize("role", sorted(set(Role) - WHOLE_AREA_ROLES))
def test_who_acts_for_a_body_sees_what_is_given_to_it_and_no_area(role):
    scope = an_actor(Duty(role, COUNTY, "dept-gas")).scope

    assert scope.places == ()
    assert not scope.covers(path_of(UNIT))
    assert scope.assignees == ("user:gw-1", "body:dept-gas")


def test_a_duty_inside_another_adds_nothing_to_the_scope():
    scope = an_actor(Duty(Role.TOWN_STATION, TOWN), Duty(Role.GRID_LEADER, VILLAGE)).scope

    assert scope.places == (Place(path_of(TOWN)),)


def test_a_worker_who_left_has_empty_lists_even_of_their_own_reports():
    scope = an_actor(until(NOON)).scope

    assert scope == Scope()
    assert scope.assignees == ()


def test_a_worker_who_left_may_send_for_thirty_days_and_not_an_instant_longer():
    left = until("2026-05-15T00:00:00.000Z")
    last_instant = instants.later(days_after(left.ends_at, 30), -timedelta(milliseconds=1))

    assert an_actor(left, at=last_instant).may_send()
    assert not an_actor(left, at=days_after(left.ends_at, 30)).may_send()


def test_a_phone_set_up_before_the_first_day_of_duty_may_send():
    tomorrow = Duty(Role.GRID_WORKER, UNIT, starts_at=days_after(NOON, 1))

    assert an_actor(tomorrow).may_send()
    assert an_actor(tomorrow).scope == Scope()


def test_a_duty_that_was_called_off_before_it_began_gives_nothing():
    called_off = Duty(Role.GRID_WORKER, UNIT, starts_at=days_after(NOON, 1), ends_at=days_after(NOON, 1))

    assert not an_actor(called_off).may_send()


def test_a_moved_worker_is_judged_by_both_areas_for_thirty_days():
    moved_at = "2026-05-15T00:00:00.000Z"
    before, after = until(moved_at), Duty(Role.GRID_WORKER, NEXT_VILLAGE, starts_at=moved_at)

    actor = an_actor(before, after, at=days_after(moved_at, 10))

    assert not actor.scope.covers(path_of(UNIT))
    assert actor.recent_scope().covers(path_of(UNIT))
    assert actor.recent_scope().covers(path_of(NEXT_VILLAGE))
    assert not an_actor(before, after, at=days_after(moved_at, 31)).recent_scope().covers(path_of(UNIT))


def test_nobody_without_duties_may_send_or_see():
    assert not an_actor().may_send()
    assert an_actor().scope == an_actor().recent_scope() == Scope()


@given(duties(), moments)
def test_a_window_is_half_open(duty, at):
    assert duty.holds_at(at) == (duty.starts_at <= at < duty.ends_at)
    assert not duty.holds_at(duty.ends_at)


@given(duties(), moments, moments)
def test_a_duty_held_at_any_instant_of_a_span_was_held_in_it(duty, one, other):
    earliest, latest = sorted((one, other))

    assert duty.held_since(earliest, latest) >= (duty.holds_at(earliest) or duty.holds_at(latest))
    if not duty.held_since(earliest, latest):
        assert latest < duty.starts_at or duty.ends_at <= earliest


@given(st.lists(duties(), max_size=4), moments, spans)
def test_what_somebody_sees_now_they_saw_recently_for_the_whole_grace(held, at, span):
    now, soon = an_actor(*held, at=at), an_actor(*held, at=instants.later(at, span))
    paths = [path_of(area) for area in (COUNTY, TOWN, VILLAGE, UNIT, NEXT_UNIT, NEXT_VILLAGE)]

    seen = [path for path in paths if now.scope.covers(path)]

    assert all(now.recent_scope().covers(path) for path in seen)
    if span < GRACE:
        assert all(soon.recent_scope().covers(path) for path in seen)
        assert soon.may_send() >= bool(now.current)


@given(st.lists(duties(), max_size=5))
def test_a_scope_covers_exactly_what_its_duties_cover(held):
    scope = scope_of("gw-1", tuple(held))

    for area in (COUNTY, TOWN, VILLAGE, UNIT, NEXT_UNIT, NEXT_VILLAGE):
        whole = [duty for duty in held if duty.role in WHOLE_AREA_ROLES]
        assert scope.covers(path_of(area)) == any(duty.covers(path_of(area)) for duty in whole)
    assert len(scope.places) == len(set(scope.places))
    assert not any(a != b and a.holds(b.path) for a in scope.places for b in scope.places)
