"""A phone works in the hills for days; its chain arrives in any order and ends with its last values, unflagged."""

from __future__ import annotations

from itertools import permutations

import pytest

from server.grid.domain.areas import path_of
from server.staffing.usecases import enrolment
from tests.filled_forms import a_station, a_visit, new_uuid
from tests.odk_collect import Collect
from tests.valley import FAR_UNIT, UNIT

ORDERS = list(permutations(range(3)))


@pytest.fixture
def collect(phone) -> Collect:
    held = Collect(phone)
    held.pull()
    return held


@pytest.mark.parametrize("order", ORDERS)
def test_a_station_made_and_changed_offline_arrives_in_any_order(valley, collect, order):
    # 77, 78, 79, 80
    id = collect.register(head="甲", hoses="6")
    collect.visit(id, hoses="7")
    collect.visit(id, hoses="8", head="乙")

    collect.push(*order)

    record = valley.record(id)
    assert record.fields == {"head": "乙", "hoses": "8"}
    assert (record.label, record.version, record.conflicts) == ("乙", 3, ())
    assert valley.problems() == []
    assert set(valley.verdicts(id)) == {"applied"}
    collect.pull()
    assert collect.rows[id].fields["hoses"] == "8"
    assert collect.rows[id].online


@pytest.mark.parametrize("order", ORDERS)
def test_a_chain_on_a_known_station_arrives_in_any_order(valley, collect, order):
    # 81
    id = new_uuid()
    collect.phone.send(a_station(id))
    collect.pull()
    collect.visit(id, hoses="7")
    collect.visit(id, head="乙")
    collect.visit(id, hoses="9")

    collect.push(*order)

    record = valley.record(id)
    assert (record.fields, record.version) == ({"head": "乙", "hoses": "9"}, 4)
    assert (record.conflicts, valley.problems()) == ((), [])


@pytest.mark.parametrize("order", ORDERS)
def test_taking_a_value_back_offline_is_a_change_too(valley, collect, order):
    id = new_uuid()
    collect.phone.send(a_station(id))
    collect.pull()
    collect.visit(id, hoses="7")
    collect.visit(id, hoses="6")
    collect.visit(id, head="乙")

    collect.push(*order)

    assert valley.record(id).fields == {"head": "乙", "hoses": "6"}
    assert valley.problems() == []


@pytest.mark.parametrize("order", ORDERS)
def test_what_is_no_value_of_the_record_stays_out_of_it_in_every_order(valley, collect, order):
    id = collect.register(head="甲", hoses="6", area=UNIT, nonsense="x")
    collect.visit(id, hoses="很多", area=UNIT)
    collect.visit(id, hoses="8", geometry="nowhere")

    collect.push(*order)

    record = valley.record(id)
    assert record.fields == {"head": "甲", "hoses": "8"}
    assert record.conflicts == ()
    assert set(valley.problems()) == {"misfit"}


@pytest.mark.parametrize("order", ORDERS)
def test_somebody_elses_change_in_between_conflicts_in_its_own_field_alone(valley, collect, order):
    # 81
    id = new_uuid()
    collect.phone.send(a_station(id))
    collect.pull()
    collect.visit(id, hoses="7")
    collect.visit(id, hoses="8")
    collect.visit(id, head="乙", hoses="8")
    valley.phone("officer").send(a_visit(id, 1, hoses="60"))

    collect.push(*order)

    record = valley.record(id)
    assert record.conflicts == ("hoses",)
    assert (record.fields["head"], record.fields["hoses"]) == ("乙", "8")
    assert valley.problems(record=id) == ["conflict"]
    assert '"60"' in record.registers
    assert '"7"' not in record.registers


def test_an_update_before_its_record_waits_and_can_be_seen_waiting(valley, collect):
    # 79
    id = collect.register(head="甲")
    collect.visit(id, hoses="7")
    registration = collect.unsent.pop(0)
    collect.push()

    assert valley.record(id) is None
    assert valley.verdicts(id) == ["waiting"]
    assert valley.problems(record=id) == ["waiting"]
    assert collect.phone.integrity(id) == {}

    collect.phone.send(registration)
    assert valley.verdicts(id) == ["applied", "applied"]
    assert valley.problems() == []


def test_what_waits_keeps_nobody_elses_work(valley, collect):
    stuck, other = new_uuid(), new_uuid()
    collect.phone.send(a_visit(stuck, 1, hoses="7"))

    collect.phone.send(a_station(other))

    assert valley.record(other).version == 1
    assert valley.verdicts(stuck) == ["waiting"]


def test_visits_of_several_people_that_waited_are_each_judged_by_their_own_standing(valley, collect):
    id = collect.register(head="甲", hoses="6")
    valley.phone("stranger").send(a_visit(id, 1, hoses="99"))
    collect.visit(id, hoses="7")

    collect.push(1, 0)

    record = valley.record(id)
    assert record.fields["hoses"] == "7"
    assert sorted(valley.verdicts(id)) == ["applied", "applied", "quarantined"]
    assert valley.problems() == ["waiting"]  # so it goes on being told, for the stranger shall not learn that it came
    assert valley.rows("SELECT path FROM problem WHERE settled_at IS NULL") == [{"path": path_of(FAR_UNIT)}]


def test_everything_sent_twice_changes_nothing(valley, collect):
    id = collect.register(head="甲")
    collect.visit(id, hoses="7")
    sent = list(collect.unsent)
    collect.push()
    before, holdings = valley.record(id), valley.holdings()

    for filled in [*reversed(sent), *sent]:
        assert collect.phone.send(filled).status_code == 202

    assert valley.record(id) == before
    assert valley.holdings() == holdings


def test_a_chain_goes_on_after_the_phone_has_pulled_in_the_middle_of_it(valley, collect):
    id = collect.register(head="甲", hoses="6")
    collect.visit(id, hoses="7")
    first, second = collect.unsent
    collect.unsent.clear()
    collect.phone.send(first)
    collect.pull()
    collect.visit(id, head="乙")
    late = collect.unsent.pop()
    assert late.entities[0].base == 2

    collect.phone.send(late)
    collect.phone.send(second)

    record = valley.record(id)
    assert (record.fields, record.conflicts) == ({"head": "乙", "hoses": "7"}, ())
    assert valley.problems() == []


def test_a_chain_whose_author_moved_on_meanwhile_is_late_and_still_whole(valley, collect):
    id = new_uuid()
    valley.phone("town").send(a_station(id, area=UNIT))
    collect.pull()
    collect.visit(id, hoses="7")
    collect.visit(id, hoses="8")
    valley.do(enrolment.move_user, "worker", area="130630101201001", by="admin")

    collect.push(1, 0)

    assert valley.record(id).fields["hoses"] == "8"
    assert valley.verdicts(id) == ["applied", "late", "late"]
