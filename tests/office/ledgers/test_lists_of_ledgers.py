"""The list of a ledger: states as marks that are counted, a map, villages without beside it, files of exactly it."""

from __future__ import annotations

import csv
import io
import re
from html import unescape
from typing import Any

import orjson
import pytest

from server.app import close
from server.office import layout, pages
from server.office.ledgers import ledger_list, ledger_map
from server.records.store import type_lists
from server.web import context
from tests.api_county import UNIT, add_record, lay_people, uuid_of
from tests.county import County, open_county
from tests.office.desk import Desk, Reader

BOATS = """\
| survey |
| | type | name | label::中文 (zh) | save_to |
| | text | title | 船名 | title |
| | select_one_from_file hulls.csv | hull | 船况 | hull |
| | geopoint | berth | 泊位 | berth |
| entities |
| | list_name | label |
| | boats | ${title} |
| settings |
| | form_title | form_id | version | default_language | namespaces | attribute::fg:kind | attribute::fg:title |
| | 船只登记 | boat | 1 | 中文 (zh) | fg="urn:firegrid:xforms" | profile | 消防船 |
"""
HULLS = """\
name,label,label_en,active_from,active_to,tone
sound,完好,Sound,2026-01-01,,good
leaks,漏水,Leaks,2026-01-01,,bad
"""
FLEET = {"一号": ("sound", "39.1 114.7"), "二号": ("sound", ""), "三号": ("leaks", "39.2 114.8"), "四号": ("", "")}
LIST = "/office/ledgers/boats"
FERRIES = """\
| survey |
| | type | name | label::中文 (zh) | save_to |
| | text | title | 航线 | title |
| | select_one_from_file boats.csv | boat | 船 | boat |
| entities |
| | list_name | label |
| | ferries | ${title} |
| settings |
| | form_title | form_id | version | default_language | namespaces | attribute::fg:kind | attribute::fg:title |
| | 渡船登记 | ferry | 1 | 中文 (zh) | fg="urn:firegrid:xforms" | profile | 渡船 |
"""
HUTS = """\
| survey |
| | type | name | label | save_to | bind::fg:personal |
| | text | title | 名称 | title | |
| | text | owner | 户主 | owner | name |
| | geopoint | spot | 位置 | spot | |
| entities |
| | list_name | label |
| | huts | ${title} |
| settings |
| | form_title | form_id | version | namespaces | attribute::fg:kind | attribute::fg:title |
| | 草棚登记 | hut | 1 | fg="urn:firegrid:xforms" | profile | 草棚 |
"""


@pytest.fixture(scope="module")
def harbour(tmp_path_factory):
    made = open_county(tmp_path_factory.mktemp("harbour") / "data", lay_people)
    made.publish(BOATS, hulls_csv=HULLS.encode())
    for name, (hull, berth) in FLEET.items():
        fields = {"title": name, "hull": hull, "berth": berth, "label": name}
        add_record(made, name, "worker", {k: v for k, v in fields.items() if v}, type="boats", area=UNIT)
    yield made
    close(made.app)


@pytest.fixture
def desk(harbour):
    desk = Desk(harbour)
    desk.sign_in("officer")
    return desk


def foot(page: str) -> str:
    return re.sub(r"<[^>]+>|\s+", " ", page[page.index('class="foot-bar"') :].partition("</p>")[0])


def test_a_code_with_a_tone_is_a_state_shown_first_with_its_colour_and_counted_at_the_foot(desk):
    page = desk.open(LIST).text
    record = desk.open(f"{LIST}/{uuid_of('三号')}").text

    assert re.findall(r"<th[^>]*><b>(.*?)</b></th>", page)[0] == "船况"
    assert page.count('<span class="pill green">') == 2 + 1 and page.count('<span class="pill red">') == 1 + 1
    assert "共 4 条" in foot(page) and re.search(r"完好\s+2 .*漏水\s+1 ", foot(page))
    assert re.search(r'<span class="pill red" title="船况">.*漏水</span>', record)


def test_a_form_whose_list_has_a_very_long_name_is_filled_in_as_any_other(tmp_path):
    made = open_county(tmp_path / "data", lay_people)
    made.publish(BOATS, hulls_csv=HULLS.encode())
    made.publish(FERRIES)
    for name in ("五号", "长" * 200_000):
        add_record(made, name[:2], "worker", {"title": name, "label": name}, type="boats", area=UNIT)
    desk = Desk(made)
    desk.sign_in("officer")

    page = desk.open("/office/ledgers/ferries/new")
    close(made.app)

    assert page.status_code == 200 and "五号" in page.text
    assert csv.field_size_limit() == 131_072, "what is uploaded keeps its limit"


def test_a_number_at_the_foot_opens_as_many(desk):
    page = desk.open(LIST).text
    for address, word, n in (("f.hull=sound", "完好", 2), ("f.hull=leaks", "漏水", 1)):
        found = desk.open(f"{LIST}?{address}").text
        assert f"{LIST}?{address}" in page and found.count("<tr data-id=") == n and f"共 {n} 条" in foot(found), word


def test_what_is_searched_for_by_words_is_not_counted_and_a_long_list_is_counted_so_far(desk, monkeypatch):
    searched = foot(desk.open(f"{LIST}?q=号").text)
    monkeypatch.setattr(ledger_list, "COUNTED_MOST", 3)
    long = foot(desk.open(LIST).text)

    assert "共" not in searched
    assert "共 3+ 条" in long and "完好" not in long


