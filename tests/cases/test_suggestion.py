"""An officer is suggested who might handle a case: by the rule of its item, else who is nearest; never a decision."""

from __future__ import annotations

from datetime import timedelta

import pytest

from server.cases.domain.suggestion import Candidate, Hazard, Lead, Why, ranked, unreached
from server.instants import BEIJING
from tests.case_land import ESTATE, NEXT_VILLAGE, TOWN, UNIT, VILLAGE

WORKER = Candidate("user:worker", "网格员甲", "grid_worker", UNIT)
LEADER = Candidate("user:leader", "网格长甲", "grid_leader", VILLAGE)
FAR = Candidate("user:far", "网格员乙", "grid_worker", f"{NEXT_VILLAGE}001")
SHOP = Candidate("body:shop", "演示小卖部02", "premises", UNIT)
NAMESAKE = Candidate("body:other", "演示小卖部02", "premises", f"{NEXT_VILLAGE}001")
HOUSING = Candidate("body:dept-7", "演示住建局", "department", "130630000000")
COMMITTEE = Candidate("body:committee", "村委会", "village_committee", VILLAGE)
POLICE = Candidate("body:station", "派出所", "police_station", TOWN)
ALL = (FAR, NAMESAKE, HOUSING, SHOP, COMMITTEE, POLICE, LEADER, WORKER)


def a_hazard(*leads: str, former: frozenset[str] = frozenset()) -> Hazard:
    labels = {"housing": "住建", "village": "村（居）委会", "unit": "单位（场所）自身", "police": "公安"}
    return Hazard(
        "130630/106/201/001", "演示小卖部02", "隐患", tuple(Lead(each, labels[each]) for each in leads), former
    )


@pytest.mark.parametrize(
    ("leads", "first", "why"),
    [
        (("unit",), SHOP, Why.PLACE),
        (("village",), COMMITTEE, Why.LEAD),
        (("housing",), HOUSING, Why.LEAD),
        (("police",), POLICE, Why.LEAD),
        ((), WORKER, Why.UNIT),
    ],
)
def test_the_rule_of_the_item_comes_first_and_without_one_the_worker_of_the_unit(leads, first, why):
    suggested = ranked(a_hazard(*leads), ALL)

    assert (suggested[0].candidate, suggested[0].why) == (first, why)


def test_the_nearest_stand_behind_the_rule_and_nobody_of_another_village_is_suggested():
    suggested = [each.candidate for each in ranked(a_hazard("unit"), ALL)]

    assert suggested == [SHOP, WORKER, LEADER]


def test_who_is_beyond_reach_is_named():
    suggested = ranked(a_hazard("housing"), (WORKER, LEADER))

    assert [each.candidate for each in suggested] == [WORKER, LEADER]
    assert unreached(a_hazard("housing"), suggested) == "住建"
    assert unreached(a_hazard("unit"), ranked(a_hazard("unit"), ALL)) == ""


def test_who_gave_a_case_back_is_not_suggested_again():
    assert SHOP not in [each.candidate for each in ranked(a_hazard("unit", former=frozenset({SHOP.mark})), ALL)]


def test_a_suggestion_says_why_until_when_and_what_they_have_in_hand(land):
    mine, other = land.report(item="hose_aged"), land.report(place="别处")
    land.act(other, "assign", "officer", assignee="user:worker")

    found = suggestion_for(land, mine, "officer")

    worker = next(each for each in found["handlers"] if each["assignee"] == "user:worker")
    assert (worker["reason"], worker["in_hand"]) == ("本单元的网格员", 1)
    assert found["due_on"] == day_after(land, 7) and found["due_reason"] == "处置时限（短期）7天，今天起算"


@pytest.mark.parametrize("name", ["worker", "viewer", "police", "leader"])
def test_who_may_assign_to_nobody_is_suggested_nobody(land, name):
    handlers = suggestion_for(land, land.report(), name)["handlers"]

    assert [each["kind"] for each in handlers if each["kind"] != "grid_worker"] == []
    assert bool(handlers) is (name == "leader")


def test_a_village_is_suggested_none_of_the_countys_departments_and_a_town_is(land):
    id = land.report("east", item="illegal_structure", area=f"{ESTATE}001")
    village, town = (suggestion_for(land, id, name) for name in ("estate", "city"))

    assert [each["assignee"] for each in town["handlers"]][:1] == ["body:city_mgmt"] and town["unreached"] is None
    assert [each["assignee"] for each in village["handlers"]][:1] == ["user:east"]
    assert "城管" in village["unreached"]


def test_a_likely_duplicate_comes_with_distance_handler_and_limit(land):
    one = land.report("east", area=f"{ESTATE}001", spot="39.36010 114.69430 0 8")
    land.clock.pass_by(minutes=42)
    two = land.report("west", area=f"{ESTATE}002", place="别处", spot="39.36020 114.69450 0 8")
    land.act(one, "assign", "estate", assignee="user:east")

    (found,) = land.file(two, "estate")["case"]["similar"]

    assert (found["id"], found["distance_m"], found["same_place"]) == (one, 20, False)
    assert found["position"] == {"latitude": 39.3601, "longitude": 114.6943, "accuracy_m": 8.0}
    assert (found["assignee"], found["handler"], found["status"]) == ("user:east", "east", "assigned")
    assert found["case_no"] == "2026-000001" and found["due_at"] is not None and found["photo"] is None


def test_without_both_positions_no_distance_is_told(land):
    land.report("east", area=f"{ESTATE}001")
    two = land.report("west", area=f"{ESTATE}002", spot="39.36020 114.69450 0 8")

    (found,) = land.file(two, "estate")["case"]["similar"]

    assert (found["distance_m"], found["position"], found["same_place"]) == (None, None, True)


def suggestion_for(land, id, name):
    return land.valley.get(f"/records/{id}/suggestion", name).json


def day_after(land, days):
    return (land.clock().astimezone(BEIJING).date() + timedelta(days=days)).isoformat()
