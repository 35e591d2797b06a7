"""Last year's open hazards come from a list: looked at first, taken over by choice, counted apart, and taken back."""

from __future__ import annotations

import io

import pytest
from click.testing import CliRunner
from openpyxl import load_workbook

import kobo_forms
from schemas.rosters import CarriedImportSchema
from server.cli.main import main
from server.db import database
from server.forms.usecases import code_lists, publish
from tests.api_county import UNIT, add_record
from tests.county import prepared
from tests.office.admin.test_people_pages import upload
from tests.office.desk import Desk, with_passwords

HEAD = "隐患,场所,乡镇,村,单元,发现日期,原编号,说明\n"
ITEM = "燃气软管老化/超长/无卡箍"
YEAR = database.system_clock().year
LAST, THIS = f"{YEAR - 1}-11-03", f"{YEAR}-01-05"
GOOD = (
    f"{ITEM},演示小饭店,白石山镇,荆山口村,第1单元,{LAST},旧-001,等供货\nlane_dead_end,演示巷口,白石山镇,荆山口村,,,,\n"
)
BAD = f"没有的隐患,,白石山镇,没有的村,,某天,,\n{ITEM},演示商店,白石山镇,荆山口村,,{THIS},,\n"
PAGE = "/office/admin/carried"


@pytest.fixture
def county(office):
    """A county with the built-in report and its lists."""
    office.do(code_lists.install)
    for name in ("premises", "hazard_report"):
        media = tuple(kobo_forms.sources(name).items())
        office.do(publish.publish, prepared(kobo_forms.source(name).decode(), media), None)
    return office


def imported(county, rows: str = GOOD, name: str = "town", query: str = "", **form):
    file = io.BytesIO((HEAD + rows).encode("utf-8-sig")), "list.csv"
    headers = {"Authorization": f"Key {county.keys[name]}"}
    return county.client.post(f"/api/v1/carried/import{query}", data=form or {"file": file}, headers=headers)


def taken_over(county, rows: str = GOOD) -> str:
    token = imported(county, rows).json["token"]
    done = imported(county, query="?good_rows=true", token=token)
    assert (done.status_code, done.json["done"]) == (200, True), done.text
    return token


def undone(county, token: str, name: str = "town"):
    headers = {"Authorization": f"Key {county.keys[name]}"}
    return county.client.post(f"/api/v1/carried/import/{token}/undo", headers=headers)


def listed(county) -> dict[str, dict]:
    found = county.get("/records?type=hazards&limit=100", "brigade").json["items"]
    return {each["fields"].get("place", each["label"]): each for each in found}


def counted(county) -> dict[str, int]:
    return county.get("/summaries/closure?period=year&by=town", "brigade").json["total"]["counts"]


def test_nothing_is_taken_over_before_somebody_chooses_the_good_rows_and_all_faults_come_at_once(county):
    looked = imported(county, GOOD + BAD)

    assert CarriedImportSchema().validate(looked.json) == {}
    assert (looked.json["new"], looked.json["same"], looked.json["faulty"], looked.json["done"]) == (2, 0, 2, False)
    assert {(each["line"], each["column"]) for each in looked.json["faults"]} == {
        (4, "item"), (4, "place"), (4, "village"), (4, "found_on"), (5, "found_on"),
    }  # fmt: skip
    assert all(each["reason"] and each["cure"] for each in looked.json["faults"])
    assert listed(county) == {}


def test_what_is_taken_over_is_a_case_with_a_number_and_counts_in_a_cohort_of_its_own(county):
    add_record(county, "today", "worker", {"label": "today", "item": "hose_aged"}, type="hazards", action="spot_close",
               area=UNIT)  # fmt: skip
    before = counted(county)
    taken_over(county)

    case = listed(county)["演示小饭店"]
    now = counted(county)

    assert (case["status"], case["area"], case["case_no"] is not None) == ("registered", UNIT, True)
    assert case["label"] == f"演示小饭店｜{ITEM}"
    assert case["fields"]["description"] == "等供货；原编号：旧-001"
    same = {code: number for code, number in now.items() if number == before[code]}
    assert now.keys() - same.keys() == {"carried", "with_carried", "workload"}
    assert (now["carried"], now["cases"], now["with_carried"]) == (2, before["cases"], before["cases"] + 2)


def test_it_goes_its_way_and_stands_beside_the_closure_rate(county):
    taken_over(county)
    id = listed(county)["演示小饭店"]["id"]
    for name, act in (
        ("town", {"action": "assign", "fields": {"assignee": "user:worker"}}),
        ("worker", {"action": "feedback", "fields": {"result_code": "fixed", "no_photo_reason": "too_dark"}}),
        ("officer", {"action": "close"}),
    ):
        answer = county.post(f"/records/{id}/changes", name, {"fields": {}, **act})
        assert answer.status_code == 200, answer.text

    total = county.get("/summaries/closure?period=year&by=town", "brigade").json["total"]
    cases = county.get("/summaries/closure/cases?period=year&figure=carried_closed", "brigade").json["items"]

    assert (total["counts"]["closed"], total["counts"]["carried_closed"]) == (0, 1)
    assert (total["counts"]["closed_in_period"], total["counts"]["workload"]) == (1, 2)
    assert (total["rates"]["closure_rate"]["d"], total["rates"]["carried_closure_rate"]["text"]) == (0, "1/2")
    assert (total["rates"]["closure_rate_with_carried"]["n"], total["rates"]["closure_rate_with_carried"]["d"]) == (
        1,
        2,
    )
    assert [each["id"] for each in cases] == [id]


