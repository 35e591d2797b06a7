"""What may be merged: reports freely, a case that counts only into one of the same hazard, else by the level above."""

from __future__ import annotations

import pytest

from tests.case_land import Land, Refused

HERE, NEAR, FAR = ("39.36010 114.69430 0 5", "39.36020 114.69450 0 5", "39.37010 114.69430 0 5")


def reported(land: Land, place: str = "村口", by: str = "worker", **values: str) -> str:
    return land.report(by, place=place, **values)


def registered(land: Land, place: str = "村口", by: str = "officer", **values: str) -> str:
    id = reported(land, place, **values)
    land.act(id, "register", by)
    return id


def refused(land: Land, id: str, by: str, into: str) -> list[str]:
    with pytest.raises(Refused) as found:
        land.act(id, "merge", by, into=into)
    assert (found.value.status, found.value.code) == (422, "invalid")
    return found.value.fields


def test_reports_that_nobody_has_taken_in_are_merged_freely_and_taken_apart_again(land):
    master, other = reported(land), reported(land, "村尾", item="corridor_blocked")

    land.act(other, "merge", "officer", into=master)
    assert land.record(other).status == "merged"
    land.act(other, "split", "officer", reason="不是一件")

    assert land.record(other).status == "registered"


def test_a_registered_case_goes_into_one_of_the_same_item_and_place(land):
    master = reported(land)

    land.act(registered(land, " 村口"), "merge", "officer", into=master)
    for place, item in (("村尾", "hose_aged"), ("村口", "corridor_blocked")):
        assert refused(land, registered(land, place, item=item), "officer", master) == ["fields.into"]


def test_within_fifty_metres_is_the_same_place_however_it_was_called(land):
    master = reported(land, spot=HERE)

    land.act(registered(land, "小卖部", spot=NEAR), "merge", "officer", into=master)
    assert refused(land, registered(land, "小卖部", spot=FAR), "officer", master) == ["fields.into"]


def test_a_report_that_is_overdue_does_not_vanish_either(land):
    master, late = reported(land), reported(land, "村尾")
    land.clock.pass_by(days=7)

    assert refused(land, late, "officer", master) == ["fields.into"]
    land.act(late, "merge", "town", into=master)


def test_the_town_merges_what_its_villages_registered_and_the_brigade_what_the_town_did(land):
    master = reported(land)
    of_village, of_town = registered(land, "村尾"), registered(land, "村尾", by="town")

    land.act(of_village, "merge", "town", into=master)
    assert refused(land, of_town, "town", master) == ["fields.into"]
    land.act(of_town, "merge", "brigade", into=master)

    assert land.record(of_town).status == "merged"


def test_what_the_town_took_apart_and_so_took_in_is_the_brigades_to_merge(land):
    master, other = reported(land), reported(land, "村尾")
    land.act(other, "merge", "officer", into=master)
    land.act(other, "split", "town", reason="不是一件")

    assert refused(land, other, "town", master) == ["fields.into"]
    land.act(other, "merge", "brigade", into=master)

    assert land.record(other).status == "merged"
