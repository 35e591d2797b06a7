"""What has changed since a month was filed is told case by case, and adds up to the difference of every column."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server import instants
from server.app import close
from server.forms.usecases import publish
from server.monthly_reports.domain import changes, definition, months
from server.monthly_reports.domain.changes import Kind
from server.summaries.domain import count_rules, summary_rows
from tests.api_county import HAZARD_FORM, UNIT, add_record, lay_people
from tests.county import open_county, prepared
from tests.monthly_reports.april import APRIL, PATH, an_april, freeze
from tests.summaries.case_histories import a_case, histories, known, on, step
from tests.summaries.lived_cases import live
from tests.summaries.test_closure_golden import APRIL as DAYS

FILED, NOW = on("05-01", "00:00"), on("05-09")
DEFINITION = definition.definition_at(NOW)


@pytest.fixture
def april(tmp_path):
    made = an_april(tmp_path / "data")
    assert freeze(made).status_code == 201
    yield made
    close(made.app)


DATED_FORM = HAZARD_FORM.replace(
    "| | text | action |", "| | dateTime | discovered_at | 发现时间 | discovered_at |\n| | text | action |"
)


def lay_dated(tx) -> list[str]:
    """Fill an empty database with people, and a form that asks when a hazard was discovered."""
    names = lay_people(tx)
    publish.publish(tx, prepared(DATED_FORM), None)
    return names


def said(county, query: str = "") -> dict:
    answer = county.get(f"{PATH}/changes{query}", "brigade")
    assert answer.status_code == 200, answer.text
    return answer.json


@given(st.lists(histories(corrections=True), max_size=10))
def test_the_changes_of_any_cases_add_up_to_the_difference_of_every_column(lives):
    before, after = (count_rules.window_of(DAYS, at) for at in (FILED, NOW))
    found = [
        changes.change_of(DEFINITION, life.as_of(FILED), case, before, after)
        for life in lives
        if (case := life.as_of(NOW)) is not None
    ]
    then, now = (summary_rows.figures(known(lives, at), DAYS, at).counts for at in (FILED, NOW))

    for column in DEFINITION.counts:
        added = sum(change.differences.get(column.code, 0) for change in found if change is not None)
        assert now[column.code] - then[column.code] == added, column.code


def test_what_was_done_since_is_listed_by_kind_and_adds_up(april):
    lives = {life.id: life for life in APRIL}
    done = [
        later(lives["R09"], step("feedback", "05-07", result_code="fixed"), step("close", "05-08")),
        later(lives["R01"], step("reopen", "05-10")),
        later(lives["N1"], step("reopen", "05-11"), step("void", "05-12")),
    ]
    live(april.store, [*(life for life in APRIL if life.id not in ("R09", "R01", "N1")), *done])
    told = said(april)

    kinds = {item["id"]: item["kinds"] for item in told["items"]}
    assert kinds["R09"] == ["closed"] and kinds["R01"] == ["reopened"] and kinds["N1"] == ["void", "reopened"]
    for column in told["columns"]:
        added = sum(item["differences"].get(column["code"], 0) for item in told["items"])
        assert column["now"] - column["then"] == added == column["difference"], column["code"]
    assert {item["id"] for item in said(april, "?kind=reopened")["items"]} == {"R01", "N1"}
    assert [kind["cases"] for kind in told["kinds"] if kind["kind"] == "void"] == [1]


def later(life, *steps):
    """Return a life that goes on."""
    return a_case(life.id, *life.steps, *steps, path=life.path, category=life.category)


def test_a_limit_that_passed_by_itself_is_told_as_fallen_due(april):
    told = said(april)

    assert {item["id"]: (item["kinds"], item["differences"]) for item in told["items"]} == {
        "R09": (["due"], {"due": 1, "handling_overdue": 1}),
    }


def test_pages_of_changes_go_on_where_they_ended(april):
    live(april.store, [later(life, step("feedback", "05-20")) if life.id == "R08" else life for life in APRIL])
    whole, pages, query = said(april)["items"], [], "?limit=1"
    while query:
        page = said(april, query)
        pages += page["items"]
        query = page["next"] and f"?limit=1&cursor={page['next']}"

    assert pages == whole


def test_a_month_that_was_not_filed_has_no_changes(april):
    answer = april.get("/monthly-reports/2026-05/changes", "brigade")

    assert (answer.status_code, answer.json["type"]) == (404, "/problems/month-not-frozen")
    assert april.get(f"{PATH}/changes", "town").status_code == 404
    assert april.get(f"{PATH}/changes?kind=none", "brigade").status_code == 422


def test_what_came_in_late_counts_in_its_own_month_and_is_a_memo_of_the_filed_one(tmp_path):
    county = open_county(tmp_path / "data", lay_dated)
    this = instants.local_day(instants.text(county.clock()))[:7]
    last = months.last_over(instants.text(county.clock()))
    assert county.post(f"/monthly-reports/{last}/freeze", "brigade", {}).status_code == 201
    for day in (f"{last}-20", f"{this}-01"):
        add_record(
            county, f"case {day}", "worker", {"discovered_at": f"{day}T00:30:00+08:00", "label": day},
            type="hazards", action="report", area=UNIT,
        )  # fmt: skip
    told = county.get(f"/monthly-reports/{last}/changes", "brigade").json

    assert [(item["kinds"], item["differences"], item["label"]) for item in told["items"]] == [
        (["late"], {}, f"{last}-20")
    ]
    assert {column["difference"] for column in told["columns"]} == {0}
    month = county.get(f"/monthly-reports/{this}", "brigade").json
    assert (month["total"]["counts"]["reports"], month["late_reports"]) == (2, 1)
    close(county.app)


def test_every_kind_has_a_name():
    assert set(changes.labels(NOW)) == set(changes.labels(NOW, english=True)) == set(Kind)
