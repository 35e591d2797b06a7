"""What may be merged: reports freely, a case that counts only into one of the same hazard, else by the level above.

What counts goes into what counts, and what holds it neither ends by one signature nor is made to look alike for it.
"""

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
    master = registered(land)

    land.act(registered(land, " 村口"), "merge", "officer", into=master)
    for place, item in (("村尾", "hose_aged"), ("村口", "corridor_blocked")):
        assert refused(land, registered(land, place, item=item), "officer", master) == ["fields.into"]


def test_within_fifty_metres_is_the_same_place_however_it_was_called(land):
    master = registered(land, spot=HERE)

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


def edit(land: Land, id: str, **fields: str) -> None:
    answer = land.valley.post(f"/records/{id}/changes", "officer", {"action": "edit", "fields": fields})
    assert answer.status_code == 200, answer.text


def test_a_registered_case_does_not_vanish_in_a_report(land):
    report, case = reported(land), registered(land)

    assert refused(land, case, "officer", report) == ["fields.into"]
    land.act(report, "register", "officer")
    land.act(case, "merge", "officer", into=report)

    assert land.record(case).status == "merged"


def test_a_report_that_holds_a_case_goes_into_no_other_report(land):
    first, second, case = reported(land), reported(land), registered(land)
    land.act(case, "merge", "town", into=first)

    assert refused(land, first, "officer", second) == ["fields.into"]


@pytest.mark.parametrize(("action", "by"), [("withdraw", "worker"), ("reject", "officer")])
def test_a_report_that_holds_a_case_is_neither_withdrawn_nor_rejected_before_they_are_split(land, action, by):
    report, case = reported(land), registered(land)
    land.act(case, "merge", "town", into=report)

    with pytest.raises(Refused) as no:
        land.act(report, action, by, reason="not_fire")
    assert "拆分" in str(no.value)
    land.lead_to(case, ("split", "officer", {"reason": "不是一件"}))
    land.act(report, action, by, reason="not_fire")

    assert land.record(report).status in ("void", "rejected")


def test_a_report_that_holds_reports_alone_is_rejected_as_before(land):
    report, other = reported(land), reported(land)
    land.act(other, "merge", "officer", into=report)

    land.act(report, "reject", "officer", reason="not_fire")

    assert land.record(report).status == "rejected"


def test_what_is_overdue_since_it_was_registered_is_merged_by_the_level_above(land):
    dispatched, waiting = registered(land), registered(land)
    land.act(dispatched, "assign", "officer", assignee="user:worker")
    land.clock.pass_by(days=20)
    land.act(dispatched, "return", "officer", reason="收回")
    master = registered(land)

    for case in (dispatched, waiting):
        assert refused(land, case, "officer", master) == ["fields.into"]
        land.act(case, "merge", "town", into=master)
        assert land.record(case).status == "merged"


@pytest.mark.parametrize("edited", ["case", "master"])
def test_an_edit_after_registration_makes_no_case_like_another(land, edited):
    cases = {"master": registered(land), "case": registered(land, "河边", item="corridor_blocked")}
    like = land.record(cases["master" if edited == "case" else "case"]).fields
    edit(land, cases[edited], item=like["item"], place=like["place"])

    assert refused(land, cases["case"], "officer", cases["master"]) == ["fields.into"]
    land.act(cases["case"], "merge", "town", into=cases["master"])


def test_a_correction_before_registration_is_what_the_case_said(land):
    master, case = registered(land), reported(land, "河边", item="corridor_blocked")
    edit(land, case, item="hose_aged", place="村口")
    land.act(case, "register", "officer")

    land.act(case, "merge", "officer", into=master)

    assert land.record(case).status == "merged"