def test_the_same_list_again_takes_nothing_over_and_an_import_is_taken_back_but_for_what_was_touched(county):
    token = taken_over(county)
    again = imported(county)
    id = listed(county)["演示小饭店"]["id"]
    assert (
        county.post(f"/records/{id}/changes", "town", {"action": "note", "fields": {"note": "看过"}}).status_code == 200
    )

    back = undone(county, token)
    once_more = imported(county)

    assert (again.json["new"], again.json["same"]) == (0, 2)
    assert (back.json["undone"], back.json["taken_back"]) == (1, True)
    assert {place: each["status"] for place, each in listed(county).items()} == {
        "演示小饭店": "registered", "演示巷口": "void",
    }  # fmt: skip
    assert (once_more.json["new"], once_more.json["same"]) == (1, 1)
    assert (counted(county)["carried"], counted(county)["carried_dropped"], counted(county)["void"]) == (1, 1, 0)


def test_what_was_made_void_by_a_decision_does_not_come_back_by_the_same_list(county):
    taken_over(county)
    id = listed(county)["演示小饭店"]["id"]
    for name, action in (("town", "ask_void"), ("brigade", "void")):
        asked = {"action": action, "fields": {"reason": "去年已改"}}
        assert county.post(f"/records/{id}/changes", name, asked).status_code == 200

    assert (imported(county).json["new"], imported(county).json["same"]) == (0, 2)


def test_a_case_that_is_here_already_is_not_taken_over_by_its_number(county):
    taken_over(county)
    number = listed(county)["演示小饭店"]["case_no"]

    [fault] = imported(county, f"{ITEM},演示小饭店,白石山镇,荆山口村,,{LAST},{number},\n").json["faults"]

    assert (fault["column"], fault["reason"]) == ("old_no", f"{number}是系统里已有的案件")


def test_days_are_read_as_offices_write_them_and_no_impossible_year_is_taken(county):
    written = (f"{YEAR - 1}年11月3日", f"{YEAR - 1}/11/3", f"{YEAR - 1}.11.03", f"{LAST} 08:00")
    good = "".join(f"{ITEM},演示{each},白石山镇,荆山口村,,{day},,\n" for each, day in enumerate(written))
    bad = "".join(
        f"{ITEM},错{each},白石山镇,荆山口村,,{day},,\n" for each, day in enumerate(("0025-11-03", "2025-13-01", "11-3"))
    )
    taken_over(county, good)

    found = {each["fields"]["discovered_at"] for each in listed(county).values()}
    faults = imported(county, bad).json["faults"]

    assert found == {f"{LAST}T00:00:00.000+08:00"}
    assert [(each["line"], each["column"]) for each in faults] == [(2, "found_on"), (3, "found_on"), (4, "found_on")]


def test_a_town_takes_over_its_own_and_nobody_by_an_act(county):
    far = imported(county, f"{ITEM},演示商店,走马驿镇,水云乡村,,,,\n")
    worker = imported(county, name="worker")
    add_record(county, "today", "worker", {"label": "today", "item": "hose_aged"}, type="hazards", action="report",
               area=UNIT)  # fmt: skip
    id = listed(county)["today"]["id"]
    by_hand = county.post(f"/records/{id}/changes", "brigade", {"action": "carry_over", "fields": {}})

    assert (far.json["new"], far.json["faults"][0]["column"], worker.status_code) == (0, "village", 403)
    assert by_hand.status_code == 422


def test_the_page_looks_first_takes_the_good_rows_over_and_takes_them_back(county):
    desk = Desk(with_passwords(county))
    desk.sign_in("town")

    template = load_workbook(io.BytesIO(desk.open(f"{PAGE}/template.xlsx").data))
    checked = desk.open(upload(desk, (HEAD + GOOD + BAD).encode(), "结转.csv", PAGE).location)
    before = listed(county)
    shown = desk.open(desk.submit(desk.form(checked, checked.request.path)).location)
    back = desk.open(desk.submit(desk.form(shown, f"{checked.request.path}/undo")).location)

    assert [cell.value for cell in template["上年结转"][1]][:2] == ["隐患", "场所"]
    assert "没有的村" in checked.text and before == {}
    assert "已接收 2 件" in shown.text and "已撤销 2 件" in back.text
    assert {each["status"] for each in listed(county).values()} == {"void"}


def test_the_command_only_looks_until_it_is_told_to_take_the_good_rows(county, tmp_path):
    file = tmp_path / "list.csv"
    file.write_text(HEAD + GOOD + BAD, encoding="utf-8")
    data = ["--data", str(county.store.folder)]
    looked = CliRunner().invoke(main, ["carried", "import", str(file), *data])
    before = listed(county)
    taken = CliRunner().invoke(main, ["carried", "import", str(file), "--good-rows", *data])
    token = taken.output.partition("carried undo ")[2].split()[0]
    back = CliRunner().invoke(main, ["carried", "undo", token, *data])

    assert "只核对，没有导入：接收 2，已有 0，要改 2 行。" in looked.output and before == {}
    assert taken.exit_code == looked.exit_code == 1
    assert "已撤销 2 件" in back.output


def test_the_sheet_of_the_month_has_a_memo_line_and_its_columns_stay_as_they_were(county):
    month = county.get("/summaries/closure?period=month", "brigade").json["from"][:7]
    before = county.get(f"/monthly-reports/{month}", "brigade").json
    taken_over(county)

    after = county.get(f"/monthly-reports/{month}", "brigade").json
    printed = CliRunner().invoke(main, ["figures", "sheet", month, "--data", str(county.store.folder)]).output

    assert (before["carried"], before["total"]) == (None, after["total"])
    assert after["carried"] == {"taken": 2, "closed": 0, "cases": 0, "cases_closed": 0}
    assert "上年结转：今年接收 2 件，已办结 0 件" in " ".join(printed.split())
