"""Rows by what cases say of themselves are what their histories come to, add up, and open into their cases."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta

import pytest

from server.errors import Invalid
from server.forms.store import codes
from server.instants import text
from server.simulate import recount
from server.summaries.domain.area_rows import ELSEWHERE
from server.summaries.usecases import closure_summary
from server.summaries.usecases.groupings import BY_CASE, Grouping
from tests.demo.half_year import END
from tests.demo.test_the_figures_of_the_demonstration import opened, query_of, recounted

BY_ITEM = {Grouping.RECTIFICATION: "rect", Grouping.DEPARTMENT: "lead", Grouping.DEFENCE_LINE: "line"}
SAID = {Grouping.ITEM: "item", Grouping.SEVERITY: "severity", Grouping.SOURCE: "source"}
PAST = text(END - timedelta(days=9))


@pytest.fixture(scope="module")
def history(store):
    with store.reading() as reading:
        return recount.cases(reading)


def said_at(reading, at: str) -> dict[str, dict[str, str]]:
    """Return what every record said at an instant, replayed from its history, and whether it was found to be major."""
    found: dict[str, dict[str, str]] = {}
    for row in reading.sql.rows("SELECT record, action, diff, received_at FROM revision ORDER BY record, version"):
        if row["received_at"] <= at:
            values = {name: new or "" for name, (_, new) in json.loads(row["diff"]).items()}
            if row["action"] in ("mark_major", "unmark_major"):
                values["found"] = row["action"]
            found.setdefault(row["record"], {}).update(values)
    return found


def key_of(reading, by: Grouping, said: dict[str, str]) -> str:
    if by is Grouping.SEVERITY and said.get("found") == "mark_major":
        return "major"
    if by in SAID:
        return said.get(SAID[by], "")
    known = codes.of_list(reading, "hazard_items").get(said.get("item", ""))
    return (known[-1].extra[BY_ITEM[by]].split() or [""])[0] if known else ""


def rows_of(reading, by: Grouping, **more: str):
    return closure_summary.summarise(reading, query_of(reading, by=by, **more)).summary


@pytest.mark.parametrize("by", [*SAID, *BY_ITEM])
def test_every_row_is_what_the_histories_of_its_cases_come_to(reading, history, by):
    said, summary = said_at(reading, text(END)), rows_of(reading, by)
    period = query_of(reading).period
    cases: dict[str, list] = {}
    for case in history:
        cases.setdefault(key_of(reading, by, said[case.id]), []).append(case)

    assert len(summary.rows) > 1
    for row in summary.rows:
        assert dict(row.figures.counts) == recounted(cases.get(row.key, []), period), row.name


def test_the_rows_of_bodies_are_what_they_have(reading):
    has = Counter(
        (row["assignee"] or "").removeprefix("body:") if (row["assignee"] or "").startswith("body:") else ELSEWHERE
        for row in reading.sql.rows("SELECT assignee FROM record WHERE kind = 'case'")
    )

    assert {row.key: row.figures.counts["reports"] for row in rows_of(reading, Grouping.BODY).rows} == has


@pytest.mark.parametrize("by", sorted(BY_CASE))
def test_rows_add_up_and_open_into_their_cases(reading, by):
    question, summary = query_of(reading, by=by), rows_of(reading, by)

    assert summary.total == rows_of(reading, Grouping.TOWN).total
    for code, number in summary.total.counts.items():
        assert sum(row.figures.counts[code] for row in summary.rows) == number, code
    for row in summary.rows:
        for figure in ("reports", "closed", "handling_overdue", "dispatches"):
            assert opened(reading, question, figure, row.key) == row.figures.counts[figure], (row.name, figure)


@pytest.mark.parametrize("by", [*SAID, *BY_ITEM])
def test_a_past_instant_says_what_the_cases_said_then(reading, history, by):
    said = said_at(reading, PAST)
    began = {case.id for case in history if case.id in said}
    expected = Counter(key_of(reading, by, said[id]) for id in began)

    summary = rows_of(reading, by, as_of=PAST)

    assert {row.key: row.figures.counts["reports"] for row in summary.rows} == expected


def test_who_had_a_case_at_a_past_instant_is_asked_of_its_assignments(reading):
    now, then = (rows_of(reading, Grouping.BODY, **more) for more in ({}, {"as_of": PAST}))

    assert sum(row.figures.counts["reports"] for row in then.rows) == then.total.counts["reports"]
    assert {row.key for row in then.rows} <= {row.key for row in now.rows} | {ELSEWHERE}


def test_a_row_that_is_none_is_refused_and_too_many_cases_are_told(reading, monkeypatch):
    with pytest.raises(Invalid, match="没有“none”这一行"):
        opened(reading, query_of(reading, by=Grouping.ITEM), "reports", "none")
    monkeypatch.setattr("server.summaries.usecases.dimensions.CASES_MOST", 2)
    with pytest.raises(Invalid, match="缩短时段"):
        rows_of(reading, Grouping.ITEM)
