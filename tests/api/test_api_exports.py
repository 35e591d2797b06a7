"""Records leave as CSV and GeoJSON: for those who may export, with the list's filters, safe to open."""

from __future__ import annotations

import csv
import io
import unicodedata

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from server import table_files
from server.audit.store import chain
from server.errors import Busy
from server.forms.usecases import publish
from server.records.store import record_files
from server.records.usecases import record_tables
from server.web import record_exports
from sync.changes import Dot
from tests.api_county import FAR_UNIT, FAR_VILLAGE, TOWN, UNIT, add_record, uuid_of
from tests.county import prepared


def lines_of(answer):
    assert answer.status_code == 200, answer.text
    assert answer.data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))


def test_a_csv_has_a_line_for_each_record_and_a_column_for_each_field(county):
    lines = lines_of(county.get("/records.csv?type=stations&labels=false", "brigade"))

    assert [line["id"] for line in lines] == county.ids("/records?type=stations", "brigade")
    assert list(lines[0]) == [*record_tables.COLUMNS, "head", "hoses", "geometry"]
    one = lines[-1]
    assert (one["label"], one["head"], one["hoses"], one["conflicts"], one["version"]) == (
        "一号站",
        "甲",
        "4",
        "hoses",
        "3",
    )


def test_without_a_type_the_fields_of_all_types_stand_side_by_side(county):
    lines = lines_of(county.get("/records.csv?headings=names", "brigade"))

    assert list(lines[0])[-4:] == ["item", "head", "hoses", "geometry"]
    assert len(lines) == 5


def test_what_looks_like_a_formula_gets_an_apostrophe_and_a_number_does_not(county):
    lines = lines_of(county.get("/records.csv?labels=false", "town"))
    line = next(line for line in lines if line["id"] == uuid_of("station two"))

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
        ("\ufeff=1", "'\ufeff=1"),
        ("\u200b\u202e@SUM(1)", "'\u200b\u202e@SUM(1)"),
        ("\u200b演示", "\u200b演示"),
        ("2026-11-24", "2026-11-24"),
        ("", ""),
    ],
)
def test_a_cell_is_safe_to_open(value, shown):
    assert table_files.escaped(value) == shown


@given(st.text() | st.text("\u200b\ufeff\u202e\U000e0020=+-@1", max_size=5))
def test_no_cell_ever_begins_like_a_formula_unless_it_is_a_number(value):
    shown = table_files.escaped(value)

    assert shown in (value, f"'{value}")
    seen = "".join(c for c in shown if unicodedata.category(c) != "Cf")
    if seen[:1] in set("=@\t\r\n＝＋－＠"):
        pytest.fail(shown)
    if shown[:1] in ("+", "-"):
        float(shown)


CHECK_FORM = """\
| survey |
| | type | name | label::中文 (zh) | label::English (en) | save_to |
| | text | id_no | 证号 | Number | id_no |
| | integer | hoses | 水带数 | Hoses | hoses |
| | select_multiple faults | seen | 发现 | Seen | seen |
| | select_one_from_file streets.csv | street | 街道 | Street | street |
| | dateTime | seen_at | 发现时间 | Seen at | seen_at |
| choices |
| | list_name | name | label::中文 (zh) | label::English (en) |
| | faults | leak | 漏水 | Leaking |
| | faults | rust | 生锈 | Rusty |
| entities |
| | list_name | label |
| | hydrants | ${id_no} |
| settings |
| | form_title | form_id | version | default_language |
| | 消火栓 | hydrant | 1 | 中文 (zh) |
"""


@pytest.fixture
def hydrants(office):
    """A county with a record of 30 November, 23:30 UTC: 1 December, 07:30, by the clock of the office."""
    office.publish(CHECK_FORM, streets_csv=b"name,label,label_en\ns1,\xe4\xb8\x9c\xe8\xa1\x97,East Street\n")
    fields = {
        "id_no": "130630199001011234",
        "hoses": "007",
        "seen": "rust leak gone",
        "street": "s1",
        "seen_at": "2026-11-30T23:30:00.000Z",
        "label": "西门",
    }
    add_record(office, "a hydrant", "worker", fields, type="hydrants", area=UNIT)
    return office


