"""Cases name the premises they are about: both pages tell of each other, and what is closed down is not visited."""

from __future__ import annotations

import pytest

from server.forms.usecases import publish
from tests import field_forms
from tests.api_county import PASSWORD, UNIT, add_record, edit, uuid_of
from tests.county import prepared
from tests.office.desk import Desk

PREMISES = """\
| survey |
| | type | name | label | save_to |
| | text | title | 名称 | title |
| | text | premises_state | 状态 | premises_state |
| entities |
| | list_name | label |
| | premises | ${title} |
""" + field_forms.settings_of("premises", "场所登记", **field_forms.PROFILE)
_PLACE = "| | text | place | 位置 | place |\n"
HAZARD = field_forms.HAZARD.replace(_PLACE, f"{_PLACE}| | text | premises | 场所 | premises |\n")
CLOSED = "已经关停"


@pytest.fixture
def county(office):
    """A shop, a workshop of the same name, and a hazard at the shop."""
    for form in (PREMISES, HAZARD):
        office.do(publish.publish, prepared(form), None)
    for word in ("shop", "workshop"):
        fields = {"label": "演示小卖部", "title": "演示小卖部", "premises_state": "in_use"}
        add_record(office, word, "worker", fields, type="premises", area=UNIT)
    hazard_at(office, "one", "shop")
    return office


def hazard_at(county, word: str, premises: str, item: str = "hose_aged", place: str = "演示小卖部") -> None:
    fields = {"label": f"{place}｜{word}", "item": item, "place": place, "premises": uuid_of(premises)}
    add_record(county, word, "worker", fields, type="hazards", action="report", area=UNIT)


def close_down(county) -> None:
    edit(
        county,
        "shop",
        "worker",
        "phone-x",
        {"premises_state": "in_use"},
        {"premises_state": "closed_down"},
        1,
        "premises",
    )


def of(county, word: str, by: str = "officer"):
    return county.get(f"/records/{uuid_of(word)}", by).json


def page(county, path: str) -> str:
    desk = Desk(county)
    desk.sign_in("officer", PASSWORD)
    return desk.open(path).text


def test_a_case_tells_its_premises_and_they_tell_their_open_cases(county):
    case, shop, workshop = (of(county, word) for word in ("one", "shop", "workshop"))

    assert case["case"]["premises"] == {
        "id": uuid_of("shop"), "label": "演示小卖部", "state": "in_use", "closed_down": False,
    }  # fmt: skip
    assert shop["open_cases"] == [{"id": uuid_of("one"), "label": "演示小卖部｜one", "status": "reported"}]
    assert workshop["open_cases"] == case["open_cases"] == []


def test_the_pages_lead_from_one_to_the_other(county):
    case, shop = f"/office/cases/{uuid_of('one')}", f"/office/ledgers/premises/{uuid_of('shop')}"

    assert shop in page(county, case) and CLOSED not in page(county, case)
    assert case in page(county, shop) and CLOSED not in page(county, shop)


def test_who_closes_premises_down_is_told_of_their_open_cases_and_the_cases_tell_it(county):
    close_down(county)

    assert of(county, "one")["case"]["premises"]["closed_down"] is True
    assert of(county, "one")["status"] == "reported"
    assert CLOSED in page(county, f"/office/cases/{uuid_of('one')}")
    assert CLOSED in page(county, f"/office/ledgers/premises/{uuid_of('shop')}")


def test_premises_closed_down_are_no_place_to_visit(county):
    def unvisited():
        return {each["id"] for each in county.get("/record-types/premises/unvisited", "officer").json["items"]}

    before = unvisited()
    close_down(county)

    assert before - unvisited() == {uuid_of("shop")}


def test_the_same_premises_and_item_are_alike_and_premises_of_one_name_are_two_places(county):
    hazard_at(county, "again", "shop", place="小卖部门口")
    hazard_at(county, "beside", "workshop")
    hazard_at(county, "other", "shop", item="corridor_blocked")

    [found] = of(county, "one")["case"]["similar"]
    assert (found["id"], found["same_place"]) == (uuid_of("again"), True)


def test_premises_that_nobody_knows_are_no_fault(county):
    hazard_at(county, "lost", "nowhere")

    assert of(county, "lost")["case"]["premises"] is None
