"""The rows of the closure summary when villages merge, and figures as they are printed."""

from __future__ import annotations

import io
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from server.grid.domain.areas import Area, Level
from server.summaries.domain import sentences, summary_rows
from server.summaries.domain.periods import Period
from server.summaries.domain.summary_rows import Rate
from server.summaries.usecases import spreadsheets
from tests.summaries.case_histories import a_case, known, on, step

YEAR = Period(date(2026, 1, 1), date(2026, 12, 31))
MERGER, END = on("06-01", "00:00"), on("07-01")
COUNTY = Area("130630000000", "涞源县", Level.COUNTY, None)
WEST, EAST = (Area(f"13063010{n}000", name, Level.TOWN, COUNTY.code) for n, name in ((0, "西镇"), (1, "东镇")))
HEIR = Area("130630101201", "接收村", Level.VILLAGE, EAST.code)
MERGED = Area("130630100201", "并出村", Level.VILLAGE, WEST.code, valid_to=MERGER, successor=HEIR.code)
ITS_UNIT = Area("130630100201001", "第1单元", Level.UNIT, MERGED.code, valid_to=MERGER)
DROPPED = Area("130630100202", "撤销村", Level.VILLAGE, WEST.code, valid_to=MERGER)
EMPTY = Area("130630100203", "无事村", Level.VILLAGE, WEST.code)
GRID = [COUNTY, WEST, EAST, MERGED, DROPPED, EMPTY, HEIR, ITS_UNIT]


def rows(level: Level, as_of: str, *paths: str) -> list[tuple[str, int]]:
    cases = known([a_case(path, step("spot_close", "04-01"), path=path) for path in paths], as_of)
    summary = summary_rows.by_area(cases, GRID, level, YEAR, as_of)
    return [(row.name, row.figures.counts["cases"]) for row in summary.rows]


def test_a_case_of_a_village_that_was_taken_in_counts_where_the_village_is_today():
    assert rows(Level.VILLAGE, END, ITS_UNIT.path, MERGED.path, HEIR.path) == [("无事村", 0), ("接收村", 3)]
    assert rows(Level.TOWN, END, ITS_UNIT.path) == [("西镇", 0), ("东镇", 1)]


def test_as_of_a_day_before_the_merger_it_counts_where_it_was():
    before = on("05-01")

    assert rows(Level.VILLAGE, before, ITS_UNIT.path) == [("并出村", 1), ("撤销村", 0), ("无事村", 0), ("接收村", 0)]
    assert rows(Level.TOWN, before, ITS_UNIT.path) == [("西镇", 1), ("东镇", 0)]


def test_a_village_that_nobody_took_over_keeps_a_row_as_long_as_it_has_cases():
    assert rows(Level.VILLAGE, END, DROPPED.path) == [("无事村", 0), ("接收村", 0), ("撤销村", 1)]
    assert rows(Level.VILLAGE, END) == [("无事村", 0), ("接收村", 0)]


def test_what_no_row_of_the_level_holds_has_a_row_of_its_own():
    assert rows(Level.VILLAGE, END, WEST.path, HEIR.path) == [("无事村", 0), ("接收村", 1), ("未落到本级网格", 1)]


def test_an_unknown_category_is_counted_with_the_rest():
    cases = known([a_case("1", step("spot_close", "04-01"), category="new")], END)

    summary = summary_rows.by_category(cases, {"lane": "消防车通道"}, YEAR, END)

    assert [(row.key, row.name, row.figures.counts["cases"]) for row in summary.rows] == [
        ("lane", "消防车通道", 0), ("", "其他类别", 1),
    ]  # fmt: skip


def test_a_case_counts_in_the_month_in_which_it_did_what_the_figure_asks():
    cases = known([a_case("1", step("report", "03-31"), step("register", "04-01"))], END)

    march, april = summary_rows.by_month(cases, Period(date(2026, 3, 1), date(2026, 4, 30)), END).rows

    assert (march.key, march.figures.counts["reports"], march.figures.counts["cases"]) == ("2026-03", 1, 0)
    assert (april.key, april.figures.counts["reports"], april.figures.counts["cases"]) == ("2026-04", 0, 1)


@pytest.mark.parametrize(
    ("rate", "printed"),
    [
        (Rate(0, 0), "—"),
        (Rate(0, 7), "0.00%"),
        (Rate(7, 7), "100.00%"),
        (Rate(2, 3), "66.67%"),
        (Rate(1, 3), "33.33%"),
        (Rate(1, 800), "0.13%"),
        (Rate(911, 972), "93.72%"),
        (Rate(737, 972), "75.82%"),
        (Rate(9_999_999, 10_000_000), "100.00%"),
    ],
)
def test_a_share_is_printed_to_two_places_half_up(rate, printed):
    assert sentences.percent(rate) == printed


@pytest.mark.parametrize(
    ("rate", "printed"),
    [(Rate(0, 0), "—"), (Rate(0, 1), "0/1"), (Rate(9, 9), "9/9"), (Rate(12, 9), "12/9"), (Rate(3, 10), "30.00%")],
)
def test_a_share_of_fewer_than_ten_is_told_without_a_percentage(rate, printed):
    assert sentences.share(rate) == spreadsheets.as_text(rate) == printed


def test_a_spreadsheet_makes_no_date_of_a_share_in_a_csv():
    assert spreadsheets.csv_lines([(Rate(1, 3), Rate(5, 20), Rate(0, 0))]) == "'1/3,25.00%,—\r\n".encode()


def test_a_workbook_calculates_with_shares_of_ten_and_more_alone():
    book = CalamineWorkbook.from_filelike(
        io.BytesIO(spreadsheets.as_xlsx([("率", "率", "率"), (Rate(1, 3), Rate(5, 20), Rate(0, 0))], "汇总"))
    )

    assert book.get_sheet_by_index(0).to_python()[1] == ["1/3", 0.25, "—"]


@pytest.mark.parametrize(
    ("length", "printed"), [(None, "—"), (Fraction(8), "8.0"), (Fraction(1, 20), "0.1"), (Fraction(1249, 1000), "1.2")]
)
def test_a_length_is_printed_in_days_to_one_place_half_up(length, printed):
    assert sentences.days(length) == printed


@given(st.integers(min_value=0, max_value=5000), st.integers(min_value=1, max_value=5000))
def test_a_printed_share_is_off_by_half_its_last_place_at_most(n, d):
    printed = Fraction(sentences.percent(Rate(n, d)).removesuffix("%")) / 100

    assert -Fraction(1, 20_000) < printed - Fraction(n, d) <= Fraction(1, 20_000)


def test_with_nothing_to_count_every_share_and_length_is_a_dash():
    figures = summary_rows.figures([], YEAR, END)

    assert {sentences.percent(rate) for rate in figures.rates.values()} == {"—"}
    assert {sentences.days(length) for length in figures.days.values()} == {"—"}
    assert set(figures.counts.values()) == {0}
