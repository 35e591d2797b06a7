"""The sheet of a month is one definition everywhere, and can be computed again from its own columns."""

from __future__ import annotations

import csv
import io
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from server import instants
from server.app import close
from server.monthly_reports.domain import definition, sheets
from server.monthly_reports.domain.definition import rate_of, terms_of, written
from server.monthly_reports.domain.sheets import Line
from server.summaries.domain import figure_definitions, summary_rows
from tests.monthly_reports.april import MONTH, PATH, an_april
from tests.summaries.case_histories import histories, known, on
from tests.summaries.test_closure_golden import APRIL

TODAY = on("05-09")
DEFINITION = definition.definition_at(TODAY)
COUNTS = [column.code for column in DEFINITION.counts]


@pytest.fixture(scope="module")
def april(tmp_path_factory):
    made = an_april(tmp_path_factory.mktemp("april") / "data")
    yield made
    close(made.app)


def recomputed(text: str, numerator: int, denominator: int) -> bool:
    """Say whether a printed rate is what a reader with a pencil gets of two numbers."""
    if denominator == 0:
        return text == "—"
    if denominator < 10:
        return text == f"{numerator}/{denominator}"
    return text.endswith("%") and abs(Fraction(text[:-1]) - Fraction(100 * numerator, denominator)) <= Fraction(5, 1000)


def test_every_column_is_a_figure_of_that_name_and_every_rate_is_that_figure_of_the_columns_beside_it():
    figures = {figure.code: figure for figure in figure_definitions.list_figures(TODAY)}

    for column in DEFINITION.columns:
        assert figures[column.code].kind.value == ("rate" if column.is_rate else "count")
        assert {code for _, code in column.numerator + column.denominator} <= set(COUNTS)


@given(st.lists(histories(), max_size=12))
def test_the_sheet_of_any_cases_can_be_computed_again_from_its_own_columns(lives):
    figures = summary_rows.figures(known(lives, TODAY), APRIL, TODAY)
    line = sheets.line_of(DEFINITION, "", "", figures)
    n = line.counts

    assert n["cases"] == n["spot_closed"] + n["limited"]
    assert n["cases"] == n["closed"] + n["open"] + n["suspended"] + n["transferred"]
    assert n["closed_on_time"] <= n["closed"] <= n["due"] <= n["closed"] + n["open"]
    for column in DEFINITION.rates:
        assert line.rate(column) == figures.rates[column.code], column.code


def test_the_golden_april_is_on_the_sheet_and_every_printed_rate_can_be_computed_again(april):
    said = april.get(PATH, "brigade").json
    total = said["total"]

    assert {code: total["counts"][code] for code in ("reports", "cases", "closed", "due", "void", "extended")} == {
        "reports": 14, "cases": 10, "closed": 7, "due": 9, "void": 1, "extended": 1,
    }  # fmt: skip
    for row in [*said["rows"], total]:
        for column in said["columns"]:
            if column["kind"] == "rate":
                n, d = (
                    sum(sign * row["counts"][code] for sign, code in terms_of(column[end]))
                    for end in ("numerator", "denominator")
                )
                assert recomputed(row["rates"][column["code"]]["text"], n, d), (row["name"], column["code"])
    for code in COUNTS:
        assert sum(row["counts"][code] for row in said["rows"]) == total["counts"][code], code


def test_page_of_the_api_csv_and_workbook_say_the_same(april):
    said = april.get(PATH, "brigade").json
    lines = list(csv.DictReader(io.StringIO(april.get(f"{PATH}?format=csv", "brigade").data.decode("utf-8-sig"))))
    book = CalamineWorkbook.from_filelike(io.BytesIO(april.get(f"{PATH}?format=xlsx", "brigade").data))
    cells = book.get_sheet_by_index(0).to_python()

    rows = [*said["rows"], said["total"]]
    assert [line["area"] or None for line in lines] == [row["key"] for row in rows]
    for line, row, shown in zip(lines, rows, cells[6:], strict=False):
        assert shown[1] == row["name"] == line["name"]
        for at, column in enumerate(said["columns"], start=2):
            if column["kind"] == "count":
                assert int(line[column["code"]]) == row["counts"][column["code"]] == shown[at]
            else:
                rate = row["rates"][column["code"]]
                assert line[column["code"]] == f"{rate['n']}/{rate['d']}"
                few = rate["d"] < 10
                assert shown[at] == (rate["text"] if few else pytest.approx(rate["value"]))
    assert cells[0][0] == said["title"] and "说明" in cells[6 + len(rows)][0]
    assert cells[6 + len(rows) + 1][0] == said["sentence"]
    assert cells[6 + len(rows) + 2][0].startswith("补报") and cells[6 + len(rows) + 2][0].endswith("0 件。")


def test_a_rate_of_fewer_than_ten_cases_is_no_percentage():
    column = next(each for each in DEFINITION.rates if each.code == "closure_rate")
    printed = [
        sheets.cells(DEFINITION, Line("", "", {**dict.fromkeys(COUNTS, 0), "closed": n, "cases": d}))[
            DEFINITION.columns.index(column)
        ]
        for n, d in ((0, 0), (9, 9), (9, 10), (2, 3))
    ]

    assert printed == ["—", "9/9", "90.00%", "2/3"]


def test_terms_are_read_as_they_are_written():
    assert written(terms_of("cases -suspended -transferred")) == "cases -suspended -transferred"
    column = next(each for each in DEFINITION.rates if each.code == "closure_rate_ex_susp")
    assert rate_of(column, {"closed": 5, "cases": 9, "suspended": 1, "transferred": 2}) == (5, 6)


@pytest.mark.parametrize("month", ["2026-13", "2026-4", "april", "1999-01", "2026-04-01", "２０２６-04"])
def test_what_is_no_month_is_said_with_how_to_write_one(april, month):
    answer = april.get(f"/monthly-reports/{month}", "brigade")

    assert answer.status_code == 422
    assert "月份" in answer.json["detail"] and answer.json["errors"][0]["field"] == "month"


def test_a_month_that_has_not_begun_has_no_sheet(april):
    answer = april.get("/monthly-reports/2099-01", "brigade")

    assert answer.status_code == 422 and "还没有开始" in answer.json["detail"]


@pytest.mark.parametrize("who", ["officer", "town", "worker"])
def test_the_county_s_sheet_is_not_there_for_who_does_not_see_the_county(april, who):
    answer = april.get(PATH, who)

    assert answer.status_code == 404 and "汇总" in answer.json["detail"]


def test_who_counts_in_a_month_that_lasts_is_told_so(april):
    this = instants.local_day(april.get(PATH, "brigade").json["as_of"])[:7]
    said = april.get(f"/monthly-reports/{this}", "brigade").json

    assert said["over"] is False and said["frozen"] is None
    assert said["month"] == this != MONTH
