"""Tables leave as files that no spreadsheet runs, rounds or cuts without saying so."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from server import table_files
from server.table_files import Workbook, verbatim, verbatim_number
from tests.source_tree import program

LOOKS_LIKE = st.from_regex(r"'{0,2}[-+=]?[0-9./, :eE%'-]{0,20}", fullmatch=True)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("130630199001011234", "'130630199001011234"),
        ("007", "'007"),
        ("1.50", "'1.50"),
        ("1e5", "'1e5"),
        ("+8613800000001", "'+8613800000001"),
        ("3-4", "'3-4"),
        ("3/4", "'3/4"),
        ("1 1/2", "'1 1/2"),
        ("=1+1", "'=1+1"),
        ("'007", "''007"),
        ("13800000001", "13800000001"),
        ("-3.5", "-3.5"),
        ("0", "0"),
        ("2026-12-01", "2026-12-01"),
        ("2026-12-01 07:30:00", "2026-12-01 07:30:00"),
        ("甲", "甲"),
        ("'tis", "'tis"),
        ("", ""),
    ],
)
def test_what_a_spreadsheet_would_run_or_change_gets_an_apostrophe(value, shown):
    assert verbatim(value) == shown


@given(st.lists(st.tuples(LOOKS_LIKE, st.text(max_size=5), LOOKS_LIKE), max_size=5))
def test_a_page_of_a_csv_has_each_cell_as_it_would_be_alone(rows):
    lines = table_files.verbatim_columns(list(zip(*rows, strict=True))).decode()
    found = list(csv.reader(io.StringIO(lines, newline=""))) if rows else lines
    assert found == ([list(map(verbatim, row)) for row in rows] if rows else "")


@pytest.mark.parametrize("value", ["1.0", "1.50", "-3.14159", "0.000001", "12345678901.5", "7", "-3.5"])
def test_a_number_in_a_column_of_numbers_is_one_that_a_spreadsheet_adds_up(value):
    assert verbatim_number(value) == value


@pytest.mark.parametrize(
    "value", ["130630199001011234", "007", "01.50", "123456789012.5", "1.2345678901234567", "1e5", "+1.5", "=1.5", "1."]
)
def test_what_a_spreadsheet_would_round_or_shorten_stays_a_text_among_numbers(value):
    assert verbatim_number(value) == f"'{value}"


@given(st.one_of(st.text(), LOOKS_LIKE), st.one_of(st.text(), LOOKS_LIKE))
def test_no_two_texts_become_the_same_cell(one, other):
    assert (verbatim(one) == verbatim(other)) is (one == other)


@given(st.one_of(st.text(), LOOKS_LIKE))
def test_taking_the_apostrophe_away_gives_the_text_back(value):
    shown = verbatim(value)

    assert value == (shown[1:] if shown.startswith("'") and verbatim(shown) == f"'{shown}" else shown)


def read(path, number=0):
    return CalamineWorkbook.from_path(path).get_sheet_by_index(number).to_python()


@pytest.mark.parametrize("value", ["<r>a & b</r>", "=1+1", "https://example.org", "_x0041_", " 甲\n乙\t", "007", "'"])
def test_a_text_is_in_a_workbook_as_it_is(tmp_path, value):
    book = Workbook(tmp_path / "book.xlsx")
    write = book.add_table("表", ["一"], [False])
    write([value])
    book.close()

    assert read(tmp_path / "book.xlsx") == [["一"], [value]]


@pytest.mark.parametrize(
    ("value", "cell"),
    [("12", 12), ("-3.5", -3.5), ("007", "007"), ("1234567890123456", "1234567890123456"), ("1e5", "1e5"), ("x", "x")],
)
def test_a_number_is_a_number_in_a_workbook_where_that_holds_it_exactly(tmp_path, value, cell):
    book = Workbook(tmp_path / "book.xlsx")
    book.add_table("表", ["一"], [True])([value])
    book.close()

    assert read(tmp_path / "book.xlsx")[1] == [cell]


@pytest.mark.parametrize("value", ["字" * 40_000, "😀" * 20_000, f"<r>{'&' * 20_000}</r>"])
def test_a_cell_that_cannot_hold_a_text_says_so(tmp_path, value):
    book = Workbook(tmp_path / "book.xlsx")
    book.add_table("表", ["一"], [False])([value])
    book.close()

    ((_,), (cell,)) = read(tmp_path / "book.xlsx")
    assert cell.endswith(table_files.CUT)
    assert value.startswith(cell.removesuffix(table_files.CUT))
    assert len(cell) > 16_000


def test_sheets_have_titles_that_a_spreadsheet_takes(tmp_path):
    book = Workbook(tmp_path / "book.xlsx")
    for title in ("a/b: [c]?", "A B   C", "history", "字" * 40, "字" * 40, "'"):
        book.add_table(title, ["一"], [False])
    book.close()

    titles = CalamineWorkbook.from_path(tmp_path / "book.xlsx").sheet_names
    assert titles == ["a b   c", "A B   C (2)", "history (2)", "字" * 31, "字" * 27 + " (2)", "Sheet"]


def test_more_columns_than_a_sheet_has_are_refused(tmp_path):
    book = Workbook(tmp_path / "book.xlsx")
    with pytest.raises(ValueError, match="more than a sheet holds"):
        book.add_table("表", ["一"] * 16_385, [False] * 16_385)
    book.close()


WRITE_CSV_THEMSELVES = {
    "server/table_files.py": "it is the one that all others use",
    "server/phones/usecases/entity_lists.py": "phones read its lists, where an apostrophe would be an answer",
    "server/data/derive_grid.py": "it makes the grid that comes with the product, which is read by the product alone",
}
_WRITES_CSV = re.compile(r"csv\.(?:writer|DictWriter)\b|from csv import[^\n]*[wW]riter")


def test_every_csv_is_written_where_formulas_are_made_harmless():
    found = {
        source.name for source in program() if source.name.startswith("server/") and _WRITES_CSV.search(source.text)
    }

    assert found == WRITE_CSV_THEMSELVES.keys()


@given(
    st.lists(st.sampled_from(["=", "+", "-", "@", "\t", "\u200b", "＝", "'", "1", ".", "甲", "a", '"', ","])).map(
        "".join
    )
)
def test_no_cell_of_a_csv_file_runs_and_what_was_escaped_comes_back(value):
    [[cell]] = csv.reader(io.StringIO(table_files.csv_lines([[value]]).decode(), newline="")) or [[""]]

    assert table_files.escaped(cell) == cell
    assert table_files.escaped(table_files.escaped(value)) == table_files.escaped(value)
    if table_files.escaped(value) != value:
        assert (cell, table_files.unescaped(cell)) == (f"'{value}", value)
