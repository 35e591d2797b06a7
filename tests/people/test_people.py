"""The store of people finds the caller behind a key in one query, and shows each reader their own part of the list."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from server.db import database
from server.errors import KeyRefused, NotFound
from server.grid.domain.areas import Area, Level, Place
from server.grid.domain.scope import Scope
from server.grid.store import areas
from server.people.domain.actors import Actor, Duty, Role, scope_of
from server.people.domain.passwords import PasswordState
from server.people.store import accounts, field_clients, people
from tests.county import new_database
from tests.sql_steps import steps_of

COUNTY, TOWN, VILLAGE, UNIT, NEXT_VILLAGE = (
    "130630000000", "130630106000", "130630106201", "130630106201001", "130630106202",
)  # fmt: skip
NOON = datetime(2026, 5, 15, 4, 0, tzinfo=UTC)
EVERYTHING = Scope(places=(Place("130630"),))


class Clock:
    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(tmp_path, clock):
    new_database(tmp_path)
    opened = database.open_inline(tmp_path, clock=clock)
    opened.write(
        lambda tx: areas.add(
            tx,
            [
                Area(COUNTY, "涞源县", Level.COUNTY, None),
                Area(TOWN, "白石山镇", Level.TOWN, COUNTY),
                Area(VILLAGE, "荆山口村", Level.VILLAGE, TOWN),
                Area(UNIT, "第1单元", Level.UNIT, VILLAGE),
                Area(NEXT_VILLAGE, "花园村", Level.VILLAGE, TOWN),
            ],
        )
    )
    yield opened
    opened.close()


def enrolled(store, name, *duties, key=None):
    def work(tx):
        accounts.add(tx, name, f"显示{name}", None, PasswordState.OWN)
        for duty in duties:
            people.add_duty(tx, name, duty)
        return people.add_key(tx, name, key) if key else ""

    return store.write(work)


def see(store, look, *args):
    with store.reading() as reading:
        found = look(reading, *args)
        return found if isinstance(found, Actor) else list(found)


def listed(store, scope, *page):
    return [person.name for person in see(store, people.list_people, scope, *page)]


def test_a_key_finds_its_holder_with_every_duty(store):
    past = Duty(Role.GRID_WORKER, UNIT, ends_at="2026-05-01T00:00:00.000Z")
    present = Duty(Role.GRID_LEADER, VILLAGE, starts_at="2026-05-01T00:00:00.000Z")
    key_id = enrolled(store, "gw-1", past, present, key="secret")

    caller = see(store, people.actor_by_key, "secret")

    assert (caller.name, caller.display, caller.key_id) == ("gw-1", "显示gw-1", key_id)
    assert [(duty.role, duty.area) for duty in caller.duties] == [(past.role, UNIT), (present.role, VILLAGE)]
    assert [duty.role for duty in caller.current] == [Role.GRID_LEADER]


def test_a_holder_without_any_duty_is_found_too(store):
    enrolled(store, "gw-1", key="secret")

    assert see(store, people.actor_by_key, "secret").duties == ()


@pytest.mark.parametrize("token", ["", "other", "SECRET", "secret ", "密钥", "x" * 10_000])
def test_an_unknown_key_is_refused(store, token):
    enrolled(store, "gw-1", key="secret")

    with pytest.raises(KeyRefused) as refused:
        see(store, people.actor_by_key, token)

    assert refused.value.data["reason"] == "unknown"


def test_finding_the_caller_behind_a_key_costs_the_same_however_many_keys_there_are(store):
    def cost():
        return steps_of(store, lambda reading: people.actor_by_key(reading, "secret-7"))

    for number in range(10):
        enrolled(store, f"gw-{number}", Duty(Role.GRID_WORKER, UNIT), key=f"secret-{number}")
    see(store, people.actor_by_key, "secret-7")  # duties are read once and kept
    before = cost()

    for number in range(10, 300):
        enrolled(store, f"gw-{number}", Duty(Role.GRID_WORKER, UNIT), key=f"secret-{number}")
    see(store, people.actor_by_key, "secret-7")

    assert cost() == before


def test_the_last_contact_is_written_at_most_once_a_minute(store, clock):
    key_id = enrolled(store, "gw-1", key="secret")
    assert not people.seen_recently(see(store, people.actor_by_key, "secret"))

    store.write(lambda tx: people.touch_key(tx, key_id, "collect:abc", "ODK Collect 2026.3"))

    clock.at = NOON + timedelta(seconds=59)
    assert people.seen_recently(see(store, people.actor_by_key, "secret"))
    clock.at = NOON + timedelta(seconds=60)
    assert not people.seen_recently(see(store, people.actor_by_key, "secret"))


def test_a_contact_under_a_clock_that_was_a_year_ahead_is_written_over_by_the_next(store, clock):
    key_id = enrolled(store, "gw-1", key="secret")
    clock.at = NOON + timedelta(days=365)
    store.write(lambda tx: people.touch_key(tx, key_id, "collect:abc", "ODK Collect 2026.3"))
    store.write(lambda tx: field_clients.record(tx, "gw-1", "laptop", "fieldsync", 0, ""))

    clock.at = NOON

    assert not people.seen_recently(see(store, people.actor_by_key, "secret"))
    with store.reading() as reading:
        assert field_clients.is_due(reading, "gw-1", "laptop", 0, None)


def test_a_contact_that_does_not_name_the_phone_keeps_what_is_known(store):
    key_id = enrolled(store, "gw-1", key="secret")
    store.write(lambda tx: people.touch_key(tx, key_id, "collect:abc", "ODK Collect 2026.3"))

    store.write(lambda tx: people.touch_key(tx, key_id, None, None))

    with store.reading() as reading:
        (phone,) = people.get(reading, "gw-1", Scope(person="gw-1")).phones
    assert (phone.device, phone.app_version) == ("collect:abc", "ODK Collect 2026.3")
    assert phone.last_seen_at == "2026-05-15T04:00:00.000Z"


def test_a_reader_sees_the_people_of_their_area_and_themselves(store):
    enrolled(store, "worker", Duty(Role.GRID_WORKER, UNIT))
    enrolled(store, "officer", Duty(Role.VILLAGE_OFFICER, VILLAGE))
    enrolled(store, "neighbour", Duty(Role.VILLAGE_OFFICER, NEXT_VILLAGE))
    enrolled(store, "brigade", Duty(Role.BRIGADE, COUNTY))

    assert listed(store, EVERYTHING) == ["brigade", "neighbour", "officer", "worker"]
    assert listed(store, scope_of("officer", (Duty(Role.VILLAGE_OFFICER, VILLAGE),))) == ["officer", "worker"]
    assert listed(store, scope_of("wang", (Duty(Role.DEPT_HANDLER, COUNTY, "dept-gas"),))) == []
    assert listed(store, Scope()) == []


def test_somebody_out_of_scope_is_not_told_apart_from_nobody(store):
    enrolled(store, "neighbour", Duty(Role.VILLAGE_OFFICER, NEXT_VILLAGE))
    scope = scope_of("officer", (Duty(Role.VILLAGE_OFFICER, VILLAGE),))

    messages = set()
    for name in ("neighbour", "nobody"):
        with store.reading() as reading, pytest.raises(NotFound) as refused:
            people.get(reading, name, scope)
        messages.add(refused.value.message.replace(name, ""))

    assert len(messages) == 1


def test_pages_follow_each_other_without_gap_or_repeat(store):
    for number in range(7):
        enrolled(store, f"gw-{number}", Duty(Role.GRID_WORKER, UNIT))

    first = listed(store, EVERYTHING, "", 3)
    second = listed(store, EVERYTHING, first[-1], 3)
    third = listed(store, EVERYTHING, second[-1], 3)

    assert [len(page) for page in (first, second, third)] == [3, 3, 1]
    assert first + second + third == listed(store, EVERYTHING)


def test_a_person_is_listed_with_duties_and_phones_and_no_token(store):
    enrolled(store, "gw-1", Duty(Role.GRID_WORKER, UNIT), key="secret")

    (person,) = see(store, people.list_people, EVERYTHING)

    assert [duty.area for duty in person.duties] == [UNIT]
    assert len(person.phones) == 1
    assert "secret" not in repr(person)
    assert people.token_hash("secret") not in repr(person)


def test_a_changed_duty_changes_the_configuration(store):
    with store.reading() as reading:
        before = reading.configuration_version()

    enrolled(store, "gw-1", Duty(Role.GRID_WORKER, UNIT))

    with store.reading() as reading:
        assert reading.configuration_version() > before


def test_nobody_is_no_actor(store):
    with store.reading() as reading, pytest.raises(NotFound):
        people.actor(reading, "nobody")
