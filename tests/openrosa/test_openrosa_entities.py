"""A submission becomes a record at once, and its phone is told what became of it (section 7, 71 to 94)."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from server.forms.usecases import publish
from server.people.store import people
from server.staffing.usecases import enrolment
from tests.desks import Desk
from tests.field_clients import Client
from tests.filled_forms import Entity, Filled, a_hazard, a_station, a_visit, new_uuid
from tests.valley import FAR_UNIT, UNIT, VILLAGE


@pytest.fixture
def station(phone) -> str:
    """A station that is registered: head 甲, 6 hoses."""
    id = new_uuid()
    assert phone.send(a_station(id)).status_code == 201
    return id


def test_a_registration_is_in_the_list_at_once(valley, phone):
    # 71
    id = new_uuid()
    phone.send(a_station(id, hoses="6", kit="pump axe"))

    row = phone.list()[id]

    assert (row["label"], row["__version"], row["head"], row["hoses"]) == ("甲", "1", "甲", "6")
    assert row["kit"] == "axe pump"
    assert (row["geometry"], row["level"]) == ("", "")
    assert valley.verdicts(id) == ["applied"]


@pytest.mark.parametrize("spelt", ["uuid:{}", "UUID:{}", " {} "])
def test_an_id_is_the_same_however_it_is_spelt(phone, spelt):
    # 72
    id = new_uuid()

    phone.send(a_station(spelt.format(id.upper())))

    assert set(phone.list()) == {id}


@pytest.mark.parametrize("id", ["", "7", "6fa459ea-ee8a-3ca4-894e-db77e160355e", "zz"])
def test_an_id_that_is_no_uuid_v4_makes_a_problem_and_no_record(valley, phone, id):
    # 72
    answer = phone.send(a_station(id))

    assert answer.status_code == 201
    assert valley.problems() == ["entity_unusable"]
    assert valley.count("record") == 0


@pytest.mark.parametrize("id", ["01a2152e-e307-7dda-a77a-d6ba7b48724f", "6fa459ea-ee8a-3ca4-894e-db77e160355e"])
def test_a_phone_updates_a_record_of_a_laptop_whatever_uuid_it_has(valley, phone, id):
    officer, fields = Client(valley, "officer"), {"label": (None, "甲"), "head": (None, "甲")}
    [begun] = officer.push(officer.change(id, area=UNIT, fields=fields))
    [listed] = phone.list()

    phone.send(a_visit(listed, 1, head="乙"))

    assert (begun["record"]["id"], phone.list()[listed]["head"]) == (listed, "乙")
    assert valley.problems() == []


def test_a_record_that_the_server_names_has_an_id_as_phones_make_them(valley):
    asked = {"type": "stations", "action": "create", "area": UNIT, "fields": {"label": "甲"}}

    begun = Desk(valley, "officer").post("/records", asked)

    assert UUID(begun.json["record"]["id"]).version == 4


@pytest.mark.one_process  # it knows the date
def test_a_record_without_a_label_gets_one_and_a_problem(valley, phone):
    # 73
    id = new_uuid()
    filled = a_station(id)

    phone.send(replace(filled, entities=(replace(filled.entities[0], label=" "),)))

    assert phone.list()[id]["label"] == "微型站 2026-11-24"
    assert valley.problems(record=id) == ["label_missing"]


def test_a_blank_label_on_update_keeps_the_label(phone, station):
    # 73
    filled = a_visit(station, 1, hoses="7")

    phone.send(replace(filled, entities=(replace(filled.entities[0], label=""),)))

    assert phone.list()[station]["label"] == "甲"


def test_an_update_of_the_newest_version_has_no_conflict(valley, phone, station):
    # 74
    phone.send(a_visit(station, 1, hoses="7", head="甲"))

    row = phone.list()[station]
    assert (row["__version"], row["hoses"]) == ("2", "7")
    assert valley.verdicts(station) == ["applied", "applied"]


def test_two_updates_of_different_fields_both_stand_without_a_flag(valley, phone, station):
    # 75
    phone.send(a_visit(station, 1, hoses="7", head="甲"))
    valley.phone("officer").send(a_visit(station, 1, hoses="6", head="乙"))

    record = valley.record(station)
    assert (record.fields["hoses"], record.fields["head"], record.conflicts) == ("7", "乙", ())
    assert valley.problems() == []


def test_two_updates_of_one_field_are_both_kept_and_flagged_until_settled(valley, phone, station):
    # 75
    phone.send(a_visit(station, 1, hoses="7"))
    valley.phone("officer").send(a_visit(station, 1, hoses="8"))

    record = valley.record(station)
    assert (record.fields["hoses"], record.conflicts) == ("8", ("hoses",))
    assert valley.verdicts(station) == ["applied", "applied", "merged"]
    assert valley.problems(record=station) == ["conflict"]
    assert '"7"' in record.registers
    phone.send(a_visit(station, 3, head="丙"))
    assert valley.record(station).conflicts == ("hoses",)
    assert valley.problems(record=station) == ["conflict"]


def test_a_trunk_without_a_branch_is_judged_by_its_base(valley, phone, station):
    # 76: Central refuses it; ours gets a verdict
    phone.send(a_visit(station, 1, trunk=1, hoses="7"))

    assert valley.record(station).fields["hoses"] == "7"
    assert valley.verdicts(station) == ["applied", "applied"]


@pytest.mark.parametrize("branch", ["", "b27b3c1e-6c3f-4a65-9a6c-0f9c2f6f4f11"])
def test_a_phone_that_is_ahead_of_the_server_is_judged_by_value_with_a_problem(valley, phone, station, branch):
    # 76
    phone.send(a_visit(station, 9, trunk=9, branch=branch, hoses="7", head="甲"))

    record = valley.record(station)
    assert record.version == 2
    assert record.fields["head"] == "甲"
    assert record.conflicts == ("hoses",)
    assert valley.problems(record=station) == ["conflict", "base_unknown"]


@pytest.mark.parametrize("base", ["", "-1", "one", "٣"])
def test_an_update_without_a_base_is_judged_by_value_and_never_an_error(valley, phone, station, base):
    phone.send(a_visit(station, base, hoses="6", head="乙"))

    record = valley.record(station)
    assert (record.fields["hoses"], record.conflicts) == ("6", ("head", "label"))
    assert record.version == 2


def test_an_upsert_form_creates_what_is_unknown_and_updates_what_is_known(valley, phone):
    # 84
    id = new_uuid()
    both = Entity("stations", id, create="true", update="true", label="甲")
    phone.send(Filled("station_any", {"head": "甲", "hoses": "6"}, (both,)))
    phone.send(Filled("station_any", {"head": "甲", "hoses": "9"}, (replace(both, base=1),)))

    row = phone.list()[id]
    assert (row["__version"], row["hoses"]) == ("2", "9")
    assert valley.verdicts(id) == ["applied", "applied"]


def test_an_upsert_that_asks_for_neither_writes_to_no_record(valley, phone):
    phone.send(Filled("station_any", {"head": "甲"}, (Entity("stations", new_uuid(), create="0", update=""),)))

    assert (valley.count("record"), valley.count("submission"), valley.problems()) == (0, 1, [])


def test_a_create_of_a_known_id_by_its_author_is_an_edit_from_nothing(valley, phone, station):
    # 85
    phone.send(a_station(station, hoses="6", head="乙"))

    record = valley.record(station)
    assert record.version == 2
    assert (record.fields["hoses"], record.conflicts) == ("6", ("head", "label"))
    assert valley.verdicts(station) == ["applied", "merged"]


def test_a_create_of_a_known_id_by_somebody_else_is_set_aside(valley, station):
    # 85
    valley.phone("officer").send(a_station(station, head="乙"))

    assert valley.record(station).version == 1
    assert valley.verdicts(station) == ["applied", "quarantined"]
    assert valley.problems() == ["quarantined"]


@pytest.mark.parametrize(
    "filled",
    [
        replace(a_visit(new_uuid(), 1), entities=(Entity("stations", new_uuid(), create="1", label="甲"),)),
        replace(a_station(new_uuid()), entities=(Entity("stations", new_uuid(), update="1", base=1),)),
        replace(a_station(new_uuid()), entities=(Entity("hazards", new_uuid(), create="1", label="甲"),)),
        replace(a_station(new_uuid()), entities=(Entity("castles", new_uuid(), create="1", label="甲"),)),
        Filled("audited", {"seen": "无"}, (Entity("stations", new_uuid(), create="1", label="甲"),)),
    ],
    ids=["create by an update form", "update by a create form", "another list", "an unknown list", "no entity form"],
)
def test_what_the_form_does_not_declare_is_a_problem_and_no_write(valley, phone, filled):
    # 86
    assert phone.send(filled).status_code == 201

    assert valley.problems() == ["entity_unusable"]
    assert (valley.count("record"), valley.count("change")) == (0, 0)


def test_an_update_for_a_record_of_another_list_is_set_aside(valley, phone, station):
    phone.send(Filled("hazard_step", {"place": "别处"}, (Entity("hazards", station, update="1", base=1),)))

    assert valley.record(station).version == 1
    assert valley.record(station).fields == {"head": "甲", "hoses": "6"}
    assert valley.verdicts(station) == ["applied", "quarantined"]
    assert valley.problems() == ["quarantined"]


def test_an_update_that_waited_for_a_record_of_another_list_is_set_aside_when_that_arrives(valley, phone):
    id = new_uuid()
    phone.send(Filled("hazard_step", {"place": "别处"}, (Entity("hazards", id, update="1", base=1),)))
    assert valley.verdicts(id) == ["waiting"]

    phone.send(a_station(id))

    assert valley.record(id).version == 1
    assert sorted(valley.verdicts(id)) == ["applied", "quarantined"]


def test_an_answer_that_does_not_fit_is_a_problem_and_the_others_are_saved(valley, phone):
    id = new_uuid()
    phone.send(a_station(id, hoses="很多", geometry="", checked_on="2026-11-20"))

    record = valley.record(id)
    assert record.fields == {"head": "甲", "checked_on": "2026-11-20"}
    assert valley.problems(record=id) == ["misfit"]
    assert valley.verdicts(id) == ["applied"]


def test_integrity_tells_live_and_gone_rows_apart_and_leaves_out_unknown_and_foreign_ones(valley, phone, station):
    # 90
    gone, foreign, unknown = new_uuid(), new_uuid(), new_uuid()
    valley.phone("stranger").send(a_station(foreign))
    valley.phone("neighbour").send(a_station(gone))
    valley.was_in_charge("worker", VILLAGE)

    assert phone.integrity(station, gone, foreign, unknown) == {station: "false", gone: "true"}
    assert phone.integrity(station, station) == {station: "false"}
    assert phone.integrity() == {station: "false"}


def test_integrity_takes_five_hundred_ids_in_one_address(phone, station):
    # 91
    ids = [new_uuid() for _ in range(1_200)]

    assert phone.integrity(*ids, station) == {station: "false"}


def test_integrity_is_for_those_whose_forms_use_the_list(valley, phone, station):
    # 92
    assert valley.phone("viewer").get("lists/stations/integrity").status_code == 403
    assert phone.get("lists/castles/integrity").status_code == 404
    for form in ("station_new", "station_edit", "station_any"):
        valley.do(publish.close, form, by="admin")

    assert phone.get(f"lists/stations/integrity?id={station}").status_code == 403


def test_a_record_that_went_to_another_worker_leaves_the_first_phone(valley):
    # 93: a record never moves; people do
    id = new_uuid()
    valley.phone("town").send(a_station(id, area=UNIT))
    worker, neighbour = valley.phone("worker"), valley.phone("neighbour")
    hashes = worker.list_hash(), neighbour.list_hash()
    _swap(valley)

    assert (worker.list(), set(neighbour.list())) == ({}, {id})
    assert worker.list_hash() != hashes[0]
    assert neighbour.list_hash() != hashes[1]
    assert worker.integrity(id) == {id: "true"}
    assert worker.send(a_visit(id, 1, hoses="9")).status_code == 201
    assert valley.verdicts(id) == ["applied", "late"]
    assert neighbour.list()[id]["hoses"] == "9"


def _swap(valley) -> None:
    areas = {}
    with valley.store.reading() as reading:
        for name in ("worker", "neighbour"):
            areas[name] = people.duties_of(reading, name)[0].area
    valley.do(enrolment.move_user, "worker", area=areas["neighbour"], by="admin")
    valley.do(enrolment.move_user, "neighbour", area=areas["worker"], by="admin")


def test_whatever_the_verdict_the_version_rises_so_that_the_phone_takes_our_copy(valley, phone):
    # 94
    id = new_uuid()
    phone.send(a_hazard(id))
    for base, action in ((1, "close"), (2, "accept"), (3, "feedback")):
        phone.send(Filled("hazard_step", {"action": action}, (Entity("hazards", id, update="1", base=base),)))

    row = phone.list("hazard", "hazards.csv")[id]
    assert (row["__version"], row["status"]) == ("4", "reported")
    assert valley.verdicts(id) == ["applied", "recorded", "recorded", "recorded"]


def test_a_record_is_born_where_its_form_says(valley):
    town = valley.phone("town")
    stated, missing, unknown, outside = (new_uuid() for _ in range(4))
    town.send(a_station(stated, area=UNIT))
    town.send(a_station(missing))
    town.send(a_station(unknown, area="unknown"))
    town.send(a_station(outside, area=FAR_UNIT))

    assert valley.record(stated).area == UNIT
    assert [valley.problems(record=id) for id in (missing, unknown)] == [["area_unknown"], ["area_unknown"]]
    assert valley.record(missing).path == valley.record(unknown).path == "130630/100"
    assert valley.record(outside) is None
    assert valley.verdicts(outside) == ["quarantined"]


def test_the_submission_lies_where_its_record_lies(valley):
    valley.phone("town").send(a_station(new_uuid(), area=VILLAGE))

    assert valley.rows("SELECT path FROM submission") == [{"path": "130630/100/201"}]


def test_a_worker_of_two_units_is_told_apart_by_nobody(valley, phone):
    valley.do(enrolment.add_duty, "worker", role="grid_worker", area="130630100201002", by="admin")
    id = new_uuid()

    phone.send(a_station(id))

    assert valley.record(id).area == VILLAGE
    assert valley.problems(record=id) == ["area_unknown"]
