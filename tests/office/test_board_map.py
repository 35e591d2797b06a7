"""The map of a list tells where the cases of that very list are, and those of no other."""

from __future__ import annotations

import json

import pytest

from server.grid.usecases import bordering
from tests.case_land import ESTATE, NEXT_VILLAGE, TOWN, VILLAGE
from tests.office.desk import Desk, with_passwords

SPOT = "39.36010 114.69430 0 8"


@pytest.fixture
def desk(land) -> Desk:
    return Desk(with_passwords(land.valley))


def draw_borders(land, *codes: str) -> None:
    """Give each of these areas the same small border."""
    ring = [[114.68, 39.35], [114.70, 39.35], [114.70, 39.37], [114.68, 39.35]]
    features = [
        {"type": "Feature", "properties": {"code": code}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
        for code in codes
    ]
    content = json.dumps({"type": "FeatureCollection", "features": features}).encode()
    land.valley.do(bordering.load, content, "admin")


def on_map(desk: Desk, query: str) -> dict:
    return desk.open(f"/office/board/points?{query}").json


def test_a_case_stands_where_its_phone_says_and_one_without_position_is_counted(land, desk):
    id = land.report(spot=SPOT)
    land.report("neighbour", place="没有定位的店")
    desk.sign_in("officer")

    found = on_map(desk, "tab=open")

    assert [(each["id"], each["state"]) for each in found["items"]] == [(id, "early")]
    assert found["items"][0]["at"] == [39.3601, 114.6943]
    assert (found["placed"], found["unplaced"], found["more"]) == (1, 1, False)


def test_a_list_in_any_order_and_of_what_is_over_has_a_map(land, desk):
    over, still_open = (land.report(name, spot=SPOT, place=name) for name in ("worker", "neighbour"))
    land.lead_to(over, ("reject", "officer", {"reason": "not_fire"}))
    desk.sign_in("officer")

    newest, ended = on_map(desk, "tab=open&sort=-created"), on_map(desk, "tab=ended")

    assert [(each["id"], each["state"]) for each in newest["items"]] == [(still_open, "early")]
    assert [(each["id"], each["state"]) for each in ended["items"]] == [(over, "ended")]


def test_what_waits_for_somebody_is_all_that_their_own_tab_shows(land, desk):
    mine, theirs = (land.report(name, spot=SPOT, place=name) for name in ("worker", "neighbour"))
    land.lead_to(mine, ("assign", "officer", {"assignee": "user:worker"}))
    land.lead_to(theirs, ("assign", "officer", {"assignee": "user:neighbour"}))
    desk.sign_in("officer")

    assert {each["id"] for each in on_map(desk, "tab=open")["items"]} == {mine, theirs}
    assert on_map(desk, "tab=mine")["items"] == []


def test_nobody_is_shown_cases_out_of_their_scope(land, desk):
    land.report(spot=SPOT)
    desk.sign_in("stranger")

    assert on_map(desk, "tab=open")["items"] == []


def test_a_file_is_not_made_of_a_list_with_a_filter_that_nobody_knows(desk):
    desk.sign_in("brigade")

    page = desk.open("/office/board?colour=red")
    refused = desk.open("/office/board/export.csv?tab=open&colour=red")

    assert "筛选条件“colour”不认识，已忽略" in page.text
    assert refused.status_code == 422 and "筛选条件“colour”不认识，没有导出" in refused.text
    assert desk.open("/office/board/export.csv?tab=open").status_code == 200


def test_the_map_draws_the_villages_that_the_cases_lie_in_and_narrows_to_what_has_a_position(land, desk):
    draw_borders(land, VILLAGE, NEXT_VILLAGE, ESTATE)
    placed, bare = land.report(spot=SPOT), land.report("neighbour", place="没有定位的店")
    desk.sign_in("brigade")

    found = on_map(desk, "tab=open")

    assert [each["name"] for each in found["areas"]] == ["荆山口村"]
    assert found["areas"][0]["rings"][0][0][0] == [39.35, 114.68]
    assert found["villages"] == []
    lists = {name: desk.open(address).text for name, address in found["only"].items()}
    assert placed in lists["placed"] and bare not in lists["placed"] and "有定位" in lists["placed"]
    assert bare in lists["unplaced"] and placed not in lists["unplaced"]
    assert {each["name"] for each in desk.open("/office/borders").json["areas"]} == {"荆山口村", "花园村", "福泽园社区"}


def test_without_any_position_the_villages_are_counted_and_lead_to_their_cases(land, desk):
    id, other = land.report("neighbour"), land.report("stranger")
    desk.sign_in("brigade")

    found = on_map(desk, "tab=open")

    assert sorted((each["name"], each["count"]) for each in found["villages"]) == [
        ("白石山镇 花园村", 1),
        ("白石山镇 荆山口村", 1),
    ]
    of_village = next(each["address"] for each in found["villages"] if "荆山口" in each["name"])
    assert id in desk.open(of_village).text and other not in desk.open(of_village).text


@pytest.mark.parametrize(("name", "seen"), [("worker", {"荆山口村"}), ("stranger", {"花园村"})])
def test_who_picks_a_position_sees_the_border_of_the_village_around_them_alone(land, desk, name, seen):
    draw_borders(land, VILLAGE, NEXT_VILLAGE, TOWN)
    desk.sign_in(name)

    assert {each["name"] for each in desk.open("/office/borders").json["areas"]} == seen
