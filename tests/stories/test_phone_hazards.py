"""A hazard is reported from a phone: how the case is born, and what becomes of what nobody can decide yet."""

from __future__ import annotations

from itertools import permutations

import pytest

from tests.filled_forms import Entity, Filled, a_hazard, a_step, new_uuid, photo
from tests.valley import UNIT


@pytest.mark.parametrize(
    ("action", "item", "status", "stage"),
    [
        ("report", "gas_hose", "reported", "collect"),
        ("report", "wires_pulled", "reported", "collect"),
        ("spot_close", "wires_pulled", "spot_closed", "close"),
        ("spot_close", "gas_hose", "feedback", "feedback"),
        ("spot_close", "no_such_item", "feedback", "feedback"),
        ("create", "gas_hose", "reported", "collect"),
        ("close", "wires_pulled", "reported", "collect"),
        ("", "wires_pulled", "reported", "collect"),
    ],
)
def test_a_case_is_born_as_its_action_and_its_item_say(valley, phone, action, item, status, stage):
    id = new_uuid()

    phone.send(a_hazard(id, action, item))

    record = valley.record(id)
    assert (record.status, record.stage) == (status, stage)
    assert (record.closed_at is not None) == (status == "spot_closed")
    row = phone.list("hazard", "hazards.csv")[id]
    assert (row["status"], row["stage"], row["item"], row["area"]) == (status, stage, item, UNIT)
    assert "action" not in row


def test_a_status_that_a_phone_saves_is_a_claim_and_no_value(valley, phone):
    id = new_uuid()

    phone.send(a_hazard(id, status="closed"))

    record = valley.record(id)
    assert record.status == "reported"
    assert record.fields == {"item": "gas_hose", "place": "三号楼"}
    assert valley.problems() == []
    assert '"closed"' in valley.rows("SELECT received FROM revision")[0]["received"]


@pytest.mark.parametrize("action", ["accept", "feedback", "close", "nonsense", "settle"])
def test_any_other_action_is_recorded_with_its_photo_and_an_officer_is_told(valley, phone, action):
    id = new_uuid()
    phone.send(a_hazard(id))
    before = valley.record(id)

    answer = phone.send(a_step(id, action, result="已更换", photo="a.jpg"), photo("a.jpg"))

    assert answer.status_code == 201
    after = valley.record(id)
    assert (after.version, after.status, after.fields) == (2, before.status, before.fields)
    assert valley.verdicts(id) == ["applied", "recorded"]
    assert valley.problems(record=id) == ["recorded"]
    revision = valley.rows("SELECT action, received, submission FROM revision WHERE version = 2")[0]
    assert revision["action"] == action
    assert "已更换" in revision["received"]
    assert valley.rows("SELECT name FROM submission_file WHERE submission = :id", id=revision["submission"])


@pytest.mark.parametrize("action", ["", "report", "create"])
def test_without_an_action_the_fields_of_a_case_are_edited(valley, phone, action):
    id = new_uuid()
    phone.send(a_hazard(id))

    phone.send(a_step(id, action, place="四号楼"))

    record = valley.record(id)
    assert (record.fields["place"], record.status) == ("四号楼", "reported")
    assert valley.verdicts(id) == ["applied", "applied"]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_case_whose_edits_arrive_in_any_order_holds_no_action_among_its_fields(valley, phone, order):
    id = new_uuid()
    steps = [a_hazard(id)]
    for base, place in ((1, "四号楼"), (2, "五号楼")):
        block = Entity("hazards", id, update="1", base=base, branch="b", label="")
        steps.append(Filled("hazard_step", {"action": "", "place": place}, (block,)))

    for place in order:
        phone.send(steps[place])

    record = valley.record(id)
    assert record.fields == {"item": "gas_hose", "place": "五号楼"}
    assert (record.status, record.version) == ("reported", 3)


def test_an_action_before_its_case_waits_and_is_recorded_then(valley, phone):
    id = new_uuid()
    phone.send(a_step(id, "accept"))
    assert valley.verdicts(id) == ["waiting"]

    phone.send(a_hazard(id))

    assert sorted(valley.verdicts(id)) == ["applied", "recorded"]
    assert valley.problems(record=id) == ["recorded"]
    assert valley.record(id).version == 2


def test_a_case_closed_on_the_spot_stays_thirty_days_on_the_phone(valley, phone):
    id = new_uuid()
    phone.send(a_hazard(id, "spot_close", "wires_pulled"))

    valley.clock.pass_by(days=30)
    assert set(phone.list("hazard", "hazards.csv")) == {id}
    valley.clock.pass_by(days=2)
    assert phone.list("hazard", "hazards.csv") == {}
    assert phone.integrity(id, name="hazards") == {id: "true"}


def test_an_open_case_stays_as_long_as_it_is_open(valley, phone):
    id = new_uuid()
    phone.send(a_hazard(id))

    valley.clock.pass_by(days=300)

    assert set(phone.list("hazard", "hazards.csv")) == {id}


@pytest.mark.parametrize(
    ("due_at", "due_on"),
    [("2026-12-03T16:00:00.000Z", "2026-12-03"), ("2026-12-03T15:00:00.000Z", "2026-12-03"), (None, "")],
)
def test_a_phone_is_told_the_last_day_of_the_time_limit(valley, phone, due_at, due_on):
    id = new_uuid()
    phone.send(a_hazard(id))

    valley.do(lambda tx: tx.sql.run("UPDATE record SET due_at = :due WHERE id = :id", {"due": due_at, "id": id}))

    assert phone.list("hazard", "hazards.csv")[id]["due_on"] == due_on
