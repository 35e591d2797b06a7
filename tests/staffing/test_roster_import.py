"""A roster of people is looked at first, and then imported: what is wrong is told by row, column and cure."""

from __future__ import annotations

import io
import zipfile

import pytest
import xlsxwriter

from server.errors import NotAllowed, NotFound, TooLarge, Unreadable
from server.people.store import people
from server.staffing.domain.roster_plan import Kind
from server.staffing.usecases import roster_files, roster_import
from tests.api_county import FAR_VILLAGE, VILLAGE
from tests.county import EVERYTHING

HEAD = "姓名,岗位,乡镇,村,单元,网格代码,用户名,责任主体代码,起始日,截止日\n"
GOOD = (
    "刘一,网格员,白石山镇,荆山口村,第1单元,,,,,\n"
    "陈二,村干部,,插箭岭,,,,,2126-12-01,\n"
    "张三,网格长,,,,130630100201,zhang3,,,2127-03-01\n"
)
BAD = {
    "周四,网格员,走马驿镇,荆山口村,,,,,,": ("village", "在白石山镇", "改成白石山镇"),
    "吴五,防火员,,荆山口村,,,,,,": ("role", "没有这个岗位", "网格员"),
    "韩三,村干部,,,,,,,,": ("village", "没有填网格；村/社区干部应设在村", "网格代码"),
    ",网格员,,荆山口村,,,,,,": ("display", "姓名必填", "补上"),
    "郑六,网格员,,荆山口村,,,,,2026-2-30,": ("starts", "不是日期", "2026-07-01"),
    "王七,网格员,,荆山口村,,,officer,,,": ("name", "不是同一个人", "空着"),
    "冯八,网格员,,没有村,,,,,,": ("village", "没有叫“没有村”的村", "网格代码"),
    "褚九,村干部,白石山镇,,,,,,,": ("town", "应设在村", "这一级"),
    "卫十,网格员,,荆山口村,,,13800000001,,,": ("name", "用户名不可用", "手机号"),
    "蒋一,部门经办人,,,,130630,,dept-none,,": ("role", "没有这个岗位", "可填"),
    "沈二,网格员,,荆山口村,,,,,2027-01-01,2026-01-01": ("ends", "截止日不晚于起始日", "改正"),
}


def actor(county, name: str):
    with county.store.reading() as reading:
        return people.actor(reading, name)


def looked_at(county, text: str, by: str = "admin", encoding: str = "utf-8-sig"):
    roster = roster_files.read(text.encode(encoding))
    who = actor(county, by)
    token = county.do(lambda tx: roster_import.keep(tx, roster, "花名册.csv", by=who))
    return seen(county, token, by)


def seen(county, token: str, by: str = "admin"):
    who = actor(county, by)
    with county.store.reading() as reading:
        return roster_import.get(reading, token, by=who)


def imported(county, token: str, by: str = "admin"):
    who = actor(county, by)
    return county.do(lambda tx: roster_import.carry_out(tx, token, by=who))


def test_good_rows_add_people_with_names_of_role_and_place(office):
    found = looked_at(office, HEAD + GOOD)

    done = imported(office, found.token).done

    assert (len(found.plan.of(Kind.NEW)), found.plan.faults) == (3, ())
    assert done["new"] == ["gw-100201-01", "vo-100202-01", "zhang3"]
    with office.store.reading() as reading:
        zhang = people.get(reading, "zhang3", EVERYTHING)
    assert [(duty.area, duty.ends_at) for duty in zhang.duties] == [(VILLAGE, "2127-02-28T16:00:00.000Z")]


def test_a_row_that_is_refused_when_it_is_imported_is_told_and_counted(office):
    imported(office, looked_at(office, f"{HEAD}刘一,网格员,,荆山口村,,,,,,\n").token)
    over = looked_at(office, f"{HEAD}刘一,网格长,,荆山口村,,,,,,2026-02-01\n")

    found = imported(office, over.token)

    assert (len(over.plan.of(Kind.MOVED)), found.done["moved"]) == (1, [])
    assert roster_import.not_imported(found.done) == 1
    assert [each.line for each in roster_import.shown_faults(found)] == [2]


@pytest.mark.parametrize("line", BAD)
def test_a_bad_row_is_told_by_column_reason_and_cure_and_the_others_go_on(office, line):
    found = looked_at(office, f"{HEAD}{line}\n{GOOD}")
    column, reason, cure = BAD[line]

    [fault] = found.plan.faults
    assert (fault.line, fault.column) == (2, column)
    assert reason in fault.reason and cure in fault.cure
    assert found.good == 3
    assert len(imported(office, found.token).done["new"]) == 3


def test_looking_changes_nobody(office):
    looked_at(office, HEAD + GOOD)

    with office.store.reading() as reading:
        assert [each.name for each in people.list_people(reading, EVERYTHING) if each.display == "刘一"] == []


