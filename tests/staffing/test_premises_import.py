"""A list of premises: looked at first, good rows taken by choice, bad ones told with the cure, and taken back."""

from __future__ import annotations

import io

import pytest
from click.testing import CliRunner
from openpyxl import load_workbook

import kobo_forms
from schemas.rosters import PremisesImportSchema
from server.cli.main import main
from server.forms.usecases import code_lists, publish
from tests.api_county import FAR_UNIT, FAR_VILLAGE, UNIT, VILLAGE
from tests.county import prepared
from tests.office.admin.test_people_pages import upload
from tests.office.desk import Desk, with_passwords

HEAD = "场所名称,场所类型,乡镇,村,单元,地址,层数,联系电话\n"
GOOD = "演示小卖部,小商店,白石山镇,荆山口村,,村委会东侧,1,13800000301\n演示旅馆,小旅馆,白石山镇,荆山口村,第1单元,,2,\n"
BAD = "演示诊所,诊所吧,白石山镇,没有的村,,,二,\n,民宿,白石山镇,荆山口村,,,,\n"
PAGE = "/office/admin/premises"


@pytest.fixture
def county(office):
    """A county with the form of premises and its lists."""
    office.do(code_lists.install)
    media = tuple(kobo_forms.sources("premises").items())
    office.do(publish.publish, prepared(kobo_forms.source("premises").decode(), media), None)
    return office


def imported(county, rows: str = GOOD, name: str = "town", query: str = "", **form):
    file = io.BytesIO((HEAD + rows).encode("utf-8-sig")), "list.csv"
    data = form or {"file": file}
    headers = {"Authorization": f"Key {county.keys[name]}"}
    return county.client.post(f"/api/v1/premises/import{query}", data=data, headers=headers)


def undo(county, token: str, name: str = "town"):
    headers = {"Authorization": f"Key {county.keys[name]}"}
    return county.client.post(f"/api/v1/premises/import/{token}/undo", headers=headers)


def listed(county, name: str = "admin") -> dict[str, dict]:
    found = county.get("/records?type=premises&limit=100", name).json["items"]
    return {each["label"]: each for each in found}


def told(answer) -> tuple[int, int, int]:
    return answer.json["new"], answer.json["same"], answer.json["faulty"]


def faults(answer) -> set[tuple[int, str]]:
    return {(each["line"], each["column"]) for each in answer.json["faults"]}


def test_nothing_is_registered_before_somebody_chooses_the_good_rows(county):
    looked = imported(county, GOOD + BAD)
    before = listed(county)
    done = imported(county, query="?good_rows=true", token=looked.json["token"])

    assert PremisesImportSchema().validate(looked.json) == {}
    assert (told(looked), looked.json["done"], before) == ((2, 0, 2), False, {})
    assert (told(done), done.json["done"]) == ((2, 0, 2), True)
    shop = listed(county)["演示小卖部"]
    assert (shop["area"], shop["fields"]["premises_kind"], shop["fields"]["premises_state"]) == (
        UNIT, "small_shop", "in_use",
    )  # fmt: skip
    assert (shop["fields"]["place"], shop["fields"]["floors"]) == ("村委会东侧", "1")


def test_all_faults_of_all_rows_are_told_at_once_each_with_its_cure(county):
    looked = imported(county, GOOD + BAD)

    assert faults(looked) == {(4, "premises_kind"), (4, "village"), (4, "floors"), (5, "title")}
    assert all(each["reason"] and each["cure"] for each in looked.json["faults"])


def test_the_same_list_again_registers_nothing(county):
    imported(county, query="?good_rows=true", **{"token": imported(county).json["token"]})

    assert told(imported(county)) == (0, 2, 0)


def test_two_villages_of_one_name_are_refused_naming_both(county):
    assert county.post(f"/areas/{FAR_VILLAGE}/name", "admin", {"name": "荆山口村村民委员会"}).status_code == 200

    vague = imported(county, "演示小卖部,小商店,,荆山口村,,,,\n", "admin")
    clear = imported(county, "演示小卖部,小商店,走马驿镇,荆山口村,,,,\n", "admin")

    [fault] = vague.json["faults"]
    assert "白石山镇" in fault["reason"] and "走马驿镇" in fault["reason"] and "乡镇" in fault["cure"]
    assert told(clear) == (1, 0, 0)


def test_where_a_village_has_several_units_the_row_says_which(county):
    assert county.post(f"/areas/{VILLAGE}/units", "admin", {"name": "河西"}).status_code == 201

    looked = imported(county)

    [fault] = looked.json["faults"]
    assert (fault["line"], fault["column"]) == (2, "unit") and "河西" in fault["reason"]
    assert told(looked) == (1, 0, 1)


