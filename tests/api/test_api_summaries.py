"""The closure summary over HTTP: the golden April, every number opened, every wrong question answered."""

from __future__ import annotations

import csv
import io

import pytest
from python_calamine import CalamineWorkbook

from server import instants
from server.app import close
from server.records.domain.status import STATUS_LABELS
from server.summaries.domain import figure_definitions
from tests.api_county import NEXT_UNIT, OTHER_TOWN, TOWN, UNIT, VILLAGE, lay_police
from tests.county import open_county
from tests.field_forms import PATROL
from tests.summaries import test_closure_golden as golden
from tests.summaries.case_histories import a_case, cases_behind, on, step
from tests.summaries.lived_cases import live, walked

APRIL = "from=2026-04-01&to=2026-04-30"
THEN = f"{APRIL}&as_of=2026-05-01T00:00:00%2B08:00"


@pytest.fixture(scope="module")
def april(tmp_path_factory):
    """A county in which the golden April was lived in one unit, and a spot fix of another unit."""
    made = open_county(tmp_path_factory.mktemp("april") / "data", lay_police)
    live(made.store, [*golden.TOWN, a_case("N1", step("spot_close", "04-03"), path="130630/100/202/001")])
    made.publish(PATROL)
    made.store.write(lambda tx: walked(tx, ("04-09", "主街", 15), ("04-12", "主 街", 20), ("04-13", "", 1)))
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
    assert said["total"]["rates"]["closure_rate"] == {"n": 6, "d": 9, "value": 6 / 9, "text": "6/9"}
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
    assert nothing["days"] == dict.fromkeys(
        ("report_lag_mean", "report_lag_median", "report_lag_p90", "handle_mean", "handle_median", "handle_p90")
    )


def test_the_premises_inspected_open_into_the_patrols_that_count(april):
    """Two rounds of one street count once, by the one that inspected most; a round without a place by itself."""
    said = told(april, f"by=month&{THEN}")
    earlier = told(april, f"by=month&{APRIL}&as_of=2026-04-10")

    def behind(summary, more=""):
        return april.get(f"{summary['patrols']}{more}".removeprefix("/api/v1"), "brigade").json

    first = behind(said, "&limit=1")
    second = behind(said, f"&limit=1&cursor={first['next']}")
    patrols = [*first["items"], *second["items"]]
    assert (said["visited"], earlier["visited"]) == (21, 15)
    assert [(each["label"], each["premises"], each["area"]) for each in patrols] == [
        ("04-12 主 街", 20, UNIT), ("04-13 ", 1, UNIT),
    ]  # fmt: skip
    assert second["next"] is None
    assert [each["premises"] for each in behind(earlier)["items"]] == [15]
    assert patrols[0]["area_name"].startswith("白石山镇")


def test_the_patrols_behind_a_number_come_as_a_file_too(april):
    answer = april.get(f"/summaries/closure/patrols?{THEN}&format=csv", "brigade")

    lines = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert [(line["检查家数"], line["收到"]) for line in lines] == [
        ("20", "2026-04-12 09:00"),
        ("1", "2026-04-13 09:00"),
    ]
    coded = april.get(f"/summaries/closure/patrols?{THEN}&format=csv&labels=false", "brigade")
    assert on("04-12") in coded.data.decode()


def test_the_patrols_of_an_area_are_those_of_its_number_and_none_outside_the_caller_s_duty(april):
    assert told(april, f"area={OTHER_TOWN}&{THEN}")["visited"] == 0
    assert april.get(f"/summaries/closure/patrols?area={OTHER_TOWN}&{THEN}", "brigade").json["items"] == []
    assert april.get(f"/summaries/closure/patrols?{THEN}", "neighbour").json["items"] == []
    assert april.get(f"/summaries/closure/patrols?area={NEXT_UNIT}&{THEN}", "worker").status_code == 404
    assert april.get("/summaries/closure/patrols", "police").status_code == 403


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
    answer = april.get("/summaries/closure", "police")

    assert answer.status_code == 403
    assert told(april, THEN, "viewer")["total"] == told(april, THEN)["total"]
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
    said = told(april, "by=town&period=month&as_of=2026-04-26")

    assert (said["name"], said["from"], said["to"]) == ("本月", "2026-04-01", "2026-04-30")
    before = said["before"]
    assert (before["name"], before["from"], before["to"]) == ("上月", "2026-03-01", "2026-03-31")
    assert (said["total"]["counts"]["cases"], before["total"]["counts"]["cases"]) == (10, 1)


