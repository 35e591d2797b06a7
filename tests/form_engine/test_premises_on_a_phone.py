"""Premises on a phone: registered, updated, closed down, and picked for a report of a hazard."""

from __future__ import annotations

import pytest

from tests.form_engine.phone import Filled, Misplayed, Phone, with_cells, without

MOUNTAIN = "130630106201001"
SHOP = "9b1d2c3e-0a4b-4c5d-8e6f-1a2b3c4d5e61"
WORKSHOP = "9b1d2c3e-0a4b-4c5d-8e6f-1a2b3c4d5e62"
RESTAURANT = "9b1d2c3e-0a4b-4c5d-8e6f-1a2b3c4d5e63"
REPORT = {"area_pick": MOUNTAIN, "item": "hose_aged", "fixed_now": "no"}


def a_report(phone: Phone, **answers: str) -> Filled:
    return phone.fill("hazard_report", **REPORT | answers)


def registered(phone: Phone, **answers: str) -> Filled:
    told = {"area_pick": MOUNTAIN, "title": "演示旅馆", "premises_kind": "small_hotel", "premises_state": "in_use"}
    return phone.fill("premises", task="register", **told | answers)


def test_four_answers_register_premises(phone):
    made = registered(phone)

    assert (made.entity["create"], made.label) == ("1", "演示旅馆")
    assert (made.saved["premises_kind"], made.saved["premises_state"]) == ("small_hotel", "in_use")
    assert made.saved["area"] == MOUNTAIN


def test_premises_of_the_same_name_in_the_grid_are_asked_about(phone):
    same = registered(phone, title="演示 小卖部")
    elsewhere = registered(phone, title="演示饭店")

    assert same.refused_at == "another"
    assert "another" not in elsewhere.asked


def test_closing_down_is_one_answer_and_leaves_the_rest_as_it_is(phone):
    closed = phone.fill("premises", task="update", pick=SHOP, parts="use", premises_state="closed_down")

    assert (closed.entity["update"], closed.entity["id"]) == ("1", SHOP)
    assert (closed.saved["premises_state"], closed.saved["sleeping"]) == ("closed_down", "no")
    assert "closed_note" in closed.asked
    assert not {"title", "premises_kind", "manager", "manager_phone", "place"} & closed.saved.keys()


def test_a_report_offers_the_premises_of_the_grid_that_are_not_closed_down(phone):
    report = a_report(phone, premises_pick=SHOP)

    assert report.asked["premises_pick"] == (SHOP,)
    assert report.saved["premises"] == SHOP
    assert (report.saved["place"], report.label) == ("演示小卖部", "演示小卖部｜燃气软管老化/超长/无卡箍")
    assert "place" not in report.asked


@pytest.mark.parametrize("premises", [WORKSHOP, RESTAURANT])
def test_premises_closed_down_or_of_another_grid_cannot_be_picked(phone, premises):
    with pytest.raises(Misplayed, match="is not offered"):
        a_report(phone, premises_pick=premises)


def test_a_place_that_nobody_registered_is_written(phone):
    report = a_report(phone, place="村口")

    assert (report.saved["place"], report.saved["premises"]) == ("村口", "")


def test_nothing_is_asked_where_no_premises_are_registered(phone):
    phone.change("premises.csv", lambda rows: [])

    assert "premises_pick" not in a_report(phone, place="村口").asked


def test_a_draft_keeps_its_premises_when_they_close_down_or_leave_the_list(phone):
    draft = a_report(phone, premises_pick=SHOP)

    phone.change("premises.csv", with_cells(SHOP, premises_state="closed_down"))
    closed = phone.fill("hazard_report", draft=draft)
    phone.change("premises.csv", without(SHOP))
    gone = phone.fill("hazard_report", draft=draft)

    for sent in (closed, gone):
        assert (sent.saved["premises"], sent.saved["place"]) == (SHOP, "演示小卖部")


def test_the_next_report_at_the_same_place_is_at_the_same_premises(phone):
    first = a_report(phone, premises_pick=SHOP)

    same = a_report(phone, last=first, same_place="yes")
    elsewhere = a_report(phone, last=first, place="村口")

    assert (same.saved["premises"], same.saved["place"]) == (SHOP, "演示小卖部")
    assert (elsewhere.saved["premises"], elsewhere.saved["place"]) == ("", "村口")
