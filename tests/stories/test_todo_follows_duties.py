"""Duties change while a case does not: the phone that keeps its row is told anew what its owner may do with it."""

from __future__ import annotations

import pytest

from server.admin.usecases import housekeeping
from server.staffing.usecases import enrolment
from tests.case_land import NEXT_UNIT, UNIT, VILLAGE, Land


def keep_house(land: Land) -> int:
    return land.valley.do(housekeeping.round_of).renewed


@pytest.fixture
def land(land) -> Land:
    """Housekeeping has run before, as it does each minute."""
    keep_house(land)
    return land


def todo(land: Land, name: str, id: str) -> str:
    return land.listed(name)[id]["todo"]


def test_a_worker_who_becomes_an_officer_too_can_register_what_is_on_the_phone_already(land):
    id = land.report("worker", area=UNIT)
    phone = land.phone("worker")
    phone.pull()
    version = land.record(id).version
    assert "register" not in phone.rows[id].fields["todo"]

    land.valley.do(enrolment.add_duty, "worker", role="village_officer", area=VILLAGE, by="admin")
    assert keep_house(land) == 1
    phone.pull()

    assert "register" in phone.rows[id].fields["todo"]
    assert phone.rows[id].fields["todo"] == todo(land, "worker", id)
    assert land.record(id).version == version + 1
    assert keep_house(land) == 0


def test_nothing_but_the_version_of_the_case_changes(land):
    id = land.report("worker", area=UNIT)
    land.phone("worker").pull()
    before = land.record(id)

    land.valley.do(enrolment.add_duty, "worker", role="village_officer", area=VILLAGE, by="admin")
    keep_house(land)

    after = land.record(id)
    changed = {name for name in before.__slots__ if getattr(before, name) != getattr(after, name)}
    assert changed == {"version", "seq", "updated_at"}
    [*_, last] = land.history(id)
    assert (last["action"], last["author"]) == ("renew", "server")


def test_a_worker_who_moves_touches_no_record(land):
    ids = [land.report("worker", area=UNIT), land.report("neighbour", area=NEXT_UNIT)]
    land.phone("worker").pull()
    versions = [land.record(id).version for id in ids]

    land.valley.do(enrolment.move_user, "worker", area=NEXT_UNIT, by="admin")

    assert keep_house(land) == 0
    assert [land.record(id).version for id in ids] == versions


def test_whoever_has_no_phone_touches_no_record(land):
    id = land.report("worker", area=UNIT)
    version = land.record(id).version
    land.valley.do(lambda tx: tx.sql.run("UPDATE phone_key SET last_seen_at = NULL"))

    land.valley.do(enrolment.add_duty, "worker", role="village_officer", area=VILLAGE, by="admin")

    assert keep_house(land) == 0
    assert land.record(id).version == version