def test_the_period_before_is_counted_as_of_as_far_into_its_own_days_and_opens_as_of_then(april):
    """A case of March, closed on 3 April, was open on 26 March."""
    before = told(april, "by=month&period=month&as_of=2026-04-26")["before"]
    later = told(april, "by=month&period=last_month&as_of=2026-05-26")["before"]

    assert (before["as_of"], before["over"]) == ("2026-03-26T15:59:59.999Z", False)
    assert (before["total"]["counts"]["open"], before["total"]["counts"]["closed"]) == (1, 0)
    behind = april.get(before["cases"].replace("{&figure}", "&figure=open").removeprefix("/api/v1"), "brigade").json
    assert [(case["id"], case["status"]) for case in behind["items"]] == [("R14", "assigned")]
    assert (later["name"], later["as_of"], later["over"]) == ("前一月", "2026-04-26T15:59:59.999Z", True)
    assert (later["total"]["counts"]["open"], later["total"]["counts"]["closed"]) == (0, 1)


def test_beside_a_short_month_that_is_over_stands_the_whole_of_a_long_one(april):
    before = told(april, "period=last_month&as_of=2026-03-01T08:00")["before"]

    assert (before["from"], before["to"]) == ("2026-01-01", "2026-01-31")
    assert (before["as_of"], before["over"]) == ("2026-02-01T00:00:00.000Z", True)


@pytest.mark.parametrize(
    ("query", "days", "beside"),
    [
        ("period=last_month", "上月 2026-04-01 2026-04-30 True", "前一月 2026-03-01 2026-03-31 True"),
        ("period=last_quarter", "上季 2026-01-01 2026-03-31 True", "前一季 2025-10-01 2025-12-31 True"),
        ("period=month&compare=year_ago", "本月 2026-05-01 2026-05-31 False", "去年同期 2025-05-01 2025-05-31 False"),
        (f"{APRIL}&compare=previous", "本期 2026-04-01 2026-04-30 True", "上期 2026-03-01 2026-03-31 True"),
        ("from=2026-05-08&to=2026-05-21&compare=year_ago", "本期 2026-05-08 2026-05-21 False",
         "去年同期 2025-05-08 2025-05-21 False"),
    ],
)  # fmt: skip
def test_last_month_last_quarter_and_any_two_days_stand_beside_those_before_or_of_the_last_year(
    april, query, days, beside
):
    said = told(april, f"{query}&as_of=2026-05-20T10:00")

    for summary, expected in ((said, days), (said["before"], beside)):
        assert " ".join(str(summary[key]) for key in ("name", "from", "to", "over")) == expected


def test_two_days_alone_stand_alone(april):
    assert told(april, THEN)["before"] is None


def test_a_csv_opens_with_a_bom_and_holds_every_figure_and_the_total(april):
    answer = april.get(f"/summaries/closure?by=town&{THEN}&format=csv", "brigade")

    assert answer.data.startswith(b"\xef\xbb\xbf")
    assert "attachment" in answer.headers["Content-Disposition"]
    lines = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert [line["乡镇"] for line in lines] == ["白石山镇", "走马驿镇", "合计"]
    assert (lines[2]["案件数"], lines[2]["闭环率（办结率）"], lines[1]["闭环率（办结率）"]) == ("10", "70.00%", "—")
    assert (lines[0]["代码"], lines[2]["平均处置天数"]) == (TOWN, "8.0")


def test_two_periods_stand_beside_each_other_in_a_file(april):
    total = lines_of(april, "period=month&as_of=2026-04-26T12:00")[-1]

    assert (total["本月案件数"], total["上月案件数"], total["上月闭环率（办结率）"]) == ("10", "1", "'0/1")
    assert (total["本月时段"], total["本月统计时刻"]) == ("2026-04-01 至 2026-04-30（未结束）", "2026-04-26 12:00")
    assert (total["上月时段"], total["上月统计时刻"]) == ("2026-03-01 至 2026-03-31（未结束）", "2026-03-26 12:00")


