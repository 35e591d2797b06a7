"""The closure summary over HTTP: the golden April, every number opened, every wrong question answered."""

from __future__ import annotations

import csv
import io

import pytest
from python_calamine import CalamineWorkbook

from server.app import close
from server.summaries.domain import figure_definitions
from server.summaries.store import figure_recording
from tests.api_county import NEXT_UNIT, OTHER_TOWN, TOWN, UNIT, VILLAGE, lay_people
from tests.county import open_county
from tests.summaries import test_closure_golden as golden
from tests.summaries.case_histories import a_case, cases_behind, step
from tests.summaries.lived_cases import live

APRIL = "from=2026-04-01&to=2026-04-30"
THEN = f"{APRIL}&as_of=2026-05-01T00:00:00%2B08:00"


@pytest.fixture(scope="module")
def april(tmp_path_factory):
    """A county in which the golden April was lived in one unit, and a spot fix of another unit."""
    made = open_county(tmp_path_factory.mktemp("april") / "data", lay_people)
    live(made.store, [*golden.TOWN, a_case("N1", step("spot_close", "04-03"), path="130630/100/202/001")])
    made.store.write(lambda tx: figure_recording.record_visits(tx, "130630/100/201/001", "2026-04-09", 21))
    yield made
    close(made.app)


def told(county, query: str, name: str = "brigade"):
    answer = county.get(f"/summaries/closure?{query}", name)
    assert answer.status_code == 200, answer.text
    return answer.json


def test_the_golden_april_is_told_as_the_core_counts_it(april):
    said = told(april, f"area={UNIT}&by=month&{THEN}")

    expected = golden.FIGURES
    assert said["total"]["counts"] == dict(expected.counts)
    assert said["total"]["rates"]["closure_rate"] == {"n": 6, "d": 9, "value": 6 / 9, "text": "66.67%"}
    assert said["total"]["days"]["handle_mean"] == 8.0
    assert said["total"]["results"] == dict(expected.results)
    assert said["sentence"].startswith("检查21家，发现9处，当场整改1处，限期整改8处，已办结6处")
    assert [figure["code"] for figure in said["figures"]] == [
        figure.code for figure in figure_definitions.list_figures(golden.FIRST_OF_MAY)
    ]


@pytest.mark.parametrize("by", ["town", "village", "unit", "category", "month"])
def test_every_number_of_every_row_opens_into_as_many_cases(april, by):
    said = told(april, f"by={by}&{THEN}")
    opened = 0
    for row in [*said["rows"], {**said["total"], "cases": said["cases"]}]:
        numbers = {**row["counts"], **{f"result:{code}": n for code, n in row["results"].items()}}
        for figure, number in numbers.items():
            if number:
                address = row["cases"].replace("{&figure}", f"&figure={figure}&limit=1000")
                items = april.get(address.removeprefix("/api/v1"), "brigade").json["items"]
                assert len(items) == number, (row.get("key"), figure)
                opened += 1

    assert opened > 60


def test_every_area_of_the_level_has_a_row_also_with_nothing(april):
    said = told(april, f"by=town&{THEN}")

    assert [(row["key"], row["name"], row["counts"]["cases"]) for row in said["rows"]] == [
        (TOWN, "白石山镇", 10), (OTHER_TOWN, "走马驿镇", 0),
    ]  # fmt: skip
    nothing = said["rows"][1]
    assert nothing["rates"]["closure_rate"] == {"n": 0, "d": 0, "value": None, "text": "—"}
    assert nothing["days"] == {"handle_mean": None, "handle_median": None, "handle_p90": None}


def test_pages_of_cases_go_on_where_the_last_one_ended(april):
    address, found = f"/summaries/closure/cases?area={UNIT}&by=month&{THEN}&figure=dispatches&limit=2", []
    page = april.get(address, "brigade").json
    while True:
        found += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        page = april.get(f"{address}&cursor={page['next']}", "brigade").json

    behind = cases_behind("dispatches", golden.CASES, golden.APRIL, golden.FIRST_OF_MAY)
    assert sorted(found) == sorted(case.id for case in behind)
    assert found.count("R12") == 2


def test_what_is_seen_is_what_the_caller_s_duty_covers(april):
    assert told(april, f"by=unit&{THEN}", "worker")["total"]["counts"]["cases"] == 9
    assert told(april, f"by=unit&{THEN}", "neighbour")["total"]["counts"]["cases"] == 1
    assert told(april, f"by=village&{THEN}", "town")["total"]["counts"]["cases"] == 10
    assert told(april, THEN, "officer")["by"] == "unit"
    assert april.get(f"/summaries/closure?area={VILLAGE}&{THEN}", "othertown").status_code == 404
    assert april.get(f"/summaries/closure/cases?area={NEXT_UNIT}&{THEN}", "worker").status_code == 404
    assert [item["id"] for item in april.get(f"/summaries/closure/cases?{THEN}", "neighbour").json["items"]] == ["N1"]


def test_who_may_read_no_summaries_is_told_who_may(april):
    answer = april.get("/summaries/closure", "viewer")

    assert answer.status_code == 403
    assert "消防救援大队" in answer.json["detail"]