def test_a_csv_says_labels_and_beijing_time_under_chinese_headings(hydrants):
    (line,) = lines_of(hydrants.get("/records.csv?type=hydrants", "brigade"))

    assert (line["台账"], line["网格代码"], line["网格"]) == ("消火栓", f"'{UNIT}", "白石山镇 荆山口村 第1单元")
    assert (line["发现"], line["街道"], line["发现时间"]) == ("gone；漏水；生锈", "东街", "2026-12-01 07:30:00")
    assert (line["提交人"], line["名称"]) == ("worker", "西门")
    assert not line["建立"].endswith("Z")


def test_an_english_reader_gets_english_headings_and_labels(hydrants):
    (line,) = lines_of(hydrants.get("/records.csv?type=hydrants&headings=en", "brigade"))

    assert (line["Ledger"], line["Seen"], line["Street"]) == ("消火栓", "gone；Leaking；Rusty", "East Street")


def test_a_program_gets_codes_and_utc_under_names(hydrants):
    (line,) = lines_of(hydrants.get("/records.csv?type=hydrants&labels=false", "brigade"))

    assert (line["type"], line["area"], line["seen"], line["street"]) == ("hydrants", UNIT, "gone leak rust", "s1")
    assert (line["seen_at"], line["id_no"], line["hoses"]) == ("2026-11-30T23:30:00.000Z", "130630199001011234", "007")


def test_what_a_spreadsheet_would_round_or_shorten_gets_an_apostrophe_in_a_csv_and_is_text_in_a_workbook(hydrants):
    (line,) = lines_of(hydrants.get("/records.csv?type=hydrants", "brigade"))
    titles, cells = sheet_of(hydrants.get("/records.xlsx?type=hydrants", "brigade"))
    row = dict(zip(titles, cells, strict=True))

    assert (line["证号"], line["水带数"]) == ("'130630199001011234", "'007")
    assert (row["证号"], row["水带数"], row["版本"]) == ("130630199001011234", "007", 1)


def sheet_of(answer, number=0):
    assert answer.status_code == 200, answer.text
    return CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(number).to_python()


def test_a_workbook_says_what_the_csv_says(county):
    titles, *rows = sheet_of(county.get("/records.xlsx", "brigade"))
    lines = lines_of(county.get("/records.csv", "brigade"))

    assert titles == list(lines[0])
    assert [row[0] for row in rows] == [line["记录"] for line in lines]


def test_a_workbook_goes_on_in_another_sheet_where_one_is_full(county, monkeypatch):
    monkeypatch.setattr(table_files, "SHEET_ROWS_MAX", 4)

    answer = county.get("/records.xlsx", "brigade")
    first, second = sheet_of(answer), sheet_of(answer, 1)

    assert [row[0] for row in first[1:] + second[1:]] == county.ids("/records", "brigade")
    assert (len(first), first[0]) == (4, second[0])


def test_cases_say_status_stage_and_party_in_words(county):
    line = next(line for line in lines_of(county.get("/records.csv", "brigade")) if line["记录"] == uuid_of("case one"))

    assert (line["承办"], line["状态"], line["环节"]) == ("燃气主管部门", "待签收", "派遣")


def test_exports_take_the_filters_of_the_list(county):
    assert len(lines_of(county.get(f"/records.csv?type=stations&area={TOWN}&conflict=true", "brigade"))) == 1
    assert county.get("/records.csv?limit=5", "brigade").status_code == 422
    assert county.get("/records.geojson?type=unknown", "brigade").status_code == 422
    assert county.get(f"/records.csv?area={FAR_VILLAGE}", "officer").status_code == 404


@pytest.mark.parametrize("name", ["worker", "viewer", "gone"])
@pytest.mark.parametrize("path", ["/records.csv", "/records.xlsx", "/records.geojson"])
def test_who_may_not_export_is_told_who_may(county, name, path):
    answer = county.get(path, name)

    assert answer.status_code == 403
    assert "村/社区干部" in answer.json["detail"]


def test_a_village_officer_exports_the_village_with_phone_numbers_masked(office, prepared_forms):
    office.store.write(lambda tx: publish.publish(tx, prepared_forms[0], None))
    add_record(office, "a station", "worker", {"head": "甲 13800000009", "label": "站13800000008"}, area=UNIT)

    masked = lines_of(office.get("/records.csv?headings=names", "officer"))[0]
    plain = lines_of(office.get("/records.csv?headings=names", "town"))[0]
    place = orjson.loads(office.get("/records.geojson", "officer").data)["features"][0]["properties"]

    assert (masked["head"], masked["label"]) == ("甲 138****0009", "站138****0008")
    assert (plain["head"], plain["label"]) == ("甲 13800000009", "站13800000008")
    assert (place["fields"]["head"], place["label"]) == ("甲 138****0009", "站138****0008")


