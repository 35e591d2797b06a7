"""Lists of hazards to print: what is open with the five things to be settled, suspended, supervised, overdue."""

from __future__ import annotations

import csv
import io

import pytest
from click.testing import CliRunner
from python_calamine import CalamineWorkbook

from server.cli.main import main
from server.monthly_reports.domain import hazard_lists
from tests.cases.case_county import Cases, a_peopled_county, day
from tests.monthly_reports.april import folder_of
from tests.office.desk import Desk, Reader, with_passwords

LISTS = "/office/figures/lists"
FIVE = {"fund": "县财政列支8万元", "contingency": "先断气，再疏散"}


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    with a_peopled_county(tmp_path_factory.mktemp("lists") / "data") as made:
        with_passwords(made.county)
        made.county.known["late"] = made.bring("suspended")
        soon = made.bring("accepted")
        made.do(soon, "chief", "suspend", {"plan_due": day(20), **FIVE})
        made.county.known["soon"] = soon
        watched = made.bring("assigned", given="body:held")
        made.do(watched, "chief", "supervise", {"level": "2", "fund": "业主自筹", "note": "请抓紧"})
        over = made.bring("assigned")
        made.county.do(lambda tx: tx.sql.run("UPDATE record SET due_at = :at WHERE id = :id", {"at": AT, "id": over}))
        yield made
        made.county.do(lambda tx: tx.sql.run("UPDATE record SET due_at = NULL WHERE id = :id", {"id": over}))


AT = "2026-06-01T16:00:00.000Z"


def desk_of(cases: Cases, name: str) -> Desk:
    desk = Desk(cases.county)
    assert desk.sign_in(name).status_code in (302, 303)
    return desk


def rows_of(cases: Cases, key: str, name: str = "chief") -> list[dict[str, str]]:
    answer = desk_of(cases, name).open(f"{LISTS}/{key}.csv")
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_what_is_suspended_stands_by_its_day_with_plan_fund_and_contingency(cases):
    first, second = rows_of(cases, "long_term")

    assert first["时限"] == day(20) < second["时限"]
    assert (first["资金"], first["应急预案"]) == (FIVE["fund"], FIVE["contingency"])
    assert "更换管线" in first["措施"] and "专人看守" in first["措施"]
    assert (second["资金"], second["应急预案"]) == ("", "")


def test_no_file_names_a_person(cases):
    for key in (each.key for each in hazard_lists.lists_at(AT)):
        for row in rows_of(cases, key):
            assert row["责任"] in ("网格员·白石山镇", "演示物业", ""), row
    ledger = cases.county.get("/records/ledger.csv", "chief").data.decode("utf-8-sig")
    named = {row["责任人"] for row in csv.DictReader(io.StringIO(ledger))}
    assert named == {"网格员·白石山镇", "演示物业", ""}


def test_the_ledger_has_the_five_things_too(cases):
    ledger = cases.county.get("/records/ledger.csv", "chief").data.decode("utf-8-sig")
    told = {row["记录"]: (row["资金"], row["应急预案"]) for row in csv.DictReader(io.StringIO(ledger))}

    assert told[cases.county.known["soon"]] == (FIVE["fund"], FIVE["contingency"])


def test_what_is_supervised_and_what_is_overdue_are_lists_of_their_own(cases):
    [watched] = rows_of(cases, "supervised")
    [over] = rows_of(cases, "overdue")

    assert (watched["督办"], watched["责任"], watched["资金"]) == ("2级督办", "演示物业", "业主自筹")
    assert "请抓紧" not in watched["措施"]
    assert over["时限"] == "2026-06-01" and int(over["超期天数"]) > 100
    assert len(rows_of(cases, "responsibility")) == 4


def test_page_workbook_and_csv_say_the_same(cases):
    desk = desk_of(cases, "chief")
    page = desk.open(f"{LISTS}/long_term")
    book = CalamineWorkbook.from_filelike(io.BytesIO(desk.open(f"{LISTS}/long_term.xlsx").data))
    [heading, *rows] = book.get_sheet_by_index(0).to_python()

    assert page.status_code == 200 and Reader(page.text).inline == []
    assert [list(row.values()) for row in rows_of(cases, "long_term")] == rows
    for cell in {cell for row in rows for cell in row}:
        assert cell in page.text
    assert heading == list(hazard_lists.HEADINGS)
    assert f"{LISTS}/overdue" in Reader(desk.open("/office/figures").text).links


def test_the_api_has_the_same_lists_page_by_page_and_as_files(cases):
    county = cases.county
    known = county.get("/hazard-lists", "chief").json["items"]
    first = county.get("/hazard-lists/responsibility?limit=3", "chief").json
    second = county.get(f"/hazard-lists/responsibility?limit=3&cursor={first['next']}", "chief").json
    rows = [*first["items"], *second["items"]]

    assert [each["list"] for each in known] == [each.key for each in hazard_lists.lists_at(AT)]
    assert second["next"] is None
    assert [list(row.values()) for row in rows] == [list(row.values()) for row in rows_of(cases, "responsibility")]
    as_file = county.get("/hazard-lists/responsibility?format=csv", "chief")
    assert as_file.data == desk_of(cases, "chief").open(f"{LISTS}/responsibility.csv").data
    assert county.get("/hazard-lists/none", "chief").status_code == 404
    assert county.get("/hazard-lists/overdue?cursor=x", "chief").status_code == 422


def test_the_command_line_writes_a_list_too_and_the_audit_knows(cases):
    told = CliRunner().invoke(main, ["figures", "list", "long_term", "--data", str(folder_of(cases.county))])

    assert list(csv.DictReader(io.StringIO(told.stdout))) == rows_of(cases, "long_term")
    sql = "SELECT subject, detail FROM audit WHERE action = 'records.export' AND actor = 'command'"
    [entry] = cases.county.rows(sql)
    assert entry["subject"] == "hazard-list long_term"
    assert '"rows": 2,' in entry["detail"]


def test_a_list_is_of_what_its_reader_may_export(cases):
    assert cases.county.get("/hazard-lists/overdue", "viewer").status_code == 403
    assert desk_of(cases, "viewer").open(f"{LISTS}/overdue").status_code == 403
    assert desk_of(cases, "chief").open(f"{LISTS}/none").status_code == 404
    assert rows_of(cases, "long_term", "othertown") == []
