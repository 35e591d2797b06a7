"""People change units while their phones are in the hills: what they did still counts, for thirty days."""

from __future__ import annotations

import pytest

from server.people.store import people
from server.staffing.usecases import enrolment
from tests.filled_forms import a_station, a_visit, new_uuid
from tests.odk_collect import is_chinese, message_of
from tests.valley import FAR_UNIT, UNIT


@pytest.fixture
def station(valley) -> str:
    """A station of the worker's unit that the town registered."""
    id = new_uuid()
    valley.phone("town").send(a_station(id, area=UNIT))
    return id


def end_duty(valley, name: str) -> None:
    with valley.store.reading() as reading:
        duty = people.duties_of(reading, name)[0]
    valley.do(enrolment.end_duty, name, duty.id, by="admin")


@pytest.mark.parametrize(("days", "verdict"), [(1, "late"), (29, "late"), (31, "quarantined")])
def test_a_visit_made_before_the_move_is_late_for_thirty_days_and_then_set_aside(valley, phone, station, days, verdict):
    visit = a_visit(station, 1, hoses="7")
    valley.do(enrolment.move_user, "worker", area=FAR_UNIT, by="admin")
    valley.clock.pass_by(days=days)

    answer = phone.send(visit)

    assert answer.status_code == 201
    assert valley.verdicts(station) == ["applied", verdict]
    assert valley.record(station).version == 2
    assert valley.record(station).fields["hoses"] == ("7" if verdict == "late" else "6")
    assert valley.problems(record=station) == ([] if verdict == "late" else ["quarantined"])
    assert phone.list() == {}


@pytest.mark.parametrize(("days", "verdict"), [(29, "late"), (31, "quarantined")])
def test_a_registration_for_the_old_unit_likewise(valley, phone, days, verdict):
    valley.do(enrolment.move_user, "worker", area=FAR_UNIT, by="admin")
    valley.clock.pass_by(days=days)
    id = new_uuid()

    assert phone.send(a_station(id, area=UNIT)).status_code == 201

    assert valley.verdicts(id) == [verdict]
    assert (valley.record(id) is None) == (verdict == "quarantined")


def test_who_left_may_still_send_and_their_lists_are_empty(valley, phone, station):
    mine = new_uuid()
    phone.send(a_station(mine))
    end_duty(valley, "worker")

    assert phone.list() == {}
    assert phone.integrity(mine, station) == {mine: "true", station: "true"}
    assert phone.send(a_visit(station, 1, hoses="7")).status_code == 201
    assert phone.send(a_visit(mine, 1, hoses="9")).status_code == 201
    assert valley.verdicts(station) == ["applied", "late"]
    assert valley.record(mine).fields["hoses"] == "9"


def test_who_left_long_ago_is_not_refused_but_set_aside(valley, phone, station):
    end_duty(valley, "worker")
    valley.clock.pass_by(days=200)
    new = new_uuid()

    answers = [phone.send(a_visit(station, 1, hoses="7")), phone.send(a_station(new))]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert valley.verdicts(station) == ["applied", "quarantined"]
    assert valley.verdicts(new) == ["quarantined"]
    officer = valley.rows("SELECT path FROM problem")
    assert officer == [{"path": "130630/100/201/001"}] * 2


def test_who_is_revoked_is_refused_at_once_in_words(valley, phone, station):
    valley.do(enrolment.revoke_user, "worker", by="admin")

    answer = phone.send(a_visit(station, 1, hoses="7"))

    assert answer.status_code == 403
    assert is_chinese(message_of(answer))
    assert valley.record(station).version == 1


def test_what_had_to_wait_is_judged_as_of_its_own_arrival(valley, phone):
    id = new_uuid()
    phone.send(a_visit(id, 1, hoses="7"))
    valley.do(enrolment.move_user, "worker", area=FAR_UNIT, by="admin")
    valley.clock.pass_by(days=40)

    valley.phone("town").send(a_station(id, area=UNIT))

    assert valley.verdicts(id) == ["applied", "applied"]
    assert valley.record(id).fields["hoses"] == "7"
    observed = valley.rows("SELECT observed_at FROM revision WHERE record = :id ORDER BY version DESC", id=id)
    assert observed[0]["observed_at"] < "2026-11-25"


def test_a_visit_to_a_foreign_record_is_set_aside_and_leaves_no_trace_in_it(valley, station):
    answer = valley.phone("stranger").send(a_visit(station, 1, hoses="99"))

    assert answer.status_code == 201
    assert valley.verdicts(station) == ["applied", "quarantined"]
    assert valley.record(station).fields["hoses"] == "6"
    assert valley.phone("worker").list()[station]["__version"] == "1"


def test_a_visit_that_was_set_aside_is_no_value_of_the_record_in_any_order(valley, phone, station):
    stranger = valley.phone("stranger")
    stranger.send(a_visit(station, 2, trunk=1, branch="b", hoses="99"))
    phone.send(a_visit(station, 1, hoses="7"))
    stranger.send(a_visit(station, 1, trunk=1, branch="b", hoses="98"))

    record = valley.record(station)
    assert (record.fields["hoses"], record.conflicts) == ("7", ())


def test_an_author_keeps_their_own_record_after_moving(valley, phone):
    id = new_uuid()
    phone.send(a_station(id))
    valley.do(enrolment.move_user, "worker", area=FAR_UNIT, by="admin")

    phone.send(a_visit(id, 1, hoses="7"))

    assert valley.verdicts(id) == ["applied", "applied"]
    assert set(phone.list()) == {id}
