"""Records leave as CSV and GeoJSON: for those who may export, with the list's filters, safe to open."""

from __future__ import annotations

import csv
import io

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.api import exports
from server.db import audit
from server.forms.usecases import publish
from tests.api_county import FAR_VILLAGE, TOWN, UNIT, add_record, uuid_of


def lines_of(answer):
    assert answer.status_code == 200, answer.text
    assert answer.data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))


def test_a_csv_has_a_line_for_each_record_and_a_column_for_each_field(county):
    lines = lines_of(county.get("/records.csv?type=stations", "brigade"))

    assert [line["id"] for line in lines] == county.ids("/records?type=stations", "brigade")
    assert list(lines[0]) == [*exports.COLUMNS, "head", "hoses", "geometry"]
    one = lines[-1]
    assert (one["label"], one["head"], one["hoses"], one["conflicts"], one["version"]) == (
        "一号站",
        "甲",
        "4",
        "hoses",
        "3",
    )


def test_without_a_type_the_fields_of_all_types_stand_side_by_side(county):
    lines = lines_of(county.get("/records.csv", "brigade"))

    assert list(lines[0])[-4:] == ["item", "head", "hoses", "geometry"]
    assert len(lines) == 5


def test_what_looks_like_a_formula_gets_an_apostrophe_and_a_number_does_not(county):
    line = next(line for line in lines_of(county.get("/records.csv", "town")) if line["id"] == uuid_of("station two"))

    assert (line["head"], line["hoses"]) == ("'=HYPERLINK(1)", "-3")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("-3.5", "-3.5"),
        ("+8613800000001", "+8613800000001"),
        ("1e5", "1e5"),
        ("-1+cmd|' /C calc'!A0", "'-1+cmd|' /C calc'!A0"),
        ("@SUM(1)", "'@SUM(1)"),
        ("＝1＋1", "'＝1＋1"),
        ("\t=1", "'\t=1"),
        ("2026-11-24", "2026-11-24"),
        ("", ""),
    ],
)
def test_a_cell_is_safe_to_open(value, shown):
    assert exports.escaped(value) == shown


@given(st.text())
def test_no_cell_ever_begins_like_a_formula_unless_it_is_a_number(value):
    shown = exports.escaped(value)

    assert shown in (value, f"'{value}")
    if shown[:1] in set("=@\t\r\n＝＋－＠"):
        pytest.fail(shown)
    if shown[:1] in ("+", "-"):
        float(shown)


def test_exports_take_the_filters_of_the_list(county):
    assert len(lines_of(county.get(f"/records.csv?type=stations&area={TOWN}&conflict=true", "brigade"))) == 1
    assert county.get("/records.csv?limit=5", "brigade").status_code == 422
    assert county.get("/records.geojson?type=unknown", "brigade").status_code == 422
    assert county.get(f"/records.csv?area={FAR_VILLAGE}", "officer").status_code == 404


@pytest.mark.parametrize("name", ["worker", "viewer", "gone"])
@pytest.mark.parametrize("path", ["/records.csv", "/records.geojson"])
def test_who_may_not_export_is_told_who_may(county, name, path):
    answer = county.get(path, name)

    assert answer.status_code == 403
    assert "村/社区干部" in answer.json["detail"]


def test_a_village_officer_exports_the_village_with_phone_numbers_masked(office, prepared_forms):
    office.store.write(lambda tx: publish.publish(tx, prepared_forms[0], None))
    add_record(office, "a station", "worker", {"head": "甲 13800000009", "label": "站13800000008"}, area=UNIT)

    masked = lines_of(office.get("/records.csv", "officer"))[0]
    plain = lines_of(office.get("/records.csv", "town"))[0]
    place = orjson.loads(office.get("/records.geojson", "officer").data)["features"][0]["properties"]

    assert (masked["head"], masked["label"]) == ("甲 138****0009", "站138****0008")
    assert (plain["head"], plain["label"]) == ("甲 13800000009", "站13800000008")
    assert (place["fields"]["head"], place["label"]) == ("甲 138****0009", "站138****0008")


def test_a_department_exports_what_it_was_given(county):
    assert [line["id"] for line in lines_of(county.get("/records.csv", "gas"))] == [uuid_of("case one")]


def test_geojson_places_records_by_longitude_and_latitude(county):
    answer = county.get("/records.geojson?type=stations", "brigade")

    made = orjson.loads(answer.data)
    assert answer.content_type == "application/geo+json"
    assert made["type"] == "FeatureCollection"
    points = {feature["id"]: feature["geometry"] for feature in made["features"]}
    assert points[uuid_of("station two")] == {"type": "Point", "coordinates": [114.75, 39.25]}
    assert points[uuid_of("station one")] is None
    assert len(points) == 3


def test_nothing_to_export_is_still_a_document(county):
    assert orjson.loads(county.get("/records.geojson?status=void", "brigade").data)["features"] == []
    assert lines_of(county.get("/records.csv?status=void", "brigade")) == []


def test_an_export_goes_on_page_after_page(county, monkeypatch):
    monkeypatch.setattr(exports, "PAGE_ROWS", 2)

    lines = lines_of(county.get("/records.csv", "brigade"))
    features = orjson.loads(county.get("/records.geojson", "brigade").data)["features"]

    assert [line["id"] for line in lines] == county.ids("/records", "brigade")
    assert [feature["id"] for feature in features] == county.ids("/records", "brigade")


def test_who_exported_what_is_on_record(office):
    office.get("/records.csv?conflict=true", "admin")

    with office.store.reading() as reading:
        entries = [each for each in audit.list_about(reading, "admin") if each.action == "records.export"]
    assert [(each.actor, each.detail) for each in entries] == [
        ("admin", {"format": "csv", "filters": {"conflict": True}})
    ]