def test_the_difference_is_told_in_json_and_stands_as_a_third_column_in_a_file(april):
    query = "by=town&period=month&as_of=2026-04-26T12:00"
    said, total = told(april, query), lines_of(april, query)[-1]
    compared = said["compared"]

    assert [row["key"] for row in compared["rows"]] == [row["key"] for row in said["rows"]]
    assert compared["total"]["counts"]["cases"] == {"change": 9, "text": "+9"}
    assert compared["total"]["rates"]["closure_rate"] == {"change": None, "text": "—"}
    for row, counted, beside in zip(
        (*compared["rows"], compared["total"]),
        (*said["rows"], said["total"]),
        (*said["before"]["rows"], said["before"]["total"]),
        strict=True,
    ):
        assert {kind: set(row[kind]) for kind in ("counts", "rates", "days", "results")} == {
            kind: set(counted[kind] if kind != "results" else said["results"])
            for kind in ("counts", "rates", "days", "results")
        }
        for code, each in row["counts"].items():
            assert each["change"] == counted["counts"][code] - beside["counts"][code]
    assert (total["案件数增减"], total["闭环率（办结率）增减（百分点）"]) == ("+9", "—")
    assert not [title for title in total if "时段增减" in title or "统计时刻增减" in title]
    assert told(april, THEN)["compared"] is None


def test_a_file_says_of_which_days_and_as_of_when_it_counts(april):
    first, *_ = lines_of(april, THEN)
    second, *_ = lines_of(april, f"{APRIL}&as_of=2026-05-01T00:00:30.004")

    assert (first["时段"], first["统计时刻"]) == ("2026-04-01 至 2026-04-30", "2026-05-01 00:00")
    assert second["统计时刻"] == "2026-05-01 00:00:30.004"


def test_months_stand_beside_the_months_of_the_period_before_and_what_is_to_come_stays_blank(april):
    """April of the second quarter stands beside January of the first, June beside nothing while it is to come."""
    lines = lines_of(april, "period=quarter&by=month&as_of=2026-06-20")
    early = lines_of(april, "period=quarter&by=month&as_of=2026-05-20")

    assert [(line["月份"], line["上季月份"]) for line in lines[:-1]] == [
        ("2026-04", "2026-01"), ("2026-05", "2026-02"), ("2026-06", "2026-03"),
    ]  # fmt: skip
    assert [f"{line['本季案件数']} {line['上季案件数']}" for line in lines] == ["10 0", "0 0", "0 1", "10 1"]
    assert [f"{line['本季案件数']} {line['上季案件数']}" for line in early] == ["10 0", "0 0", " ", "10 0"]


def values_of(figures: dict) -> list[object]:
    rates = [each[part] for each in figures["rates"].values() for part in ("n", "d", "value")]
    return [*figures["counts"].values(), *rates, *figures["days"].values(), *figures["results"].values()]


@pytest.mark.parametrize("days", ["period=quarter", "from=2026-04-01&to=2026-08-10&compare=year_ago"])
def test_what_is_blank_in_a_file_is_null_in_json_and_nothing_else_is(april, days):
    query = f"{days}&by=month&as_of=2026-05-20"
    said, lines = told(april, query), lines_of(april, query)
    ours, theirs = said["rows"], said["before"]["rows"]
    for row, line in zip((*ours, said["total"]), lines, strict=True):
        counted = [line[name] for name in line if name.endswith("案件数") and name.startswith(("本季", "本期"))]
        assert (row["counts"]["cases"] is None) == (counted == [""])
    for row in (*ours, *theirs):
        assert row["begun"] == (row["key"] <= ("2026-05" if row in ours else said["before"]["as_of"][:7]))
        assert row["begun"] or {*values_of(row)} == {None}
        assert not row["begun"] or None not in row["counts"].values()
        assert row["begun"] or {each["text"] for each in row["rates"].values()} == {""}
    assert said["begun"] and None not in said["total"]["counts"].values()


