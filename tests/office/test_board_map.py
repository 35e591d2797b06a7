"""The map of a list tells where the cases of that very list are, and those of no other."""

from __future__ import annotations

import pytest

from tests.office.desk import Desk, with_passwords

SPOT = "39.36010 114.69430 0 8"


@pytest.fixture
def desk(land) -> Desk:
    return Desk(with_passwords(land.valley))


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
