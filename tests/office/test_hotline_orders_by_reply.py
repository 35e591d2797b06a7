"""Orders of the hotline are listed by the day on which an answer is due, and those whose day has passed are marked."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from server.instants import local_day
from tests.api_county import UNIT, add_record, uuid_of
from tests.county import County
from tests.office.ledgers.test_ledgers_of_any_form import at_desk, reporting

__all__ = ["reporting"]


def day(county: County, days: int) -> str:
    with county.store.reading() as reading:
        return str(date.fromisoformat(local_day(reading.now)) + timedelta(days=days))


@pytest.fixture
def orders(reporting: County) -> County:
    """Four orders that are to be answered in five days, that should have been, tomorrow, at no day that is one."""
    for word, reply_by in (("later", day(reporting, 5)), ("late", day(reporting, -2)), ("soon", day(reporting, 1))):
        add_order(reporting, word, reply_by=reply_by)
    add_order(reporting, "unwritten", reply_by="尽快")
    add_record(reporting, "patrolled", "worker", {"label": "patrolled"}, type="hazards", action="report", area=UNIT)
    return reporting


def add_order(county: County, word: str, **fields: str) -> None:
    told = {"label": word, "item": "ebike_in_evac", "source": "hotline_12345", **fields}
    add_record(county, word, "worker", told, type="hazards", action="report", area=UNIT)


def test_they_come_by_the_day_of_the_answer_page_by_page(orders):
    first = orders.get("/records?sort=reply&limit=2", "brigade").json
    second = orders.get(f"/records?sort=reply&limit=2&cursor={first['next']}", "brigade").json

    assert [each["label"] for each in (*first["items"], *second["items"])] == ["late", "soon", "later"]
    assert [each["reply_by"] for each in first["items"]] == [day(orders, -2), day(orders, 1)]
    assert second["next"] is None
    assert orders.get(f"/records?sort=due&cursor={first['next']}", "brigade").status_code == 422


def test_lists_and_counts_are_narrowed_to_those_and_to_the_late_ones(orders):
    waiting = orders.get("/records?reply=true", "brigade").json["items"]
    late = orders.get("/records?unanswered=true", "brigade").json["items"]

    assert {each["label"] for each in waiting} == {"late", "soon", "later"}
    assert [each["id"] for each in late] == [uuid_of("late")]
    assert orders.get("/records/counts?unanswered=true", "brigade").json["counts"] == {"reported": 1}
    assert orders.get("/records?unanswered=true", "stranger").json["items"] == []


def test_a_corrected_day_moves_an_order_and_what_is_over_is_listed_no_more(orders):
    late, later = uuid_of("late"), uuid_of("later")
    version = orders.get(f"/records/{later}", "worker").json["version"]
    moved = {"action": "edit", "base_version": version, "fields": {"reply_by": day(orders, -5)}}
    assert orders.post(f"/records/{later}/changes", "worker", moved).status_code == 200
    rejected = {"action": "reject", "fields": {"reason": "not_fire"}}
    assert orders.post(f"/records/{late}/changes", "officer", rejected).status_code == 200

    listed = orders.get("/records?sort=reply", "brigade").json["items"]

    assert [each["label"] for each in listed] == ["later", "soon"]


def test_the_board_and_the_first_page_show_which_are_late(orders):
    desk = at_desk(orders, "officer")

    page = desk.open("/office/board?unanswered=1").text
    waiting = desk.open("/office/board?reply=1").text
    today = desk.open("/office/").text

    assert uuid_of("late") in page and uuid_of("soon") not in page and "已过答复期限" in page
    assert waiting.index(uuid_of("late")) < waiting.index(uuid_of("soon")) < waiting.index(uuid_of("later"))
    assert "12345已过答复期限" in today
