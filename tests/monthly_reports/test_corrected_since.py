"""What was corrected of a case since its month was filed is listed, whichever of its particulars it was."""

from __future__ import annotations

import pytest

from server.monthly_reports.domain import months
from tests.case_land import Land
from tests.county import a_county
from tests.summaries.test_severity_as_found import ASSIGN, lay

FEEDBACK = ("feedback", "worker", {"result_code": "fixed", "no_photo_reason": "too_dark"})
CORRECTED = {
    "item": {"item": "corridor_blocked"},
    "severity": {"severity": "suspected_major"},
    "place": {"place": "演示民宿08"},
    "category": {"category": "electric"},
}


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """The changes of a filed month, and its cases by what was corrected of each."""
    with a_county(tmp_path_factory.mktemp("corrected") / "data", lay) as county:
        land = Land(county)
        cases = {name: land.report(s="general") for name in (*CORRECTED, "closed", "back", "noted", "untouched")}
        for id in cases.values():
            land.lead_to(id, ("register", "officer"), ASSIGN)
        land.lead_to(cases["closed"], FEEDBACK, ("close", "officer"))
        land.clock.pass_by(days=31)
        month = months.last_over(county.do(lambda tx: tx.now))
        assert county.post(f"/monthly-reports/{month}/freeze", "brigade", {}).status_code == 201
        land.clock.pass_by(hours=1)
        for name, fields in CORRECTED.items():
            land.act(cases[name], "edit", "officer", **fields)
        land.act(cases["closed"], "edit", "officer", item="corridor_blocked")
        land.act(cases["back"], "edit", "officer", place="别处")
        land.act(cases["back"], "edit", "officer", place="演示民宿07")
        land.act(cases["noted"], "note", "officer", note="已去看过")
        answer = county.get(f"/monthly-reports/{month}/changes", "brigade")
        assert answer.status_code == 200, answer.text
        yield cases, answer.json


def test_corrections_of_every_particular_are_listed(told):
    cases, changes = told
    names = {id: name for name, id in cases.items()}
    corrected = {names[item["id"]] for item in changes["items"] if "corrected" in item["kinds"]}

    assert corrected == {*CORRECTED, "closed"}
    assert [kind["cases"] for kind in changes["kinds"] if kind["kind"] == "corrected"] == [len(corrected)]


def test_the_changes_add_up_all_the_same(told):
    for column in told[1]["columns"]:
        added = sum(item["differences"].get(column["code"], 0) for item in told[1]["items"])
        assert column["now"] - column["then"] == added, column["code"]
