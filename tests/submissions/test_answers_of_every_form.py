"""The answers of a form leave as tables: all of them, as people read them, whatever the form and its versions."""

from __future__ import annotations

import pytest

from server.audit.store import chain
from server.submissions.store import answers
from tests.api_county import OTHER_TOWN, UNIT, VILLAGE, lay_people
from tests.county import a_county
from tests.filled_forms import photo
from tests.submissions.households import FIRST, ONE, SECOND, TWO, files_of, lines, sheets_of, tables_of

EDIT = ONE.replace(b"uuid:one", b"uuid:one-b").replace(
    b"<orx:meta>", b"<orx:meta><orx:deprecatedID>uuid:one</orx:deprecatedID>"
)
FRONT, FACE, PLATE = b"\xff\xd8 front", b"\xff\xd8 face", b"\xff\xd8 plate"


@pytest.fixture
def county(tmp_path):
    """A village where a household was checked by the form of yesterday, and one by that of today."""
    with a_county(tmp_path / "data", lay_people) as county:
        county.publish(FIRST)
        sent = county.phone("worker").send(ONE, photo("f.jpg", FRONT), photo("甲.jpg", FACE), photo("p.jpg", PLATE))
        assert sent.status_code == 201
        county.clock.pass_by(days=1)
        county.publish(SECOND)
        assert county.phone("worker").send(TWO).status_code == 201
        yield county


def archive(county, query="", name="brigade"):
    return county.get(f"/forms/household/answers.zip{query}", name)


def test_a_form_is_a_table_and_each_repeat_is_one_that_names_its_parent_s_row(county):
    tables = tables_of(archive(county))

    assert list(tables) == ["household.csv", "household-people.csv", "household-people-devices.csv"]
    form, people, devices = tables.values()
    assert [row["键"] for row in form] == ["uuid:two", "uuid:one"]
    assert [(row["上级键"], row["键"], row["姓名"]) for row in people] == [
        ("uuid:one", "uuid:one/people[1]", "甲"),
        ("uuid:one", "uuid:one/people[2]", '乙 "引"，\n换行'),
    ]
    assert [(row["上级键"], row["键"], row["名称"]) for row in devices] == [
        ("uuid:one/people[1]", "uuid:one/people[1]/devices[1]", "'=cmd"),
        ("uuid:one/people[1]", "uuid:one/people[1]/devices[2]", "'007"),
        ("uuid:one/people[2]", "uuid:one/people[2]/devices[1]", "炉"),
    ]


def test_people_read_labels_local_times_and_whole_numbers(county):
    (*_, one) = tables_of(archive(county))["household.csv"]

    assert (one["证号"], one["间数"], one["租金"]) == ("'130630199001011234", "3", "'0080.50")
    assert (one["隐患"], one["网格"]) == ("私拉电线；gone；堵塞通道", "白石山镇 荆山口村 第1单元")
    assert (one["开始填写"], one["打烊"], one["收到时间"][:16]) == (
        "2026-11-25 07:30:05.120",
        "21:30:00",
        "2026-11-24 12:00",
    )
    assert [one[f"位置 {part}"] for part in ("纬度", "经度", "海拔", "精度")] == ["39.25", "114.75", "900.0", "4.5"]
    assert (one["提交人"], one["用户名"], one["网格代码"]) == ("worker", "worker", f"'{UNIT}")
    assert not {"您好", "entity"} & one.keys()


def test_programs_read_names_codes_and_what_was_sent(county):
    tables = tables_of(archive(county, "?labels=false"))
    (*_, one), device = tables["household.csv"], tables["household-people-devices.csv"][0]

    assert (one["KEY"], one["id_no"], one["rent"]) == ("uuid:one", "130630199001011234", "0080.50")
    assert (one["risks"], one["where"], one["start"]) == ("wire gone exit", UNIT, "2026-11-24T23:30:05.120Z")
    assert (one["last/name"], one["last/remark"], one["spot"]) == ("丙", "3-4", "39.25 114.75 900.0 4.5")
    assert (device["PARENT_KEY"], device["name"], device["faults"]) == ("uuid:one/people[1]", "'=cmd", "gas")


