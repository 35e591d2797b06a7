"""Whom a caller may assign to comes to their phone as a file: by role and place, fresh when people come and go."""

from __future__ import annotations

import csv
import io

import pytest

from server.people.usecases import phone_keys
from server.staffing.usecases import enrolment
from tests.field_forms import settings_of
from tests.odk_collect import md5
from tests.valley import COUNTY, FAR_VILLAGE, TOWN, UNIT, VILLAGE

INTAKE = (
    "| survey |\n| | type | name | label |\n| | select_one_from_file handlers.csv | assignee | 派给谁 |\n"
    + settings_of("dispatch")
)
PEOPLE = (
    ("leader", "grid_leader", VILLAGE),
    ("constable", "police", TOWN),
    ("innkeeper", "unit_manager", VILLAGE),
    ("housing", "dept_handler", COUNTY),
    ("farofficer", "village_officer", FAR_VILLAGE),
)
BODIES = (
    ("shop-02", "演示小卖部02", "premises", VILLAGE),
    ("inn-far", "演示客栈09", "premises", FAR_VILLAGE),
    ("zhujian", "住建局", "department", COUNTY),
    ("ps-bss", "白石山派出所", "police_station", TOWN),
)


@pytest.fixture
def county(valley):
    for name, role, area in PEOPLE:
        valley.do(enrolment.add_user, name, role=role, area=area, by="admin")
        valley.keys[name] = valley.do(phone_keys.issue, name, by="admin")
    for code, name, kind, area in BODIES:
        valley.do(enrolment.add_body, code, name=name, kind=kind, area=area, by="admin")
    valley.publish(INTAKE)
    return valley


def offered(county, name):
    """Return what the phone of ``name`` offers, in its order: assignee to (label, kind)."""
    answer = county.phone(name).get("forms/dispatch/attachments/handlers.csv")
    rows = csv.DictReader(io.StringIO(answer.data.decode()))
    return {row["name"]: (row["label"], row["kind"]) for row in rows}


def test_a_village_officer_gives_work_to_the_people_and_premises_of_the_village_and_to_the_police(county):
    rows = offered(county, "officer")

    assert list(rows) == [
        *("user:officer", "user:constable", "user:innkeeper", "user:leader", "user:worker", "user:neighbour"),
        *("body:ps-bss", "body:shop-02"),
    ]
    assert rows["user:worker"] == ("worker｜网格员｜荆山口村", "grid_worker")
    assert rows["body:shop-02"] == ("演示小卖部02｜场所/单位管理方｜荆山口村", "premises")
    assert rows["body:ps-bss"] == ("白石山派出所｜派出所｜白石山镇", "police_station")


def test_a_grid_leader_moves_work_between_the_workers_of_the_village(county):
    assert list(offered(county, "leader")) == ["user:worker", "user:neighbour"]


def test_a_town_gives_work_to_everyone_in_it_and_to_the_departments_of_the_county(county):
    rows = offered(county, "town")

    assert next(iter(rows)) == "user:town"
    assert {"user:officer", "user:housing", "body:zhujian", "body:shop-02"} <= rows.keys()
    assert not {"user:stranger", "user:farofficer", "body:inn-far", "user:viewer", "user:brigade"} & rows.keys()


def test_the_brigade_gives_work_to_all_who_can_take_it_and_reads_whose_town_they_are_of(county):
    rows = offered(county, "brigade")

    assert {"user:stranger", "user:worker", "user:town", "body:inn-far", "body:zhujian"} <= rows.keys()
    assert not {"user:brigade", "user:viewer"} & rows.keys()
    assert rows["user:stranger"][0] == "stranger｜网格员｜走马驿镇 水云乡村"
    assert rows["body:zhujian"][0] == "住建局｜行业部门｜涞源县"


@pytest.mark.parametrize("name", ["worker", "constable", "innkeeper", "housing"])
def test_who_may_not_assign_is_offered_nobody(county, name):
    assert offered(county, name) == {}


def test_who_holds_several_duties_is_there_once(county):
    county.do(enrolment.add_duty, "worker", role="station_head", area=VILLAGE, by="admin")
    county.do(enrolment.add_duty, "officer", role="village_officer", area=FAR_VILLAGE, by="admin")

    names = list(offered(county, "officer"))

    assert names.count("user:worker") == names.count("user:officer") == 1
    assert {"user:stranger", "body:inn-far"} < set(names)


def test_the_list_is_an_ordinary_file_whose_hash_holds_until_somebody_comes_or_goes(county):
    phone = county.phone("officer")
    first = phone.manifest("dispatch")["handlers.csv"]
    served = phone.get("forms/dispatch/attachments/handlers.csv").data

    assert "type" not in first
    assert first["hash"] == f"md5:{md5(served)}"
    assert phone.manifest("dispatch")["handlers.csv"]["hash"] == first["hash"]

    county.do(enrolment.revoke_user, "neighbour", by="admin")

    assert phone.manifest("dispatch")["handlers.csv"]["hash"] != first["hash"]
    assert "user:neighbour" not in offered(county, "officer")


@pytest.mark.one_process  # it sets the clock
def test_a_duty_that_begins_later_is_in_the_list_from_its_first_moment(county):
    later = "2026-11-24T04:30:00.000Z"
    county.do(enrolment.add_user, "newcomer", role="grid_worker", area=UNIT, starts_at=later, by="admin")
    phone = county.phone("officer")
    before = phone.manifest("dispatch")["handlers.csv"]["hash"]
    assert "user:newcomer" not in offered(county, "officer")

    county.clock.pass_by(minutes=31)

    served = phone.get("forms/dispatch/attachments/handlers.csv").data
    assert phone.manifest("dispatch")["handlers.csv"]["hash"] == f"md5:{md5(served)}" != before
    assert "user:newcomer" in offered(county, "officer")


def test_who_left_is_offered_nobody_any_more(county):
    county.do(enrolment.move_user, "officer", area=FAR_VILLAGE, by="admin")

    rows = offered(county, "officer")

    assert {"user:stranger", "user:farofficer", "body:inn-far"} <= rows.keys()
    assert not {"user:worker", "body:shop-02"} & rows.keys()
