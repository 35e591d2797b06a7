"""A place counts as visited when a patrol of its village names it so, or a form about it came in; nothing else."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from server.forms.usecases import publish
from server.instants import local_day
from server.staffing.usecases import enrolment
from tests import field_forms
from tests.api_county import NEXT_UNIT, OTHER_TOWN, PASSWORD, UNIT, add_record
from tests.county import prepared
from tests.office.desk import Desk

PAGE = "/office/ledgers/stations/unvisited"
API = "/record-types/stations/unvisited"
HUTS = """\
| survey |
| | type | name | label | save_to | bind::fg:personal |
| | text | title | 名称 | title | |
| | text | owner | 户主 | owner | name |
| entities |
| | list_name | label |
| | huts | ${title} |
| settings |
| | form_title | form_id | version | namespaces | attribute::fg:kind | attribute::fg:title |
| | 草棚登记 | hut | 1 | fg="urn:firegrid:xforms" | profile | 草棚 |
"""


@pytest.fixture
def county(county_to_change):
    """Two stations of one village: nobody has been at either."""
    county_to_change.do(publish.publish, prepared(field_forms.PATROL), None)
    for name in ("东站", "西站"):
        add_record(county_to_change, name, "worker", {"label": name, "head": "甲"}, area=UNIT)
    return county_to_change


def patrol(county, id: str, place: str) -> None:
    fields = {"label": id, "place": place, "premises_count": "1"}
    add_record(county, id, "worker", fields, type="patrols", area=UNIT)


def labels(county, query: str = "", by: str = "officer") -> list[str]:
    return [each["label"] for each in county.get(f"{API}{query}", by).json["items"]]


def signed_in(county, name: str) -> Desk:
    desk = Desk(county)
    desk.sign_in(name, PASSWORD)
    return desk


def test_a_patrol_that_names_it_visits_it_and_no_other(county):
    before = set(labels(county))
    patrol(county, "p1", " 东 站。")
    patrol(county, "p2", "东站旁边的西站门口")

    assert {"东站", "西站"} <= before
    assert "东站" not in labels(county) and "西站" in labels(county)


def test_a_visit_ages(county):
    patrol(county, "p1", "东站")
    day = (date.fromisoformat(local_day(county.do(lambda tx: tx.now))) - timedelta(days=8)).strftime("%Y%m%d")
    county.do(lambda tx: tx.sql.run("UPDATE patrol_fact SET day = :day", {"day": int(day)}))

    [again] = [each for each in county.get(f"{API}?days=7", "officer").json["items"] if each["label"] == "东站"]
    assert again["last"] and "东站" not in labels(county, "?days=30")


def test_the_page_the_file_and_the_list_say_the_same(county):
    patrol(county, "p1", "东站")
    desk = signed_in(county, "town")

    page, file = desk.open(PAGE), desk.open(f"{PAGE}.csv")

    listed = labels(county, by="town")
    assert all(each in page.text and each in file.text for each in listed) and "没有过" in page.text
    assert "东站" not in page.text and "东站" not in file.text
    assert f"家中，{len(listed)}家没有" in page.text
    assert f"{PAGE}?days=7" in page.text


def test_it_is_read_in_scope_and_asked_for_places_alone(county):
    assert "西站" not in labels(county, by="othertown")
    assert county.get(f"{API}?area={OTHER_TOWN}", "officer").status_code == 404
    assert county.get("/record-types/hazards/unvisited", "officer").status_code == 422
    assert county.get("/record-types/nothing/unvisited", "officer").status_code == 404
    assert county.get(f"{API}?days=0", "officer").status_code == 422
    assert signed_in(county, "worker").open(f"{PAGE}.csv").status_code == 403


def test_an_area_out_of_sight_narrows_nothing_and_gives_no_wider_list(county):
    desk = signed_in(county, "town")

    assert desk.open(f"{PAGE}?area={OTHER_TOWN}").status_code == 404
    assert desk.open(f"{PAGE}.csv?area={OTHER_TOWN}").status_code == 404


def test_the_list_goes_on_page_by_page(county):
    first = county.get(f"{API}?limit=1", "officer").json
    rest = county.get(f"{API}?limit=100&cursor={first['next']}", "officer").json

    assert [each["label"] for each in (*first["items"], *rest["items"])] == labels(county)


def test_the_ledger_of_patrols_leads_to_it(county):
    panel = signed_in(county, "officer").open("/office/ledgers/patrols/missing/panel").text

    assert PAGE in panel


def test_it_speaks_english(county):
    desk = signed_in(county, "officer")
    desk.client.set_cookie("firegrid_language", "en")

    assert "Not visited in the last 30 days" in desk.open(PAGE).text


def hut(county, title: str, area: str = UNIT, by: str = "worker") -> None:
    fields = {"title": title, "label": title, "owner": "张三丰"}
    add_record(county, title, by, fields, type="huts", area=area)


def test_a_ledger_that_names_persons_is_listed_too_and_its_readers_are_on_record(county):
    county.do(publish.publish, prepared(HUTS), None)
    hut(county, "东棚")
    address = "/record-types/huts/unvisited"

    shown = [each["label"] for each in county.get(address, "officer").json["items"]]
    on_page = signed_in(county, "officer").open("/office/ledgers/huts/unvisited")

    assert shown == ["东棚"] and on_page.status_code == 200 and "东棚" in on_page.text
    county.do(lambda tx: None)  # what nobody waits for is written before it
    assert county.rows("SELECT actor FROM audit WHERE action = 'personal.read'") == [{"actor": "officer"}]


def test_the_file_holds_what_its_reader_may_export_with_numbers_masked_as_in_every_file(county):
    county.do(publish.publish, prepared(HUTS), None)
    hut(county, "东棚 13912345678")
    hut(county, "邻村棚", NEXT_UNIT, "neighbour")
    county.do(enrolment.add_duty, "officer", role="grid_worker", area=NEXT_UNIT, by="admin")
    desk = signed_in(county, "officer")

    page, file = (desk.open(f"/office/ledgers/huts/unvisited{ending}").text for ending in ("", ".csv"))

    assert "邻村棚" in page and "13912345678" in page
    assert "邻村棚" not in file and "东棚 139****5678" in file


def test_the_file_of_villages_without_a_record_is_of_where_its_reader_may_export(county):
    county.do(enrolment.add_duty, "officer", role="grid_worker", area=NEXT_UNIT, by="admin")
    desk = signed_in(county, "officer")
    county.do(publish.publish, prepared(HUTS), None)

    page, file = (desk.open(f"/office/ledgers/huts/missing{ending}").text for ending in ("", ".csv"))

    assert "荆山口村" in file and "插箭岭村" not in file
    assert "荆山口村" in page