def test_the_map_has_the_records_of_the_list_with_a_position_each_by_its_state(desk, monkeypatch):
    whole = desk.open(f"{LIST}/points").json
    narrowed = desk.open(f"{LIST}/points?f.hull=leaks").json
    monkeypatch.setattr(ledger_map, "POINTS_MOST", 2)
    cut = desk.open(f"{LIST}/points").json

    shown = {each["label"]: (each["at"], each["state"]) for each in whole["items"]}
    assert shown == {"一号": ([39.1, 114.7], "check"), "三号": ([39.2, 114.8], "over")}
    assert (whole["placed"], whole["unplaced"], whole["more"]) == (2, 2, False)
    assert whole["words"]["states"] == {"check": "完好", "over": "漏水"}
    assert [each["label"] for each in narrowed["items"]] == ["三号"]
    assert cut["more"] is True
    assert desk.open(whole["items"][0]["address"]).status_code == 200


def test_what_is_rare_is_looked_for_in_parts_that_together_are_the_list(desk, monkeypatch):
    whole = re.findall(r'<tr data-id="([^"]+)"', desk.open(f"{LIST}?f.hull=sound").text)
    monkeypatch.setattr(type_lists, "LOOKED_AT_MOST", 1)
    found, address, parts = [], f"{LIST}?f.hull=sound", 0
    while address:
        page = desk.open(address).text
        found += re.findall(r'<tr data-id="([^"]+)"', page)
        more = re.search(r'href="([^"]+)">接着往前找', page)
        address, parts = unescape(more[1]) if more else "", parts + 1

    assert found == whole and len(whole) == 2
    assert parts == len(FLEET)
    assert "接着往前找" not in desk.open(LIST).text


def test_a_record_with_a_position_has_a_map_of_it_and_another_has_none(desk):
    placed, other = (desk.open(f"{LIST}/{uuid_of(name)}").text for name in ("一号", "二号"))
    point = desk.open(f"{LIST}/{uuid_of('一号')}/point").json

    assert f'data-points="{LIST}/{uuid_of("一号")}/point"' in placed and "data-points" not in other
    assert [each["at"] for each in point["items"]] == [[39.1, 114.7]]
    assert desk.open(f"/office/ledgers/stations/{uuid_of('一号')}/point").status_code == 404


def test_the_audit_is_told_whose_position_was_read_of_a_list_and_of_one_record(harbour, desk, monkeypatch):
    harbour.publish(HUTS)
    fields = {"title": "草棚", "label": "草棚", "owner": "张三丰", "spot": "39.1 114.7"}
    add_record(harbour, "草棚", "worker", fields, type="huts", area=UNIT)
    told: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(context, "audit_read", lambda event, _, details, ids: told.append((event, [*ids])))

    for path in ("points", f"{uuid_of('草棚')}/point"):
        assert desk.open(f"/office/ledgers/huts/{path}").json["placed"] == 1

    assert told == [("personal.read", [uuid_of("草棚")])] * 2
    assert desk.open(f"{LIST}/{uuid_of('一号')}/point").json["placed"] == 1 and len(told) == 2


def test_beside_the_list_come_the_towns_with_and_without(desk):
    page = desk.open(LIST).text
    panel = desk.open(f"{LIST}/missing/panel")

    assert f'hx-get="{LIST}/missing/panel"' in page and f"{LIST}/missing" in Reader(page).links
    assert panel.headers["Content-Security-Policy"] == pages.POLICY
    assert "消防船" in panel.text and "1 / 1" in panel.text


def test_columns_that_are_chosen_stay_in_the_address_with_the_filters(desk):
    page = desk.open(f"{LIST}?col=berth&f.hull=sound&conflict=1").text
    forms = [form for form in Reader(page).forms if form.action == LIST]

    assert all(form.fields["f.hull"] == "sound" for form in forms[1:]) and len(forms) == 2
    assert all(form.fields["conflict"] == "1" and form.fields["col"] == "berth" for form in forms)
    assert f"{LIST}/export.xlsx?conflict=1&amp;f.hull=sound&amp;col=berth" in page


def test_a_file_is_of_exactly_the_list_and_the_audit_tells_filter_and_rows(harbour, desk):
    file = desk.open(f"{LIST}/export.csv?f.hull=sound")
    other = desk.open(f"{LIST}/export.csv?f.hull=sunk&f.hull2=x")
    told = exports(harbour)

    assert len(list(csv.reader(io.StringIO(file.text)))) == 1 + 2
    assert other.status_code == 422 and "不认识，没有导出" in other.text
    assert len(told) == 1
    assert told[0]["filters"] == {"f.hull": ["sound"]} and told[0]["rows"] == 2


def exports(county: County) -> list[dict[str, Any]]:
    county.do(lambda tx: None)  # entries are made in turn: those of before stand once this is through
    rows = county.rows("SELECT detail FROM audit WHERE action = 'records.export' ORDER BY at")
    return [orjson.loads(row["detail"]) for row in rows]


def test_the_list_is_said_in_english(desk):
    desk.client.set_cookie(layout.LANGUAGE_COOKIE, pages.ENGLISH)
    page = desk.open(LIST).text

    assert "4 records" in foot(page) and "Sound" in foot(page) and "Leaks" in page
    assert "Villages without" in desk.open(f"{LIST}/missing/panel").text
