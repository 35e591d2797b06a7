"""Cases are counted by the kind of the registered premises that they name, and files of them name no person."""

from __future__ import annotations

import csv
import io
import time
from urllib.parse import quote

import pytest

from tests.api_county import UNIT, add_record, uuid_of
from tests.county import County
from tests.office.ledgers.test_ledgers_of_any_form import reporting

__all__ = ["reporting"]

BY_KIND = "/summaries/closure?by=place_type&period=month"


@pytest.fixture
def kinds(reporting: County) -> County:
    """Two hazards at a shop, one at an inn, one at no registered premises."""
    for word, kind in (("shop", "small_shop"), ("inn", "small_hotel")):
        fields = {"label": word, "title": word, "premises_kind": kind, "premises_state": "in_use"}
        add_record(reporting, word, "worker", fields, type="premises", area=UNIT)
    for word, place in (("one", "shop"), ("two", "shop"), ("three", "inn"), ("four", "")):
        fields = {"label": word, "item": "ebike_in_evac", "premises": uuid_of(place) if place else ""}
        add_record(reporting, word, "worker", fields, type="hazards", action="report", area=UNIT)
    return reporting


def reports(county: County, more: str = "") -> dict[str, int]:
    rows = county.get(f"{BY_KIND}{more}", "brigade").json["rows"]
    return {row["key"]: row["counts"]["reports"] for row in rows}


def corrected(county: County, id: str, name: str, **fields: str) -> None:
    version = county.get(f"/records/{id}", name).json["version"]
    answer = county.post(f"/records/{id}/changes", name, {"action": "edit", "base_version": version, "fields": fields})
    assert answer.status_code == 200, answer.text


def test_each_kind_has_its_row_and_opens_into_its_cases(kinds):
    told = kinds.get(BY_KIND, "brigade").json
    items = kinds.get("/summaries/closure/cases?by=place_type&period=month&row=small_shop&figure=reports", "brigade")

    assert reports(kinds) == {"small_shop": 2, "small_hotel": 1, "-": 1}
    assert [row["name"] for row in told["rows"]][-1] == "不在登记的场所"
    assert {item["id"] for item in items.json["items"]} == {uuid_of("one"), uuid_of("two")}


def test_a_past_instant_says_at_which_premises_of_which_kind_they_were_then(kinds):
    before = kinds.get(BY_KIND, "brigade").json["as_of"]
    time.sleep(0.002)  # instants are milliseconds
    corrected(kinds, uuid_of("inn"), "worker", premises_kind="small_restaurant")
    corrected(kinds, uuid_of("four"), "worker", premises=uuid_of("shop"))

    assert reports(kinds) == {"small_shop": 3, "small_restaurant": 1}
    assert reports(kinds, f"&as_of={quote(before)}") == {"small_shop": 2, "small_hotel": 1, "-": 1}


def test_a_file_of_cases_names_no_person(kinds):
    assigned = {"action": "assign", "fields": {"assignee": "user:worker", "due_on": "2026-12-31"}}
    for id in (uuid_of("one"), uuid_of("two")):
        given = assigned if id == uuid_of("one") else assigned | {"fields": {"assignee": "body:dept-gas"}}
        answer = kinds.post(f"/records/{id}/changes", "town", given)
        assert answer.status_code == 200, answer.text

    def handlers(more: str) -> list[str]:
        answer = kinds.get(f"/summaries/closure/cases?period=month&figure=cases&format=csv{more}", "brigade")
        return [line["承办"] for line in csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig")))]

    assert handlers("") == ["网格员·白石山镇", "燃气主管部门"]
    assert handlers("&labels=false") == ["user:", "body:dept-gas"]
