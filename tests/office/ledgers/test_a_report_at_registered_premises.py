"""A report on a page offers the registered premises of its grid, and links the case to those that are picked."""

from __future__ import annotations

from tests.api_county import UNIT, add_record, uuid_of
from tests.office.ledgers.test_ledgers_of_any_form import at_desk, id_in, reporting

__all__ = ["reporting"]

ANSWERS = {"q.what/item": "ebike_in_evac", "q.what_was_done/fixed_now": "no"}


def register(county, word: str, state: str) -> str:
    fields = {"label": f"演示{word}", "title": f"演示{word}", "premises_kind": "small_shop", "premises_state": state}
    add_record(county, word, "worker", fields, type="premises", area=UNIT)
    return uuid_of(word)


def test_premises_are_picked_on_the_page_and_closed_down_ones_are_not_offered(reporting):
    shop, closed = register(reporting, "小卖部", "in_use"), register(reporting, "作坊", "closed_down")
    desk = at_desk(reporting, "officer")

    first = desk.open("/office/report")
    answers = {**ANSWERS, "q.where/premises_pick": shop}
    asked = desk.submit(desk.form(first, "/office/report"), look="1", **answers)
    case = reporting.get(f"/records/{id_in(desk.submit(desk.form(asked, '/office/report'), **answers))}", "officer")

    assert shop in first.text and closed not in first.text
    assert "q.where/place" in first.text and "q.where/place" not in asked.text
    assert (case.json["fields"]["premises"], case.json["fields"]["place"]) == (shop, "演示小卖部")
    assert case.json["case"]["premises"]["label"] == "演示小卖部"
