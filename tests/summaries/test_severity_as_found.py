"""A hazard is a major one where the brigade's finding stands, in every row, list and filter, whatever a report says."""

from __future__ import annotations

import csv
import io
from urllib.parse import quote

import pytest

from server.forms.usecases import publish
from tests.case_land import CASE_ACT, CASE_NEW, Land, lay_people
from tests.cases.case_county import MAJOR
from tests.county import a_county, prepared
from tests.office.desk import Desk, with_passwords

ROWS = "/summaries/closure?period=year&by=severity"
BEHIND = "/summaries/closure/cases?period=year&by=severity&figure=cases"


FORM = CASE_NEW.replace(
    "| | text | area | area | area |", "| | text | area | area | area |\n| | text | s | s | severity |"
)
ASSIGN = ("assign", "officer", {"assignee": "user:worker"})


def lay(tx) -> list[str]:
    """Fill an empty database with the county of the stories, whose form tells a severity."""
    names = lay_people(tx)
    for form in (FORM, CASE_ACT):
        publish.publish(tx, prepared(form), None)
    return names


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """A county, its cases by what was said and done of each, and the instants before and amid the findings."""
    with a_county(tmp_path_factory.mktemp("severity") / "data", lay) as county:
        with_passwords(county)
        land = Land(county)
        cases = {name: land.report(s="general") for name in ("edited", "found", "struck_off", "plain")}
        cases["claimed"] = land.report(s="major")
        for id in cases.values():
            land.lead_to(id, ("register", "officer"), ASSIGN)
        before = noted(land)
        land.act(cases["edited"], "edit", "officer", severity="major")
        land.act(cases["struck_off"], "mark_major", "brigade", **MAJOR)
        then = noted(land)
        land.act(cases["struck_off"], "unmark_major", "brigade", reason="已整改", document="1号")
        land.act(cases["found"], "mark_major", "brigade", **MAJOR)
        land.act(cases["found"], "edit", "officer", severity="suspected_major")
        land.clock.pass_by(hours=1)
        yield county, cases, (before, then)


def noted(land: Land) -> str:
    """Return the instant that it is, and let an hour pass."""
    at = land.valley.do(lambda tx: tx.now)
    land.clock.pass_by(hours=1)
    return at


def opened(county, key: str, then: str = "") -> set[str]:
    items = county.get(f"{BEHIND}&row={key}{then}", "brigade").json["items"]
    return {item["id"] for item in items}


def names_of(cases, ids) -> set[str]:
    return {name for name, id in cases.items() if id in ids}


def rows_of(told, as_of: str = "") -> dict[str, set[str]]:
    """Return the cases behind each row, once they are as many as the row says."""
    county, cases, _ = told
    then = f"&as_of={quote(as_of)}" if as_of else ""
    found = {}
    for row in county.get(f"{ROWS}{then}", "brigade").json["rows"]:
        behind = opened(county, row["key"], then)
        assert len(behind) == row["counts"]["cases"], row
        found[row["key"]] = names_of(cases, behind)
    return {key: names for key, names in found.items() if names}


def test_rows_and_the_cases_behind_them_tell_the_finding(told):
    assert rows_of(told) == {
        "general": {"struck_off", "plain"},
        "suspected_major": {"claimed", "edited"},
        "major": {"found"},
    }


def test_a_past_instant_tells_the_finding_that_stood_then(told):
    before, then = told[2]

    assert rows_of(told, before) == {
        "general": {"edited", "found", "struck_off", "plain"},
        "suspected_major": {"claimed"},
    }
    assert rows_of(told, then) == {
        "general": {"found", "plain"},
        "suspected_major": {"claimed", "edited"},
        "major": {"struck_off"},
    }


@pytest.mark.parametrize(("severity", "names"), [("major", {"found"}), ("suspected_major", {"claimed", "edited"})])
def test_lists_and_the_board_filter_by_the_finding(told, severity, names):
    county, cases, _ = told
    desk = Desk(county)
    desk.sign_in("brigade")
    board = desk.open(f"/office/board?severity={severity}").text
    listed = county.get(f"/records?type=hazards&severity={severity}", "brigade").json["items"]

    assert names_of(cases, {item["id"] for item in listed}) == names
    assert {name for name, id in cases.items() if id in board} == names


def test_lists_of_hazards_and_the_case_page_say_the_finding(told):
    county, cases, _ = told
    words = {}
    numbers = {
        item["case_no"]: item["id"] for item in county.get("/records?type=hazards&limit=200", "brigade").json["items"]
    }
    for path in ("/hazard-lists/responsibility?format=csv", "/records/ledger.csv"):
        rows = csv.DictReader(io.StringIO(county.get(path, "brigade").data.decode("utf-8-sig")))
        words[path] = {
            name: row["等级"] for row in rows for name, id in cases.items() if numbers[row["编号"]] == id
        }  # fmt: skip
    desk = Desk(county)
    desk.sign_in("brigade")

    for said in words.values():
        assert said == {
            "claimed": "疑似重大", "edited": "疑似重大", "found": "重大", "struck_off": "一般", "plain": "一般"
        }  # fmt: skip
    assert "重大隐患" in desk.open(f"/office/cases/{cases['found']}").text
    claimed = desk.open(f"/office/cases/{cases['claimed']}").text
    assert "疑似重大" in claimed and "<dd>重大隐患" not in claimed