@pytest.mark.parametrize("by", ["town", "village", "category", "month"])
def test_a_period_that_has_not_begun_has_no_figure_at_all(april, by):
    query = f"from=2026-07-01&to=2026-08-31&compare=previous&by={by}&as_of=2026-05-20"
    said = told(april, query)

    for summary in (said, said["before"]):
        assert (summary["begun"], summary["over"], summary["visited"]) == (False, False, None)
        assert summary["sentence"] == "时段还没有开始，没有可报的数。"
        assert {each for row in (*summary["rows"], summary["total"]) for each in values_of(row)} == {None}
    told_apart = ("代码", "月份", "统计时刻", "时段", "乡镇", "村（社区）", "类别")
    for line in lines_of(april, query):
        assert {value for name, value in line.items() if not name.endswith(told_apart)} == {""}
        assert "未开始" in line["本期时段"]
    book = CalamineWorkbook.from_filelike(
        io.BytesIO(april.get(f"/summaries/closure?{query}&format=xlsx", "brigade").data)
    )
    titles, *rows = book.get_sheet_by_index(0).to_python()
    assert {row[titles.index("本期案件数")] for row in rows} == {""}


def lines_of(county, query: str) -> list[dict[str, str]]:
    answer = county.get(f"/summaries/closure?{query}&format=csv", "brigade")
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_a_workbook_keeps_numbers_to_calculate_with(april):
    answer = april.get(f"/summaries/closure?by=town&{THEN}&format=xlsx", "brigade")

    titles, first, *_, total = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    rate = titles.index("闭环率（办结率）")
    assert (first[0], total[1], total[rate], total[titles.index("案件数")]) == (TOWN, "合计", 0.7, 10)


def test_the_cases_behind_a_figure_come_as_a_file_too(april):
    answer = april.get(f"/summaries/closure/cases?{THEN}&figure=result:fixed&format=csv", "brigade")

    lines = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert [line["记录"] for line in lines] == ["R01", "R02", "R06", "R07"]


def test_that_file_says_words_and_beijing_time_unless_codes_are_asked_for(april):
    def first(more=""):
        answer = april.get(f"/summaries/closure/cases?{THEN}&figure=closed&format=csv{more}", "brigade")
        return next(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))

    (item, *_) = april.get(f"/summaries/closure/cases?{THEN}&figure=closed", "brigade").json["items"]
    told, coded = first(), first("&labels=false")

    assert (coded["状态"], coded["收到"]) == (item["status"], item["received_at"])
    assert told["状态"] == STATUS_LABELS[item["status"]]
    local = instants.parse(item["received_at"]).astimezone(instants.BEIJING)
    assert told["收到"] == f"{local:%Y-%m-%d %H:%M}"


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
        ("as_of=9999-12-31", "as_of"),
        ("as_of=9999-12-31T23:59:59Z", "as_of"),
        ("as_of=0001-01-02", "as_of"),
        ("compare=month", "compare"),
        ("period=year&as_of=2000-12-31", "compare"),
        ("from=2000-01-01&to=2999-12-31&compare=previous", "compare"),
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
        ("cursor=MjAyNi0wNC0wMVQwMDowMDowMFogeCDCsg", "cursor"),  # its number is ², a digit that is no number
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


def test_what_is_overdue_and_each_day_add_up_to_the_summary(april):
    figures = told(april, f"by=town&{THEN}")["total"]["counts"]

    overdue = april.get(f"/summaries/closure/overdue?{THEN}", "brigade").json
    days = april.get(f"/summaries/closure/days?{THEN}", "brigade").json

    assert overdue["total"] == figures["handling_overdue"] == sum(line["cases"] for line in overdue["items"])
    for line in overdue["items"]:
        assert len(april.get(line["address"].removeprefix("/api/v1"), "brigade").json["items"]) == line["cases"]
    assert (days["from"], days["to"], len(days["items"])) == ("2026-04-01", "2026-04-30", 30)
    assert sum(day["received"] for day in days["items"]) == figures["reports"]
    assert sum(day["closed"] for day in days["items"]) == figures["closed_in_period"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("overdue?from=2026-05-01&to=2026-04-01", 422),
        ("days?as_of=9999-01-01", 422),
        ("days?as_of=0001-01-01", 422),
        ("days?from=2000-01-01&to=2026-01-01", 422),
        ("overdue?area=999999999999", 404),
        ("cases?figure=handling_overdue&handler=user:worker", 422),
    ],
)
def test_a_part_that_cannot_be_told_is_refused_with_a_sentence(april, path, status):
    answer = april.get(f"/summaries/closure/{path}", "brigade")

    assert answer.status_code == status
    assert answer.json["detail"]
