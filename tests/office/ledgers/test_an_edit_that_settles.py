"""Writing over a field in conflict settles it for who may settle and has seen every value; it can be taken back."""

from __future__ import annotations

import pytest

from tests.api_county import PASSWORD, UNIT, add_record, edit, uuid_of
from tests.office.desk import Desk, Reader

STATION = "station desk"
ADDRESS = f"/office/ledgers/stations/{uuid_of(STATION)}"


@pytest.fixture
def county(county_to_change):
    """A station on which two phones disagree about the number of hoses."""
    add_record(county_to_change, STATION, "worker", {"head": "甲", "hoses": "6", "label": "桌站"}, area=UNIT)
    edit(county_to_change, STATION, "worker", "phone-x", {"hoses": "6"}, {"hoses": "5"}, 1)
    edit(county_to_change, STATION, "officer", "phone-y", {"hoses": "6"}, {"hoses": "9"}, 1)
    return county_to_change


def signed_in(county, name: str) -> Desk:
    desk = Desk(county)
    desk.sign_in(name, PASSWORD)
    return desk


def opened(desk: Desk):
    page = desk.open(f"{ADDRESS}/edit")
    return page, desk.form(page, f"{ADDRESS}/edit")


def record(county):
    return county.get(f"/records/{uuid_of(STATION)}", "brigade").json


def settled(county) -> list[bool]:
    items = county.get(f"/problems?record={uuid_of(STATION)}&kind=conflict&settled=any", "brigade").json["items"]
    return [each["settled_at"] is not None for each in items]


def test_the_page_says_so_and_the_edit_settles_once_and_is_taken_back(county):
    desk = signed_in(county, "town")
    page, form = opened(desk)
    assert "改这里就算选定" in page.text

    done = desk.submit(form, **{"q.hoses": "7"})
    again = desk.submit(form, **{"q.hoses": "7"})

    assert (record(county)["fields"]["hoses"], record(county)["conflicts"]) == ("7", [])
    assert settled(county) == [True]
    assert done.headers["Location"] == again.headers["Location"]
    assert county.get(f"/records/{uuid_of(STATION)}/history", "brigade").json["items"][-1]["action"] == "settle"
    told = desk.open(done.headers["Location"])
    assert "已选定，就按您写的。" in told.text
    undo = next(each for each in Reader(told.text).forms if each.action.endswith("/settlement"))
    desk.submit(undo)
    assert record(county)["conflicts"] == ["hoses"] and settled(county) == [False]


def test_other_fields_of_the_same_edit_are_edited(county):
    desk = signed_in(county, "town")
    form = opened(desk)[1]

    first = desk.submit(form, **{"q.hoses": "7", "q.head": "丁"})
    again = desk.submit(form, **{"q.hoses": "7", "q.head": "丁"})
    seen = record(county)

    assert (seen["fields"]["hoses"], seen["fields"]["head"], seen["conflicts"]) == ("7", "丁", [])
    assert first.headers["Location"] == again.headers["Location"] and seen["version"] == 5


def test_a_value_that_came_meanwhile_stands_beside_it(county):
    desk = signed_in(county, "town")
    form = opened(desk)[1]
    edit(county, STATION, "worker", "phone-z", {"hoses": "6"}, {"hoses": "12"}, 1)

    answer = desk.submit(form, **{"q.hoses": "7"})

    assert answer.headers["Location"].endswith("done=disputed")
    assert record(county)["conflicts"] == ["hoses"] and settled(county) == [False]


def test_who_may_not_settle_edits_and_the_conflict_stays(county):
    desk = signed_in(county, "worker")
    page, form = opened(desk)
    assert "改这里就算选定" not in page.text

    answer = desk.submit(form, **{"q.hoses": "7"})

    assert answer.headers["Location"].endswith("done=disputed")
    assert record(county)["conflicts"] == ["hoses"] and settled(county) == [False]