def test_a_department_exports_what_it_was_given(county):
    assert [line["记录"] for line in lines_of(county.get("/records.csv", "gas"))] == [uuid_of("case one")]


def test_geojson_places_records_by_longitude_and_latitude(county):
    answer = county.get("/records.geojson?type=stations", "brigade")

    made = orjson.loads(answer.data)
    assert answer.content_type == "application/geo+json"
    assert made["type"] == "FeatureCollection"
    points = {feature["id"]: feature["geometry"] for feature in made["features"]}
    assert points[uuid_of("station two")] == {"type": "Point", "coordinates": [114.75, 39.25]}
    assert points[uuid_of("station one")] is None
    assert len(points) == 3


@pytest.mark.parametrize(
    ("type", "walked", "drawn"),
    [("geotrace", "39 114 0 0; 39 115 0 0", "LineString"), ("geoshape", "39 114; 39 115; 40 115; 39 114", "Polygon")],
)
def test_lines_and_areas_are_drawn_in_geojson(office, type, walked, drawn):
    form = f"""\
| survey |
| | type | name | label | save_to |
| | {type} | outline | 范围 | geometry |
| settings |
| | form_title | form_id | version |
| | 地块 | plot | 1 |
| entities |
| | list_name | label |
| | plots | '地块' |
"""
    office.store.write(lambda tx: publish.publish(tx, prepared(form), "admin"))
    add_record(office, "a plot", "worker", {"geometry": walked}, type="plots", area=UNIT)

    [feature] = orjson.loads(office.get("/records.geojson?type=plots", "brigade").data)["features"]

    assert feature["geometry"]["type"] == drawn


def test_nothing_to_export_is_still_a_document(county):
    assert orjson.loads(county.get("/records.geojson?status=void", "brigade").data)["features"] == []
    assert lines_of(county.get("/records.csv?status=void", "brigade")) == []


def test_an_export_goes_on_page_after_page(county, monkeypatch):
    monkeypatch.setattr(record_exports, "PAGE_ROWS", 2)

    lines = lines_of(county.get("/records.csv", "brigade"))
    features = orjson.loads(county.get("/records.geojson", "brigade").data)["features"]

    assert [line["记录"] for line in lines] == county.ids("/records", "brigade")
    assert [feature["id"] for feature in features] == county.ids("/records", "brigade")


def test_an_export_goes_on_past_records_that_its_filter_leaves_out(office, prepared_forms, monkeypatch):
    for form in prepared_forms:
        office.store.write(lambda tx, form=form: publish.publish(tx, form, None))
    for number, area in enumerate([UNIT, FAR_UNIT, UNIT, UNIT, UNIT, UNIT, UNIT, FAR_UNIT, UNIT]):
        by = "stranger" if area == FAR_UNIT else "worker"
        add_record(office, f"number {number}", by, {"head": "甲"}, area=area, dot=Dot(f"phone-{by}", number + 1))
    whole = [line["id"] for line in lines_of(office.get(f"/records.csv?area={TOWN}&labels=false", "brigade"))]

    monkeypatch.setattr(record_exports, "PAGE_ROWS", 3)

    assert len(whole) == 7
    assert [line["id"] for line in lines_of(office.get(f"/records.csv?area={TOWN}&labels=false", "brigade"))] == whole


@pytest.mark.parametrize("path", ["/records.csv", "/records.geojson", "/records/ledger.csv", "/records.xlsx"])
def test_what_the_list_refuses_is_an_answer_and_no_file_that_breaks_off(office, prepared_forms, monkeypatch, path):
    def refuse(*_: object, **__: object) -> None:
        raise Busy("数据库正忙")

    monkeypatch.setattr(record_files, "page", refuse)
    answer = office.get(path, "brigade")
    office.store.write(lambda tx: None)

    assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
    with office.store.reading() as reading:
        sql = "SELECT result FROM audit WHERE action = 'records.export'"
        assert [result for (result,) in reading.sql.tuples(sql)] == ["failed"]


def test_who_exported_what_is_on_record(office):
    office.get("/records.csv?conflict=true", "admin")
    office.do(lambda tx: None)  # what nobody waits for is written before this

    with office.store.reading() as reading:
        entries = [each for each in chain.list_about(reading, "records") if each.event == "records.export"]
    assert [(each.actor, each.details["filters"], each.details["rows"]) for each in entries] == [
        ("admin", {"conflict": True}, 0)
    ]
