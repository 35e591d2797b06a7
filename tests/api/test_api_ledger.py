"""The hazard ledger: who answers for each hazard, what is done about it, and until when; inside one's scope alone."""

from __future__ import annotations

import csv
import io

import pytest
from python_calamine import CalamineWorkbook

from server.forms.usecases import publish
from tests.api_county import FAR_VILLAGE, UNIT, VILLAGE, add_record, uuid_of


def lines_of(answer) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    assert answer.data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_each_hazard_names_who_answers_for_it_the_measure_and_the_limit(county):
    found = {line["记录"]: line for line in lines_of(county.get("/records/ledger.csv", "brigade"))}

    assert set(found) == {uuid_of("case one"), uuid_of("case far")}
    line = found[uuid_of("case one")]
    assert (line["编号"], line["乡镇"], line["村（社区）"]) == ("LY-2026-0007", "白石山镇", "荆山口村村民委员会")
    assert (line["责任人"], line["整改期限"], line["办结时间"]) == ("燃气主管部门", "2026-05-08", "")
    assert line["隐患"] == "燃气软管老化"


def test_flags_are_in_words(county_to_change):
    county_to_change.store.write(
        lambda tx: tx.sql.run(
            "UPDATE record SET flags = '|major|supervised_2' WHERE id = :id", {"id": uuid_of("case one")}
        )
    )

    lines = lines_of(county_to_change.get("/records/ledger.csv", "brigade"))

    assert {line["标记"] for line in lines} == {"重大隐患、2级督办", ""}


def test_the_workbook_says_what_the_csv_says(county):
    book = county.get("/records/ledger.xlsx", "brigade")
    lines = csv.reader(io.StringIO(county.get("/records/ledger.csv", "brigade").data.decode("utf-8-sig")))

    assert CalamineWorkbook.from_filelike(io.BytesIO(book.data)).get_sheet_by_index(0).to_python() == list(lines)


def test_it_holds_cases_alone_of_the_caller_s_area_and_rights(county):
    assert [line["记录"] for line in lines_of(county.get("/records/ledger.csv", "town"))] == [uuid_of("case one")]
    assert [line["记录"] for line in lines_of(county.get("/records/ledger.csv", "gas"))] == [uuid_of("case one")]
    assert lines_of(county.get("/records/ledger.csv?type=stations", "brigade")) == []
    assert lines_of(county.get(f"/records/ledger.csv?area={FAR_VILLAGE}&overdue=true", "brigade")) == []
    assert county.get(f"/records/ledger.csv?area={VILLAGE}", "othertown").status_code == 404
    for name in ("worker", "viewer"):
        assert county.get("/records/ledger.csv", name).status_code == 403


@pytest.mark.parametrize("name", ["officer", "brigade"])
def test_numbers_that_somebody_wrote_are_masked_in_it(county_to_change, name):
    fields = {"item": "漏气，打13800000009"}
    add_record(county_to_change, "called in", "worker", fields, type="hazards", action="report", area=UNIT)

    found = {line["记录"]: line["隐患"] for line in lines_of(county_to_change.get("/records/ledger.csv", name))}

    assert found[uuid_of("called in")] == "漏气，打138****0009"
    assert found[uuid_of("case one")] == "燃气软管老化"


@pytest.mark.parametrize("evil", ["=HYPERLINK(1)", "＝cmd", "@SUM(A1)"])
def test_no_spreadsheet_runs_what_somebody_wrote(office, prepared_forms, evil):
    for form in prepared_forms:
        office.store.write(lambda tx, form=form: publish.publish(tx, form, None))
    fields = {"item": evil, "label": "隐患"}
    add_record(office, "evil", "officer", fields, type="hazards", action="report", area=VILLAGE)

    (line,) = lines_of(office.get("/records/ledger.csv", "brigade"))

    assert line["隐患"] == f"'{evil}"
