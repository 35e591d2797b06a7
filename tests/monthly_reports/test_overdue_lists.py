"""The list of what is overdue names the clock that is over, its limit, and who has to act on it."""

from __future__ import annotations

import csv
import io

import pytest

from tests.cases.case_county import Cases, a_peopled_county

DUE_ON, DUE_AT = "2026-06-01", "2026-06-01T16:00:00.000Z"
SET_DUE = "UPDATE record SET due_at = :at WHERE id = :case"
HANDLER, OFFICER, VILLAGE = "网格员·白石山镇", "消防救援大队·白石山镇", "荆山口村"


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    with a_peopled_county(tmp_path_factory.mktemp("overdue") / "data") as made:
        known = {status: made.bring(status) for status in ("registered", "assigned", "feedback")}
        known["left"] = made.bring("registered")
        for case in known.values():
            made.county.do(lambda tx, case=case: tx.sql.run(SET_DUE, {"at": DUE_AT, "case": case}))
        rename = "UPDATE record SET case_state = REPLACE(case_state, :old, :new) WHERE id = :case"
        one = {"old": '"chief"', "new": '"who-left"', "case": known["left"]}
        made.county.do(lambda tx: tx.sql.run(rename, one))
        made.county.known |= known
        yield made
        made.county.do(lambda tx: tx.sql.run(rename, one | {"old": one["new"], "new": one["old"]}))


def rows_of(cases: Cases, key: str) -> dict[str, dict[str, str]]:
    """Return the rows of a list by what was done with their case."""
    numbers = {row["case_no"]: row["id"] for row in cases.county.rows("SELECT id, case_no FROM record")}
    names = {id: name for name, id in cases.county.known.items()}
    text = cases.county.get(f"/hazard-lists/{key}?format=csv", "chief").data.decode("utf-8-sig")
    return {names[numbers[row["编号"]]]: row for row in csv.DictReader(io.StringIO(text))}


def test_each_row_names_its_clock_and_who_has_to_act_on_it(cases):
    rows = rows_of(cases, "overdue")

    assert {name: (row["超期环节"], row["责任"]) for name, row in rows.items()} == {
        "registered": ("派遣", OFFICER), "assigned": ("处置", HANDLER), "feedback": ("核查", OFFICER),
        "left": ("派遣", VILLAGE),
    }  # fmt: skip
    assert all(row["时限"] == DUE_ON and int(row["超期天数"]) > 100 for row in rows.values())


def test_other_lists_name_the_clock_too_and_who_handles_the_hazard(cases):
    rows = rows_of(cases, "responsibility")

    assert {name: (row["超期环节"], row["责任"]) for name, row in rows.items()} == {
        "registered": ("派遣", ""), "assigned": ("处置", HANDLER), "feedback": ("核查", HANDLER),
        "left": ("派遣", ""),
    }  # fmt: skip


def test_what_is_not_overdue_names_no_clock(cases):
    cases.county.known["early"] = cases.bring("suspended")

    row = rows_of(cases, "long_term")["early"]

    assert (row["超期环节"], row["超期天数"]) == ("", "")
