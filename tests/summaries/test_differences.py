"""By how much a figure is more than the one beside it, as people read it and as spreadsheets calculate with it."""

from __future__ import annotations

import io
from fractions import Fraction

import pytest
from python_calamine import CalamineWorkbook

from server.summaries.domain import differences
from server.summaries.domain.summary_rows import Rate
from server.summaries.usecases import compared_tables, spreadsheets
from server.summaries.usecases.groupings import Grouping
from server.summaries.usecases.spreadsheets import Days
from server.summaries.usecases.summary_tables import Column, SummaryTable


@pytest.mark.parametrize(("now", "before", "printed"), [(5, 2, "+3"), (2, 4, "−2"), (7, 7, "0"), (0, 10, "−10")])
def test_counts_differ_by_cases(now, before, printed):
    assert differences.text(differences.of_counts(now, before)) == printed


@pytest.mark.parametrize(
    ("now", "before", "printed"),
    [
        (Rate(8125, 10_000), Rate(8, 10), "+1.25 百分点"),
        (Rate(1, 10), Rate(2, 10), "−10.00 百分点"),
        (Rate(10, 30), Rate(20, 30), "−33.33 百分点"),
        (Rate(5, 10), Rate(10, 20), "0.00 百分点"),
        (Rate(1, 100_000), Rate(0, 10), "0.00 百分点"),
        (Rate(1, 10), Rate(19_999, 200_000), "0.00 百分点"),
        (Rate(1_001, 10_000), Rate(20_010, 200_000), "+0.01 百分点"),
        (Rate(20_010, 200_000), Rate(1_001, 10_000), "−0.01 百分点"),
        (Rate(9, 9), Rate(10, 20), "—"),
        (Rate(10, 20), Rate(9, 9), "—"),
        (Rate(0, 0), Rate(10, 20), "—"),
        (Rate(10, 20), Rate(0, 0), "—"),
    ],
)
def test_shares_differ_by_percentage_points_where_both_are_of_ten_and_more(now, before, printed):
    assert differences.text(differences.of_rates(now, before)) == printed


def test_lengths_differ_by_days():
    assert differences.text(differences.of_lengths(Fraction(3, 2), Fraction(2))) == "−0.5"
    assert differences.text(differences.of_lengths(None, Fraction(2))) == "—"


COLUMNS = (Column("cases", "案件数"), Column("closure_rate", "闭环率", True), Column("handle_mean", "平均处置天数"))


def a_table(*values) -> SummaryTable:
    return SummaryTable(COLUMNS, (None,), ("合计",), (values,))


def test_a_file_has_the_difference_as_the_third_column_of_each_figure():
    now, before = a_table(12, Rate(6, 12), Days(Fraction(2))), a_table(16, Rate(4, 16), Days(Fraction(5)))

    table = compared_tables.side_by_side(Grouping.TOWN, ("本月", now), ("上月", before))
    titles = tuple(column.label for column in table.columns)
    book = CalamineWorkbook.from_filelike(io.BytesIO(spreadsheets.as_xlsx([titles, *table.values], "汇总")))

    assert titles == (
        "本月案件数", "上月案件数", "案件数增减",
        "本月闭环率", "上月闭环率", "闭环率增减（百分点）",
        "本月平均处置天数", "上月平均处置天数", "平均处置天数增减",
    )  # fmt: skip
    assert spreadsheets.csv_lines(table.values) == b"12,16,-4,50.00%,25.00%,+25.00,2.0,5.0,-3.0\r\n"
    assert book.get_sheet_by_index(0).to_python()[1] == [12, 16, -4, 0.5, 0.25, 25, 2, 5, -3]


def test_what_has_not_begun_has_no_difference():
    now, before = a_table(None, None, None), a_table(16, Rate(4, 16), Days(Fraction(5)))

    (values,) = compared_tables.side_by_side(Grouping.MONTH, ("本月", now), ("上月", before)).values

    assert values[2:9:3] == (None, None, None)