def test_headings_and_labels_are_english_for_whom_asks(county):
    (*_, one) = tables_of(archive(county, "?headings=en"))["household.csv"]

    assert (one["Risks"], one["Position Latitude"], one["Submitted by"]) == (
        "Wires；gone；Blocked exit",
        "39.25",
        "worker",
    )


def test_equal_headings_are_told_apart_by_their_groups_and_a_question_keeps_its_own(county):
    (*_, one) = tables_of(archive(county))["household.csv"]

    assert (one["联系人 / 姓名"], one["最后 / 姓名"]) == ("", "丙")
    assert one["网格"] == one["网格 (area_name)"] == "白石山镇 荆山口村 第1单元"


def test_columns_are_those_of_all_versions_in_the_order_of_the_latest(county):
    two, one = tables_of(archive(county))["household.csv"]
    asked = [name for name in two if name in ("证号", "间数", "房东", "隐患", "备注", "租金")]

    assert asked == ["证号", "间数", "房东", "隐患", "备注", "租金"]
    assert (two["房东"], two["租金"], two["表单版本"]) == ("丁 13800000009", "", "2")
    assert (one["房东"], one["租金"], one["表单版本"]) == ("", "'0080.50", "1")


def test_what_no_version_asks_is_not_lost(county):
    two, one = tables_of(archive(county))["household.csv"]

    assert (one["表单以外的内容"], two["表单以外的内容"]) == ('{"extra/old": ["留下", "两个"]}', "")


def test_each_choice_has_a_column_for_whom_asks(county):
    tables = tables_of(archive(county, "?split=true"))
    two, one = tables["household.csv"]

    assert [one[f"隐患：{label}"] for label in ("私拉电线", "燃气", "堵塞通道")] == ["1", "0", "1"]
    assert [two[f"隐患：{label}"] for label in ("私拉电线", "燃气", "堵塞通道")] == ["", "", ""]
    assert [row["帮扶：上门"] for row in tables["household-people.csv"]] == ["1", ""]
    assert one["隐患"] == "私拉电线；gone；堵塞通道"


def test_photos_come_along_under_names_that_say_what_they_are(county):
    answer = archive(county)
    tables, files = tables_of(answer), files_of(answer)
    (*_, one), people, devices = tables.values()

    receipt = one["回执号"]
    assert one["门脸照片"] == f"photos/{receipt}_门脸照片_f.jpg"
    assert files == {
        one["门脸照片"]: FRONT,
        people[0]["照片"]: FACE,
        devices[1]["照片"]: PLATE,
    }
    assert files_of(archive(county, "?photos=false")) == {}
    assert tables_of(archive(county, "?photos=false"))["household.csv"][1]["门脸照片"] == "f.jpg"


def test_a_photo_that_is_lost_on_the_disk_is_named_and_the_rest_arrives(county):
    gone = next(path for path in county.blobs() if path.read_bytes() == FACE)
    content = gone.read_bytes()
    gone.unlink()
    files = files_of(archive(county))
    gone.write_bytes(content)

    assert files.pop("missing.txt").decode().strip().endswith("_照片_甲.jpg")
    assert sorted(files.values()) == sorted([FRONT, PLATE])


def test_a_workbook_has_a_sheet_for_each_table_with_texts_as_texts(county):
    sheets = sheets_of(county.get("/forms/household/answers.xlsx", "brigade"))

    assert list(sheets) == ["入户检查", "住户", "电器"]
    (two, one), people, devices = sheets.values()
    assert (one["证号"], one["间数"], one["租金"], two["证号"]) == ("130630199001011234", 3, "0080.50", "007")
    assert (one["位置 纬度"], one["备注"]) == (39.25, "3-4")
    assert people[1]["姓名"] == '乙 "引"，\n换行'
    assert [row["名称"] for row in devices] == ["=cmd", "007", "炉"]


def test_a_csv_is_one_of_the_tables(county):
    form = lines(county.get("/forms/household/answers.csv", "brigade").data)
    devices = lines(county.get("/forms/household/answers.csv?table=people/devices", "brigade").data)
    unknown = county.get("/forms/household/answers.csv?table=cars", "brigade")

    assert (len(form), len(devices)) == (2, 3)
    assert (unknown.status_code, "people、people/devices" in unknown.json["detail"]) == (422, True)


