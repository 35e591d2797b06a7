"""Write tables of text as CSV and XLSX files that a spreadsheet shows as they are and never runs as formulas."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import xlsxwriter

BOM = b"\xef\xbb\xbf"
"""Before every CSV: without it a spreadsheet takes UTF-8 for the local code page, where villages lack their names."""

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ZIP_TYPE = "application/zip"

SHEET_ROWS_MAX, SHEET_COLUMNS_MAX = 1_048_576, 16_384
"""What a sheet of XLSX holds, its row of headings included."""

CELL_UNITS_MAX = 32_767
"""What a cell of XLSX holds, in units of UTF-16."""

CUT = "…（单元格放不下，全文见 CSV）"
"""Ends a cell of XLSX that cannot hold the whole text."""

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")
_INVISIBLE = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0001-\U000e007f"
)
"""Control and format characters of Unicode (U+FEFF, U+200B, U+202E …), which programs leave out on reading."""

_FORMULA = re.compile(rf"[{_INVISIBLE}]*[=+\-@\t\r\n＝＋－＠]")
_NUMBER_LIKE = re.compile(r"\s*[+-]?(\d[\d,]*(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*%?\s*")
_KEPT_NUMBER = re.compile(r"-?(0|[1-9]\d{0,10})(\.\d{0,3}[1-9])?")
"""At most 11 digits before the point and 4 after it: such a number a spreadsheet shows, and saves, as it was."""
_ADDED_UP = re.compile(r"-?(0|[1-9]\d{0,10})\.\d+")
"""A decimal that may be shown otherwise where it stands in a column of numbers; its value stays."""
_DATE_LIKE = re.compile(r"\s*(\d{1,4}[-/.]\d{1,2}([-/.]\d{1,4})?|\d+ +\d+/\d+)\s*")
_MAY_CHANGE = re.compile(rf"['{_INVISIBLE}]*([\s+=@＝＋－＠-]|[\d.][\d\s.,/eE%+-]*\Z)")
"""How all of these look: what begins like a formula, or is made of digits and signs alone; most cells are neither."""
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_EXACT_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")
_EXACT_DIGITS = 15
_SHEET_TITLE = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_SHEET_TITLE_CHARS_MAX = 31


def escaped(value: str) -> str:
    """Return ``value`` so that no spreadsheet runs it: with an apostrophe before what begins like a formula.

    Numbers stay as they are, so that ``-3.5`` can be added up; so do full-width signs get their apostrophe, since
    East Asian spreadsheets take them for the narrow ones. What is escaped already stays as it is.
    """
    return f"'{value}" if _runs(value) else value


def unescaped(value: str) -> str:
    """Return the cell of a file that came back without what ``escaped`` put before it."""
    return value[1:] if value[:1] == "'" and _runs(value[1:]) else value


def verbatim(value: str) -> str:
    """Return ``value`` so that a spreadsheet neither runs nor changes it: with an apostrophe before what it would.

    Besides formulas these are texts that look like numbers or dates and would be shown as others: ``007``, the 18
    digits of an identity number, ``1.50``, ``3-4``. What begins with apostrophes before such a text gets one more, so
    that taking one away gives the text back.
    """
    if not _MAY_CHANGE.match(value):
        return value
    bare = value.lstrip("'")
    return f"'{value}" if bare and (_runs(bare) or _is_changed(bare)) else value


def verbatim_number(value: str) -> str:
    """Return the cell of a column of numbers: a decimal that a spreadsheet holds exactly is one, ``1.50`` too.

    All else is as in ``verbatim``: more than 11 digits before the point, or 15 in all, leading zeros.
    """
    return value if _ADDED_UP.fullmatch(value) and number(value) is not None else verbatim(value)


def number(value: str) -> float | None:
    """Return the number that ``value`` writes down, None where a spreadsheet could not hold or show it exactly."""
    if not _EXACT_NUMBER.fullmatch(value) or sum(map(str.isdigit, value)) > _EXACT_DIGITS:
        return None
    return float(value)


def fitting(value: str) -> str:
    """Return what a cell of XLSX holds of ``value``, which says so where that is not all; for XlsxWriter."""
    if value.startswith("<r>") and value.endswith("</r>"):  # which XlsxWriter would write as it stands
        whole = f'<r><t xml:space="preserve">{escape(value)}</t></r>'
        if _units(whole) <= CELL_UNITS_MAX:
            return whole
        value = value[: CELL_UNITS_MAX // 2] + CUT
    if len(value) * 2 <= CELL_UNITS_MAX or _units(value) <= CELL_UNITS_MAX:
        return value
    return _cut(value, CELL_UNITS_MAX - _units(CUT)) + CUT


def code(value: str) -> str:
    """Return the code of an area as lists of areas write it: with a tab after it, or a spreadsheet makes it a number.

    Whoever reads such a list takes the tab away.
    """
    return f"{value}\t" if value else ""


def csv_lines(rows: Iterable[Iterable[str]]) -> bytes:
    """Return rows as lines of CSV that a spreadsheet opens, without a BOM; each cell is ``escaped``."""
    return _lines(map(_not_run, row) for row in rows)


def verbatim_columns(columns: Iterable[Sequence[str]]) -> bytes:
    """Return the lines of CSV, without a BOM, of columns that a spreadsheet neither runs nor changes.

    Each cell is ``verbatim``; what that lets through begins no formula, so that no cell is looked at twice. columns: of
    one page of rows. Raises ValueError for one that is longer or shorter than the first.
    """
    return _lines(zip(*map(_verbatim_column, columns), strict=True))


def _verbatim_column(cells: Sequence[str]) -> Sequence[str]:
    # A text that stands in many rows is looked at once, and by a call of the pattern alone: files have millions.
    may_change = filter(_MAY_CHANGE.match, set(cells))
    changed = {cell: shown for cell in may_change if (shown := verbatim(cell)) != cell}
    return [changed.get(cell, cell) for cell in cells] if changed else cells


def _lines(rows: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _not_run(cell: str) -> str:
    # What begins with a letter or digit, as most cells do, begins no formula.
    return cell if cell[:1].isalnum() else escaped(cell)


WriteRow = Callable[[Sequence[str]], None]


class Workbook:
    """A workbook that is written row after row at constant memory; it is a file once it is closed."""

    def __init__(self, path: Path) -> None:
        """path: of the file to write, whose folder also takes the unfinished sheets."""
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        self._book = xlsxwriter.Workbook(str(path), {**options, "tmpdir": str(path.parent), "use_zip64": True})
        self._heading = self._book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        self._titles: set[str] = set()

    def add_table(self, title: str, headings: Sequence[str], numeric: Sequence[bool]) -> WriteRow:
        """Begin a sheet with its row of headings; return what writes the next row of its table.

        numeric: which columns hold numbers; a cell of theirs that is none, or none that a spreadsheet holds exactly, is
        text like all others. A table that is longer than a sheet goes on in further ones, headings repeated. Raises
        ValueError for more columns than a sheet has.
        """
        if len(headings) > SHEET_COLUMNS_MAX:
            raise ValueError(f"{len(headings)} columns are more than a sheet holds")
        sheet, line = self._add_sheet(title, headings), 0

        def write(row: Sequence[str]) -> None:
            nonlocal sheet, line
            line += 1
            if line == SHEET_ROWS_MAX:
                sheet, line = self._add_sheet(title, headings), 1
            for column, value in enumerate(row):
                if value:
                    _write_cell(sheet, line, column, value, numeric[column])

        return write

    def close(self) -> None:
        """Finish the file. Raises OSError when the disk cannot take it."""
        try:
            self._book.close()
        except xlsxwriter.exceptions.FileCreateError as error:
            raise error.args[0] if isinstance(error.args[0], OSError) else OSError(str(error)) from error

    def _add_sheet(self, title: str, headings: Sequence[str]) -> Any:
        sheet = self._book.add_worksheet(self._unused_title(title))
        for column, heading in enumerate(headings):
            sheet.write_string(0, column, fitting(heading), self._heading)
        sheet.freeze_panes(1, 0)
        return sheet

    def _unused_title(self, title: str) -> str:
        clean = _SHEET_TITLE.sub(" ", title).strip("' ") or "Sheet"
        number, found = 1, _cut(clean, _SHEET_TITLE_CHARS_MAX)
        while found.lower() in self._titles or found.lower() == "history":  # which spreadsheets keep to themselves
            number += 1
            ending = f" ({number})"
            found = _cut(clean, _SHEET_TITLE_CHARS_MAX - len(ending)) + ending
        self._titles.add(found.lower())
        return found


def _runs(value: str) -> bool:
    return _FORMULA.match(value) is not None and not _NUMBER.fullmatch(value)


def _is_changed(value: str) -> bool:
    if _NUMBER_LIKE.fullmatch(value):
        return not _KEPT_NUMBER.fullmatch(value) or value == "-0"
    return _DATE_LIKE.fullmatch(value) is not None and not _DATE.fullmatch(value)


def _write_cell(sheet: Any, line: int, column: int, value: str, numeric: bool) -> None:
    found = number(value) if numeric else None
    if found is None:
        sheet.write_string(line, column, fitting(value))
    else:
        sheet.write_number(line, column, found)


def _cut(value: str, most: int) -> str:
    """Return the beginning of ``value`` that has at most so many units of UTF-16."""
    return value.encode("utf-16-le")[: most * 2].decode("utf-16-le", errors="ignore")


def _units(value: str) -> int:
    return len(value.encode("utf-16-le")) // 2
