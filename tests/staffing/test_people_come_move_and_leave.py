"""People come, move to another village, lose a phone and leave; who did what when stays on record."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server import instants
from server.audit.store import chain
from server.errors import Conflict, Invalid, KeyRefused, NotFound
from server.grid.domain.areas import path_of
from server.grid.domain.scope import Scope
from server.grid.store import areas
from server.instants import BEGINNING, FOREVER
from server.people.domain.actors import Role
from server.people.domain.people import checked_window
from server.people.store import bodies, people, vacancies
from server.people.usecases import phone_keys
from server.staffing.usecases import enrolment
from tests.laws import examples
from tests.people.people_county import COUNTY, EVERYTHING, NEXT_UNIT, SECOND_UNIT, TOWN, UNIT, VILLAGE, County, instant


@pytest.fixture
def county(tmp_path):
    made = County(tmp_path)
    yield made
    made.store.close()


def test_a_worker_transfers_on_the_fifteenth_of_may_and_the_old_phone_still_sends(county):
    """Scenario S10 of the domain notes, as far as people go."""
    county.a_worker("gw-102207-01")
    old_phone = county.do(phone_keys.issue, "gw-102207-01")
    county.clock.set("2026-05-10T09:00")

    county.do(enrolment.move_user, "gw-102207-01", area=NEXT_UNIT, at=instant("2026-05-15"))
    county.a_worker("gw-102207-02", starts_at=instant("2026-05-15"))

    county.clock.set("2026-05-14T23:59")
    assert county.caller(old_phone).scope.covers(path_of(UNIT))
    county.clock.set("2026-05-15T00:00")
    assert not county.caller(old_phone).scope.covers(path_of(UNIT))
    assert county.caller(old_phone).scope.covers(path_of(NEXT_UNIT))
    assert county.caller(old_phone).recent_scope().covers(path_of(UNIT))
    assert county.see(people.actor, "gw-102207-02").scope.covers(path_of(UNIT))
    county.clock.set("2026-06-14T00:00")
    assert not county.caller(old_phone).recent_scope().covers(path_of(UNIT))


def test_a_move_without_a_date_happens_now_and_keeps_the_duty_that_was(county):
    county.a_worker()
    county.clock.set("2026-05-20T10:30")

    county.do(enrolment.move_user, "gw-01", area=NEXT_UNIT)

    before, after = county.see(people.duties_of, "gw-01")
    assert (before.area, before.starts_at, before.ends_at) == (UNIT, BEGINNING, county.clock.now)
    assert (after.area, after.starts_at, after.ends_at) == (NEXT_UNIT, county.clock.now, FOREVER)
    assert (after.role, after.body) == (before.role, before.body)


def test_a_worker_of_two_units_leaves_both_when_moved(county):
    county.a_worker()
    county.do(enrolment.add_duty, "gw-01", role=Role.GRID_WORKER, area=SECOND_UNIT)

    county.do(enrolment.move_user, "gw-01", area=NEXT_UNIT)

    assert [duty.area for duty in county.see(people.actor, "gw-01").current] == [NEXT_UNIT]


def test_a_temporary_duty_stays_temporary_when_moved(county):
    county.a_worker(ends_at=instant("2026-07-01"))

    moved = county.do(enrolment.move_user, "gw-01", area=NEXT_UNIT)

    assert moved.ends_at == instant("2026-07-01")


def test_nobody_with_two_roles_is_moved_by_guessing(county):
    county.a_worker()
    county.do(enrolment.add_duty, "gw-01", role=Role.GRID_LEADER, area=VILLAGE)

    with pytest.raises(Invalid, match="网格长"):
        county.do(enrolment.move_user, "gw-01", area=NEXT_UNIT)


def test_a_move_to_where_they_are_is_refused(county):
    county.a_worker()

    with pytest.raises(Conflict, match="第1单元"):
        county.do(enrolment.move_user, "gw-01", area=UNIT)


def test_a_move_before_the_duty_began_is_refused(county):
    county.a_worker(starts_at=instant("2026-05-01"))

    with pytest.raises(Invalid, match="没有岗位"):
        county.do(enrolment.move_user, "gw-01", area=NEXT_UNIT, at=instant("2026-04-01"))


def test_a_refused_move_changes_nothing(county):
    county.a_worker()

    with pytest.raises(Invalid, match="单元"):
        county.do(enrolment.move_user, "gw-01", area=COUNTY)

    assert [duty.ends_at for duty in county.see(people.duties_of, "gw-01")] == [FOREVER]


def test_a_lost_phone_is_shut_out_at_once_and_a_new_key_works(county):
    county.a_worker()
    lost, second = county.do(phone_keys.issue, "gw-01"), county.do(phone_keys.issue, "gw-01")

    new = county.do(enrolment.replace_phone_key, "gw-01")

    for ended in (lost, second):
        with pytest.raises(KeyRefused) as refused:
            county.caller(ended)
        assert refused.value.data["reason"] == "replaced"
    assert county.caller(new).name == "gw-01"


def test_a_new_key_leaves_the_old_phone_working(county):
    county.a_worker()
    first = county.do(phone_keys.issue, "gw-01")

    second = county.do(phone_keys.issue, "gw-01")

    assert first != second
    assert county.caller(first).name == county.caller(second).name == "gw-01"


def test_two_people_who_share_a_phone_are_told_apart_by_their_keys(county):
    county.a_worker("gw-01")
    county.a_worker("gw-02", area=SECOND_UNIT)

    keys = [county.do(phone_keys.issue, name) for name in ("gw-01", "gw-02")]

    assert [county.caller(key).name for key in keys] == ["gw-01", "gw-02"]


def test_a_key_is_long_fits_an_url_and_is_kept_only_as_a_hash(county):
    county.a_worker()

    token = county.do(phone_keys.issue, "gw-01")

    assert len(token) >= 43
    assert all(letter.isascii() and (letter.isalnum() or letter in "-_") for letter in token)
    county.store.close()
    assert token.encode() not in b"".join(file.read_bytes() for file in county.folder.iterdir() if file.is_file())


def test_a_revoked_person_is_refused_at_once(county):
    county.a_worker()
    token = county.do(phone_keys.issue, "gw-01")
    county.clock.set("2026-05-20T08:00")

    county.do(enrolment.revoke_user, "gw-01")

    with pytest.raises(KeyRefused) as refused:
        county.caller(token)
    assert refused.value.data["reason"] == "revoked"
    actor = county.see(people.actor, "gw-01")
    assert actor.current == ()
    assert [duty.ends_at for duty in actor.duties] == [county.clock.now]


@pytest.mark.parametrize(
    "deed",
    [
        lambda county: county.do(phone_keys.issue, "gw-01"),
        lambda county: county.do(enrolment.replace_phone_key, "gw-01"),
        lambda county: county.do(enrolment.revoke_user, "gw-01"),
        lambda county: county.do(enrolment.add_duty, "gw-01", role=Role.GRID_WORKER, area=SECOND_UNIT),
    ],
)
def test_nothing_more_is_given_to_a_revoked_person(county, deed):
    county.a_worker()
    county.do(enrolment.revoke_user, "gw-01")

    with pytest.raises(Conflict, match="已停用"):
        deed(county)


def test_a_duty_to_come_is_called_off_by_revoking(county):
    county.a_worker(starts_at=instant("2026-09-01"))

    county.do(enrolment.revoke_user, "gw-01")

    county.clock.set("2026-10-01T08:00")
    assert county.see(people.actor, "gw-01").current == ()


def test_one_duty_of_two_ends_and_the_other_stays(county):
    county.a_worker()
    second = county.do(enrolment.add_duty, "gw-01", role=Role.GRID_WORKER, area=SECOND_UNIT)

    county.do(enrolment.end_duty, "gw-01", second.id)

    assert [duty.area for duty in county.see(people.actor, "gw-01").current] == [UNIT]


def test_a_duty_not_begun_yet_may_be_called_off(county):
    county.a_worker()
    planned = county.do(
        enrolment.add_duty, "gw-01", role=Role.GRID_WORKER, area=SECOND_UNIT, starts_at=instant("2026-06-01")
    )

    ended = county.do(enrolment.end_duty, "gw-01", planned.id)

    assert ended.starts_at == ended.ends_at
    county.clock.set("2026-06-02T08:00")
    assert [duty.area for duty in county.see(people.actor, "gw-01").current] == [UNIT]


def test_a_duty_cannot_end_twice_or_before_it_began(county):
    duty = county.a_worker(starts_at=instant("2026-04-01")).duties[0]
    county.do(enrolment.end_duty, "gw-01", duty.id, at=instant("2026-04-20"))

    with pytest.raises(Invalid, match="结束得更早"):
        county.do(enrolment.end_duty, "gw-01", duty.id)
    with pytest.raises(Invalid, match="晚于开始时间"):
        county.do(enrolment.end_duty, "gw-01", duty.id, at=instant("2026-03-01"))
    with pytest.raises(Invalid, match="没有这个岗位"):
        county.do(enrolment.end_duty, "gw-01", "no-such-duty")


@pytest.mark.parametrize("name", ["张三", "", "a b", "-a", "a:b", "a/b", "a@b", "x" * 65, "gw\n", "13800000001"])
def test_a_name_that_would_break_urls_or_sign_in_is_refused(county, name):
    with pytest.raises(Invalid, match="用户名"):
        county.a_worker(name)


@pytest.mark.parametrize("display", ["", "  ", "张\n三", "x" * 101])
def test_a_display_name_nobody_could_read_is_refused(county, display):
    with pytest.raises(Invalid, match="名称"):
        county.a_worker(display=display)


def test_a_name_is_taken_whatever_its_case(county):
    county.a_worker("Li")

    with pytest.raises(Conflict, match="Li"):
        county.a_worker("li")


@pytest.mark.parametrize(
    ("role", "area"),
    [
        (Role.GRID_WORKER, COUNTY),
        (Role.GRID_LEADER, UNIT),
        (Role.VILLAGE_OFFICER, TOWN),
        (Role.TOWN_STATION, VILLAGE),
        (Role.BRIGADE, TOWN),
        (Role.COUNTY_ADMIN, VILLAGE),
    ],
)
def test_a_role_that_does_not_fit_the_level_is_refused(county, role, area):
    with pytest.raises(Invalid, match="一级"):
        county.a_worker(area=area, role=role)


def test_unknown_roles_areas_and_bodies_are_refused_and_nobody_is_added(county):
    with pytest.raises(Invalid, match="king"):
        county.a_worker(role="king")
    with pytest.raises(NotFound, match="130630199201"):
        county.a_worker(area="130630199201")
    with pytest.raises(NotFound, match="dept-gas"):
        county.a_worker(body="dept-gas")

    assert county.see(people.list_people, EVERYTHING) == []


def test_a_short_county_code_is_understood(county):
    admin = county.a_worker("admin", area="130630", role=Role.COUNTY_ADMIN)

    assert admin.current[0].area == COUNTY


def test_no_duty_begins_in_an_area_that_has_ended(county):
    july = instant("2026-07-01")
    county.store.write(lambda tx: areas.end(tx, VILLAGE, july, NEXT_UNIT[:12]))

    county.a_worker("before", area=VILLAGE)
    with pytest.raises(Invalid, match="130630106202"):
        county.a_worker("after", area=VILLAGE, starts_at=july)

    county.clock.set("2026-08-01T08:00")
    with pytest.raises(Invalid, match="不在用"):
        county.a_worker("later", area=VILLAGE)
    county.a_worker("long-ago", area=VILLAGE, ends_at=instant("2026-06-01"))


def test_the_same_duty_twice_at_once_is_refused_but_again_later_is_not(county):
    county.a_worker(ends_at=instant("2026-06-01"))

    with pytest.raises(Conflict, match="同样的岗位"):
        county.do(enrolment.add_duty, "gw-01", role=Role.GRID_WORKER, area=UNIT)
    county.do(enrolment.add_duty, "gw-01", role=Role.GRID_WORKER, area=UNIT, starts_at=instant("2026-06-01"))

    assert len(county.see(people.duties_of, "gw-01")) == 2


def test_a_window_that_ends_before_it_begins_is_refused(county):
    with pytest.raises(Invalid, match="晚于开始时间"):
        county.a_worker(starts_at=instant("2026-06-01"), ends_at=instant("2026-05-01"))


minutes = st.integers(0, 600_000).map(lambda number: instants.later(instant("2026-01-01"), timedelta(minutes=number)))


@given(minutes, minutes)
def test_a_window_is_taken_exactly_when_it_holds_some_instant(starts_at, ends_at):
    if starts_at < ends_at:
        assert checked_window(starts_at, ends_at) == (starts_at, ends_at)
    else:
        with pytest.raises(Invalid):
            checked_window(starts_at, ends_at)


@settings(max_examples=examples(25))
@given(moves=st.lists(st.tuples(st.sampled_from([UNIT, SECOND_UNIT, NEXT_UNIT]), st.integers(0, 72)), max_size=6))
def test_however_often_somebody_moves_they_are_in_one_place_at_every_instant(tmp_path_factory, moves):
    county = County(tmp_path_factory.mktemp("county"))
    county.a_worker()
    at = county.clock.now
    for area, hours in moves:
        at = instants.later(at, timedelta(hours=hours, minutes=1))
        county.clock.set(at)
        try:
            county.do(enrolment.move_user, "gw-01", area=area)
        except Conflict:
            continue  # they are there already

    duties = county.see(people.duties_of, "gw-01")
    county.store.close()

    assert all(earlier.ends_at == later.starts_at for earlier, later in pairwise(duties))
    assert (duties[0].starts_at, duties[-1].ends_at) == (BEGINNING, FOREVER)


def test_every_deed_is_in_the_audit_without_any_token(county):
    county.a_worker()
    token = county.do(phone_keys.issue, "gw-01")
    county.do(enrolment.move_user, "gw-01", area=NEXT_UNIT)
    county.do(enrolment.revoke_user, "gw-01")

    entries = county.see(chain.list_about, "gw-01")

    assert {entry.event for entry in entries} == {
        "user.add", "duty.add", "phone_key.issue", "duty.end", "user.revoke",
    }  # fmt: skip
    assert {entry.actor for entry in entries} == {"admin"}
    assert token not in str(entries)


def test_nothing_is_given_to_nobody(county):
    with pytest.raises(NotFound, match="nobody"):
        county.do(phone_keys.issue, "nobody")
    with pytest.raises(NotFound, match="nobody"):
        county.do(enrolment.move_user, "nobody", area=UNIT)


def test_a_village_without_an_officer_is_vacant_until_one_comes(county):
    assert county.see(vacancies.vacant_villages, EVERYTHING.places[0]) == {path_of(VILLAGE), path_of(NEXT_UNIT[:12])}

    county.a_worker("vo", area=VILLAGE, role=Role.VILLAGE_OFFICER, starts_at=instant("2026-05-10"))

    assert path_of(VILLAGE) in county.see(vacancies.vacant_villages, EVERYTHING.places[0])
    assert instant("2026-05-10") in county.see(vacancies.vacancies_change_at, EVERYTHING.places[0])
    county.clock.set("2026-05-10T00:00")
    assert county.see(vacancies.vacant_villages, EVERYTHING.places[0]) == {path_of(NEXT_UNIT[:12])}


def test_a_body_keeps_its_earlier_name_when_it_is_renamed(county):
    county.do(enrolment.add_body, "dept-gas", name="燃气办", kind="department", area=COUNTY, contact="值班室")
    county.clock.set("2026-06-01T08:00")

    county.do(enrolment.rename_body, "dept-gas", name="城市燃气管理办公室")

    assert county.see(bodies.get, "dept-gas").name == "城市燃气管理办公室"
    old, new = county.see(bodies.history, "dept-gas")
    assert (old.name, old.valid_to) == ("燃气办", new.valid_from)
    assert new.contact == "值班室"


def test_a_body_in_use_is_not_overwritten(county):
    county.do(enrolment.add_body, "dept-gas", name="燃气办", kind="department", area=COUNTY)

    with pytest.raises(Conflict, match="燃气办"):
        county.do(enrolment.add_body, "dept-gas", name="别的", kind="department", area=COUNTY)
    with pytest.raises(Invalid, match="department"):
        county.do(enrolment.add_body, "x", name="别的", kind="club", area=COUNTY)
    with pytest.raises(Invalid, match="代码"):
        county.do(enrolment.add_body, "燃气", name="别的", kind="department", area=COUNTY)


def test_a_body_that_ended_is_gone_and_may_begin_again(county):
    county.do(enrolment.add_body, "shop-7", name="演示民宿07", kind="premises", area=UNIT)
    county.clock.set("2026-06-01T08:00")
    county.do(enrolment.end_body, "shop-7")
    with pytest.raises(NotFound):
        county.see(bodies.get, "shop-7")
    county.clock.set("2026-07-01T08:00")

    county.do(enrolment.add_body, "shop-7", name="演示民宿07（新店）", kind="premises", area=UNIT)

    assert county.see(bodies.get, "shop-7").valid_from == county.clock.now


def test_who_acts_for_a_body_sees_it_though_it_lies_elsewhere(county):
    county.do(enrolment.add_body, "dept-gas", name="燃气办", kind="department", area=COUNTY)
    county.do(enrolment.add_body, "shop-7", name="演示民宿07", kind="premises", area=UNIT)
    handler = county.a_worker("wang", area=COUNTY, role=Role.DEPT_HANDLER, body="dept-gas")

    assert [body.code for body in county.see(bodies.list_bodies, handler.scope)] == ["dept-gas"]
    assert [body.code for body in county.see(bodies.list_bodies, Scope(places=(EVERYTHING.places[0],)))] == [
        "dept-gas",
        "shop-7",
    ]