def test_answers_are_those_of_the_days_and_the_area_asked_for(county):
    def keys(query, name="brigade"):
        return [row["键"] for row in tables_of(archive(county, query, name))["household.csv"]]

    assert keys("?from=2026-11-25") == ["uuid:two"]
    assert keys("?to=2026-11-24") == ["uuid:one"]
    assert keys("?from=2026-11-24&to=2026-11-25") == ["uuid:two", "uuid:one"]
    assert keys(f"?area={VILLAGE}") == ["uuid:two", "uuid:one"]
    assert keys(f"?area={OTHER_TOWN}") == []
    assert keys("", "othertown") == []
    assert archive(county, "?from=2026-11-25&to=2026-11-24").json["errors"][0]["field"] == "to"
    assert archive(county, f"?area={VILLAGE}", "othertown").status_code == 404


@pytest.mark.parametrize("ending", ["csv", "zip", "xlsx"])
def test_who_may_not_export_is_told_who_may(county, ending):
    for name in ("worker", "viewer"):
        answer = county.get(f"/forms/household/answers.{ending}", name)
        assert (answer.status_code, "村/社区干部" in answer.json["detail"]) == (403, True)
    assert county.get(f"/forms/nothing/answers.{ending}", "brigade").status_code == 404


def test_a_village_officer_reads_phone_numbers_masked(county):
    two, _ = tables_of(archive(county, name="officer"))["household.csv"]

    assert two["房东"] == "丁 138****0009"


def test_who_exported_what_is_on_record(county):
    sent = tables_of(archive(county, "?from=2026-11-25&split=true"))
    county.do(lambda tx: None)  # what nobody waits for is written before this

    with county.store.reading() as reading:
        [entry] = [each for each in chain.list_about(reading, "household") if each.event == "answers.export"]
    filters = {"from": "2026-11-25", "split": "True"}
    assert (entry.actor, entry.result, entry.details["form"]) == ("brigade", "done", "household")
    assert (entry.details["format"], entry.details["filters"], entry.details["photos"]) == ("zip", filters, True)
    assert entry.details["rows"] == sum(map(len, sent.values()))


def test_an_edit_takes_the_place_of_what_it_edits_and_keeps_its_day(county):
    county.clock.pass_by(days=3)
    assert county.phone("worker").send(EDIT.replace("丙".encode(), "戊".encode())).status_code == 201

    form = tables_of(archive(county))["household.csv"]
    edited = next(row for row in form if row["键"] == "uuid:one")

    assert [row["键"] for row in form] == ["uuid:one", "uuid:two"]
    assert (edited["最后 / 姓名"], edited["提交编号"], edited["审核状态"]) == ("戊", "uuid:one-b", "已修改")
    assert (edited["收到时间"][:10], edited["修改时间"][:10]) == ("2026-11-24", "2026-11-28")
    assert edited["门脸照片"].endswith("_门脸照片_f.jpg")


@pytest.mark.parametrize("bound", ["PAGE_ROWS", "PAGE_BYTES"])
def test_an_export_goes_on_page_after_page(county, monkeypatch, bound):
    whole = tables_of(archive(county))
    monkeypatch.setattr(answers, bound, 1)

    assert tables_of(archive(county)) == whole
    assert sheets_of(county.get("/forms/household/answers.xlsx", "brigade"))["入户检查"][1]["键"] == "uuid:one"


def test_what_comes_while_an_export_lasts_changes_nothing_in_it(county, monkeypatch):
    monkeypatch.setattr(answers, "PAGE_ROWS", 1)
    headers = {"Authorization": f"Key {county.keys['brigade']}"}
    answer = county.client.get("/api/v1/forms/household/answers.csv", headers=headers)
    parts = iter(answer.response)
    begun = next(parts) + next(parts)
    county.phone("worker").send(EDIT)
    county.phone("worker").send(TWO.replace(b"uuid:two", b"uuid:three"))

    assert [row["键"] for row in lines(begun + b"".join(parts))] == ["uuid:two", "uuid:one"]