def test_the_same_file_again_adds_nobody_and_a_dry_run_is_imported_once(office):
    first = looked_at(office, HEAD + GOOD)
    imported(office, first.token)

    again = imported(office, first.token)
    later = looked_at(office, HEAD + GOOD)

    assert len(again.done["new"]) == 3
    assert (len(later.plan.of(Kind.SAME)), later.plan.of(Kind.NEW)) == (3, ())
    imported(office, later.token)
    with office.store.reading() as reading:
        assert len([each for each in people.list_people(reading, EVERYTHING) if each.display == "刘一"]) == 1


def test_another_post_in_the_village_moves_and_a_namesake_elsewhere_is_asked_about(office):
    imported(office, looked_at(office, HEAD + GOOD).token)

    moved = looked_at(office, f"{HEAD}刘一,网格长,,荆山口村,,,,,,\n")
    elsewhere = looked_at(office, f"{HEAD}刘一,网格员,走马驿镇,水云乡,,,,,,\n")
    named = looked_at(office, f"{HEAD}刘一,网格员,走马驿镇,水云乡,,,gw-100201-01,,,\n")

    assert [step.person.name for step in moved.plan.of(Kind.MOVED)] == ["gw-100201-01"]
    assert "已有1个“刘一”" in elsewhere.plan.faults[0].reason
    assert len(named.plan.of(Kind.MOVED)) == 1
    assert imported(office, named.token).done["moved"] == ["gw-100201-01"]
    with office.store.reading() as reading:
        duties = people.get(reading, "gw-100201-01", EVERYTHING).duties
    assert [duty.area for duty in duties if duty.ends_at > reading.now] == [FAR_VILLAGE]


def test_two_rows_of_one_name_in_a_village_are_not_taken_for_two_people(office):
    found = looked_at(office, HEAD + GOOD + GOOD.splitlines()[0] + "\n")

    assert "第2行也是" in found.plan.faults[0].reason


def test_a_town_imports_its_village_roles_and_no_others(office):
    rows = f"{HEAD}刘一,网格员,,荆山口村,,,,,,\n陈二,社区民警,,荆山口村,,,,,,\n张三,网格员,走马驿镇,水云乡,,,,,,\n"
    found = looked_at(office, rows, by="town")

    assert [step.wanted.display for step in found.plan.steps] == ["刘一"]
    assert [fault.reason for fault in found.plan.faults] == ["您不能任免社区民警", "水云乡村不在您的管辖范围内"]
    for name in ("worker", "officer", "brigade", "viewer"):
        with pytest.raises(NotAllowed):
            looked_at(office, rows, by=name)


def test_a_dry_run_is_its_authors_for_a_day(office):
    found = looked_at(office, HEAD + GOOD, by="town")

    with pytest.raises(NotFound):
        seen(office, found.token, "admin")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_csv_is_read_in_the_encodings_of_chinese_offices(encoding):
    assert roster_files.read((HEAD + GOOD).encode(encoding)).rows[0].text("display") == "刘一"


def test_a_workbook_is_read_and_its_dates_are_days():
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet("人员")
        sheet.write_row(0, 0, ["姓名", "岗位", "村", "手机"])
        sheet.write_row(1, 0, ["刘一", "网格员", "荆山口村", "13800000001"])
    roster = roster_files.read(out.getvalue())

    assert (roster.sheet, roster.rows[0].text("village")) == ("人员", "荆山口村")
    assert "没有读取这些列：手机" in roster.notes[0]


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"\0" * 70_000_000)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "error", "said"),
    [
        (b"", Unreadable, "空的"),
        (b"\xd0\xcf\x11\xe0 old", Unreadable, ".xls"),
        (b"PK\x03\x04 broken", Unreadable, "打不开"),
        ("甲,乙\n".encode(), Unreadable, "姓名"),
        (HEAD.encode(), Unreadable, "只有表头"),
        ((HEAD + ",,,,\n").encode(), Unreadable, "只有表头"),
        (b"%PDF\0\0", Unreadable, "这是PDF，不是表格；请选 Excel"),
        ((HEAD + "刘,网格员,,荆山口村,,,,,,\n" * 50_000).encode(), TooLarge, "5000"),
    ],
)
def test_a_file_of_another_kind_is_refused_in_words(content, error, said):
    with pytest.raises(error) as refused:
        roster_files.read(content)

    assert said in refused.value.message


def test_a_workbook_that_swells_is_refused():
    with pytest.raises((TooLarge, Unreadable)):
        roster_files.read(bomb())


def test_the_template_and_a_marked_roster_are_rosters(office):
    town, admin = actor(office, "town"), actor(office, "admin")
    with office.store.reading() as reading:
        empty = roster_import.template(reading, town)
    found = looked_at(office, HEAD + next(iter(BAD)) + "\n")
    with office.store.reading() as reading:
        marked = roster_import.marked(reading, found.token, by=admin)

    with pytest.raises(Unreadable) as unfilled:
        roster_files.read(empty)
    assert "只有表头" in unfilled.value.message and "填一个人" in unfilled.value.message
    again = roster_files.read(marked)
    assert again.rows[0].text("display") == "周四"
