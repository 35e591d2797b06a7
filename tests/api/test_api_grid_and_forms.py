"""The API tells what the grid is and which forms there are."""

from __future__ import annotations

import hashlib

import pytest

from schemas.forms import FormDetailSchema, FormSchema
from schemas.grid import AreaSchema
from schemas.records import RecordTypeSchema
from tests.api_county import COUNTY, FAR_VILLAGE, NEXT_UNIT, NEXT_VILLAGE, OTHER_TOWN, TOWN, UNIT, VILLAGE


def codes(county, name, parent=None):
    answer = county.get(f"/areas?parent={parent}" if parent else "/areas", name)
    assert answer.status_code == 200, answer.text
    return [item["code"] for item in answer.json["items"]]


def test_the_county_comes_first_and_its_towns_below_it(county):
    assert codes(county, "brigade") == [COUNTY]
    assert codes(county, "brigade", "130630") == [TOWN, OTHER_TOWN]
    assert codes(county, "brigade", VILLAGE) == [UNIT]


def test_a_worker_finds_the_way_from_the_county_to_their_unit_and_no_other(county):
    assert codes(county, "worker") == [COUNTY]
    assert codes(county, "worker", COUNTY) == [TOWN]
    assert codes(county, "worker", TOWN) == [VILLAGE]
    assert codes(county, "worker", VILLAGE) == [UNIT]


def test_who_handles_cases_of_the_county_sees_its_grid(county):
    assert codes(county, "gas", TOWN) == [VILLAGE, NEXT_VILLAGE]


@pytest.mark.parametrize(
    "code", [FAR_VILLAGE, NEXT_UNIT, "130630100299", "999999", "abc", "1306301002010000", "130630000201"]
)
def test_an_area_out_of_reach_is_not_told_apart_from_none(county, code):
    assert county.get(f"/areas/{code}", "officer").status_code == 404


def test_an_area_shows_where_it_stands(county):
    answer = county.get("/areas/130630100", "officer")

    assert AreaSchema().validate(answer.json) == {}
    assert (answer.json["code"], answer.json["parent"], answer.json["in_force"]) == (TOWN, COUNTY, True)


def test_pages_of_areas_go_on_where_the_last_one_ended(county):
    first = county.get(f"/areas?parent={COUNTY}&limit=1", "brigade").json
    second = county.get(f"/areas?parent={COUNTY}&limit=1&cursor={first['next']}", "brigade").json

    assert [item["code"] for item in first["items"] + second["items"]] == [TOWN, OTHER_TOWN]
    assert second["next"] is None


def test_forms_are_listed_by_id(county):
    page = county.get("/forms", "officer").json

    assert [FormSchema().validate(item) for item in page["items"]] == [{}, {}]
    assert [(item["id"], item["record_type"], item["state"]) for item in page["items"]] == [
        ("hazard", "hazards", "open"),
        ("station", "stations", "open"),
    ]
    assert county.get("/forms?state=closed", "officer").json["items"] == []
    assert county.get("/forms?state=lost", "officer").status_code == 422
    assert [item["id"] for item in county.get("/forms?limit=1", "officer").json["items"]] == ["hazard"]


def test_a_form_shows_every_version_and_its_xform(county):
    form = county.get("/forms/station", "viewer").json
    xml = county.get("/forms/station/versions/1.xml", "viewer")

    assert FormDetailSchema().validate(form) == {}
    [version] = form["versions"]
    assert hashlib.md5(xml.data).hexdigest() == version["md5"]
    assert (
        county.get("/forms/station/versions/1.xml", "viewer", **{"If-None-Match": f'"{version["md5"]}"'}).status_code
        == 304
    )


@pytest.mark.parametrize("path", ["/forms/other", "/forms/other/versions/1.xml", "/forms/station/versions/2.xml"])
def test_a_form_that_was_never_published_is_not_found(county, path):
    assert county.get(path, "admin").status_code == 404


def test_record_types_name_their_fields(county):
    hazards, stations = county.get("/record-types", "worker").json["items"]

    assert RecordTypeSchema().validate(stations) == {}
    assert (hazards["name"], hazards["kind"], stations["title"]) == ("hazards", "case", "微型消防站")
    assert [(field["name"], field["type"]) for field in stations["fields"]] == [
        ("head", "string"),
        ("hoses", "int"),
        ("geometry", "geopoint"),
    ]