def test_a_town_imports_its_own_premises_alone(county):
    elsewhere = imported(county, "演示小卖部,小商店,走马驿镇,水云乡村,,,,\n")
    there = imported(county, "演示小卖部,小商店,走马驿镇,水云乡村,,,,\n", "othertown", "?good_rows=true")

    assert told(elsewhere) == (0, 0, 1)
    assert told(there) == (1, 0, 0) and listed(county)["演示小卖部"]["area"] == FAR_UNIT
    assert [imported(county, name=name).status_code for name in ("worker", "officer", "brigade")] == [403] * 3
    assert imported(county, name="othertown", token=elsewhere.json["token"]).status_code == 404


def test_one_place_is_written_once_and_a_word_of_two_kinds_is_asked_about(county):
    twice = imported(county, GOOD + "演示 小卖部,小商店,白石山镇,荆山口村,,,,\n")
    vague = imported(county, "演示园,幼儿园,白石山镇,荆山口村,,,,\n")

    assert faults(twice) == {(4, "title")}
    assert "小学校" in vague.json["faults"][0]["cure"] and "托育" in vague.json["faults"][0]["cure"]


def test_a_mobile_number_stands_in_its_own_column_alone(county):
    looked = imported(county, "演示店13800000301,小商店,白石山镇,荆山口村,,,,没有\n")

    assert faults(looked) == {(2, "title"), (2, "manager_phone")}


def test_an_import_is_taken_back_but_for_what_was_changed_since(county):
    token = imported(county, query="?good_rows=true").json["token"]
    hotel = listed(county)["演示旅馆"]
    changed = {"action": "edit", "fields": {"floors": "3"}}
    assert county.post(f"/records/{hotel['id']}/changes", "town", changed).status_code == 200

    taken, again = undo(county, token), undo(county, token)

    states = {label: each["fields"]["premises_state"] for label, each in listed(county).items()}
    assert states == {"演示小卖部": "withdrawn", "演示旅馆": "in_use"}
    assert (taken.json["undone"], taken.json["taken_back"]) == (again.json["undone"], True) == (1, True)
    unvisited = county.get("/record-types/premises/unvisited", "officer").json["items"]
    assert [each["label"] for each in unvisited] == ["演示旅馆"]
    assert told(imported(county)) == (1, 1, 0)


def test_what_was_not_imported_or_is_anothers_is_not_taken_back(county):
    token = imported(county).json["token"]

    assert undo(county, token).status_code == 409
    assert (undo(county, token, "othertown").status_code, undo(county, token, "worker").status_code) == (404, 403)


def test_without_a_ledger_of_premises_one_is_told_to_publish_its_form(office):
    refused = imported(office)

    assert refused.status_code == 404 and "发布" in refused.json["detail"]


def test_the_page_looks_takes_and_takes_back(county):
    desk = Desk(with_passwords(county))
    desk.sign_in("town")
    template = load_workbook(io.BytesIO(desk.open(f"{PAGE}/template.xlsx").data))
    checked = desk.open(upload(desk, (HEAD + GOOD + BAD).encode(), "场所.csv", PAGE).location)
    before = listed(county)
    done = desk.submit(desk.form(checked, checked.request.path))
    shown = desk.open(done.location)
    back = desk.open(desk.submit(desk.form(shown, f"{checked.request.path}/undo")).location)

    assert [cell.value for cell in template["场所"][1]][:2] == ["场所名称", "场所类型"]
    assert "导入没问题的 2 行" in checked.text and "没有的村" in checked.text and before == {}
    assert "新登记 2 处" in shown.text and "已撤销：2 处" in back.text
    assert {each["fields"]["premises_state"] for each in listed(county).values()} == {"withdrawn"}


def test_the_command_only_looks_until_it_is_told_to_take_the_good_rows(county, tmp_path):
    file = tmp_path / "list.csv"
    file.write_text(HEAD + GOOD + BAD, encoding="utf-8")
    data = ["--data", str(county.store.folder)]
    looked = CliRunner().invoke(main, ["premises", "import", str(file), *data])
    before = listed(county)
    taken = CliRunner().invoke(main, ["premises", "import", str(file), "--good-rows", *data])

    assert "只核对，没有导入：新登记 2，已有 0，要改 2 行。" in looked.output and before == {}
    assert taken.exit_code == looked.exit_code == 1 and "premises undo" in taken.output