def test_a_body_s_holder_sees_the_cases_that_are_theirs(county):
    """The gas department has one case of the shared county; what it is not assigned, it does not see."""
    said = told(county, "by=month&period=year", "gas")

    assert said["total"]["counts"]["reports"] == 1
    assert [
        item["label"] for item in county.get("/summaries/closure/cases?figure=reports&period=year", "gas").json["items"]
    ] == ["隐患 case one"]


@pytest.mark.parametrize("by", ["town", "village", "unit", "category", "month"])
def test_a_body_s_holder_opens_every_row_of_theirs_inside_an_area_and_none_outside(county, by):
    inside = told(county, f"area={TOWN}&by={by}&period=year", "gas")
    rows = [row["key"] for row in inside["rows"] if row["counts"]["reports"]]

    assert inside["total"]["counts"]["reports"] == len(rows) == 1
    query = f"figure=reports&by={by}&row={rows[0]}&period=year"
    behind = county.get(f"/summaries/closure/cases?area={TOWN}&{query}", "gas").json["items"]
    assert [item["label"] for item in behind] == ["隐患 case one"]
    elsewhere = told(county, f"area={OTHER_TOWN}&by={by}&period=year", "gas")
    assert elsewhere["total"]["counts"]["reports"] == 0


def test_who_asks_for_no_rows_gets_the_level_below_what_they_see(april, county):
    assert told(april, f"{APRIL}")["by"] == "town"
    assert told(april, f"area={VILLAGE}&{APRIL}")["by"] == "unit"
    assert told(county, "period=year", "gas")["by"] == "town"


def test_a_period_stands_with_the_one_before_beside_it(april):
    said = told(april, "by=town&period=month&as_of=2026-05-01T00:00:00%2B08:00")

    assert (said["name"], said["from"], said["to"]) == ("本月", "2026-05-01", "2026-05-31")
    before = said["before"]
    assert (before["name"], before["from"], before["to"]) == ("上月", "2026-04-01", "2026-04-30")
    assert (said["total"]["counts"]["cases"], before["total"]["counts"]["cases"]) == (0, 10)


def test_a_csv_opens_with_a_bom_and_holds_every_figure_and_the_total(april):
    answer = april.get(f"/summaries/closure?by=town&{THEN}&format=csv", "brigade")

    assert answer.data.startswith(b"\xef\xbb\xbf")
    assert "attachment" in answer.headers["Content-Disposition"]
    lines = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert [line["乡镇"] for line in lines] == ["白石山镇", "走马驿镇", "合计"]
    assert (lines[2]["案件数"], lines[2]["闭环率（办结率）"], lines[1]["闭环率（办结率）"]) == ("10", "70.00%", "—")
    assert (lines[0]["代码"], lines[2]["平均处置天数"]) == (TOWN, "8.0")


def test_two_periods_stand_beside_each_other_in_a_file(april):
    answer = april.get("/summaries/closure?period=month&as_of=2026-05-01T00:00:00%2B08:00&format=csv", "brigade")

    total = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))[-1]
    assert (total["本月案件数"], total["上月案件数"], total["本月闭环率（办结率）"]) == ("0", "10", "—")


def test_a_workbook_keeps_numbers_to_calculate_with(april):
    answer = april.get(f"/summaries/closure?by=town&{THEN}&format=xlsx", "brigade")

    titles, first, *_, total = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    rate = titles.index("闭环率（办结率）")
    assert (first[0], total[1], total[rate], total[titles.index("案件数")]) == (TOWN, "合计", 0.7, 10)


def test_the_cases_behind_a_figure_come_as_a_file_too(april):
    answer = april.get(f"/summaries/closure/cases?{THEN}&figure=result:fixed&format=csv", "brigade")

    lines = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert [line["记录"] for line in lines] == ["R01", "R02", "R06", "R07"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=2026-04-30&to=2026-04-01", "to"),
        ("from=2026-04-31&to=2026-05-01", "from"),
        ("from=soon&to=2026-05-01", "from"),
        ("from=2026-04-01", "to"),
        ("to=2026-04-01", "from"),
        ("from=0026-04-01&to=2026-04-30", "from"),
        ("period=month&from=2026-04-01&to=2026-04-30", "period"),
        ("period=week", "period"),
        ("by=person", "by"),
        ("format=pdf", "format"),
        ("as_of=yesterday", "as_of"),
        ("as_of=2999-01-01", "as_of"),
        ("area=13", "area"),
        (f"area={UNIT}&by=town", "by"),
        ("colour=red", "colour"),
    ],
)
def test_a_question_that_makes_no_sense_is_answered_by_field_and_cure(april, query, field):
    answer = april.get(f"/summaries/closure?{query}", "brigade")

    assert answer.status_code == 422, answer.text
    assert answer.content_type == "application/problem+json"
    assert [error["field"] for error in answer.json["errors"]] == [field]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("figure=closed_rate", "figure"),
        ("figure=closure_rate", "figure"),
        ("figure=handle_p90", "figure"),
        ("figure=DROP TABLE", "figure"),
        ("row=130630999000", "row"),
        ("row=nowhere", "area"),
        ("by=month&row=2026-13", "row"),
        ("by=category&row=nothing", "row"),
        ("cursor=x", "cursor"),
        ("format=xlsx", "format"),
    ],
)
def test_what_cannot_be_opened_says_what_can(april, query, field):
    answer = april.get(f"/summaries/closure/cases?{query}", "brigade")

    assert answer.status_code == 422, answer.text
    assert [error["field"] for error in answer.json["errors"]] == [field]
