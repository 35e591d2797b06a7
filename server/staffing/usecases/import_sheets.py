"""Writes the sheets of imports: an empty one to fill in, and one with its faults marked to be mended."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import xlsxwriter

from server.grid.domain.file_rows import Fault, SheetRow

WIDTH = 12
CHOICES_CHARS_MAX = 255
"""What a list in a cell's validation holds, in characters with the commas between."""

_NOTES_SHEET = "说明"
_NEVER_RUN = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}


class Layout(NamedTuple):
    """A sheet. name: what it is called; titles: its columns, each with its heading; widths: in characters."""

    name: str
    titles: Mapping[str, str]
    widths: Mapping[str, int]


def template(layout: Layout, choices: Mapping[str, Sequence[str]], notes: Sequence[str], rows_max: int) -> bytes:
    """Return an empty sheet as .xlsx. choices: of a column, what may be chosen from a list; notes: how to fill it in.

    rows_max: how far down the lists reach.
    """
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, _NEVER_RUN) as book:
        sheet, text = _sheet(book, layout)
        columns = list(layout.titles)
        for column, offered in choices.items():
            if offered and len(",".join(offered)) <= CHOICES_CHARS_MAX:
                at = columns.index(column)
                sheet.data_validation(1, at, rows_max, at, {"validate": "list", "source": list(offered)})
        said = book.add_worksheet(_NOTES_SHEET)
        said.set_column(0, 0, 100, text)
        said.write_column(0, 0, notes)
    return out.getvalue()


def marked(layout: Layout, rows: Iterable[SheetRow], faults: Iterable[Fault]) -> bytes:
    """Return rows as .xlsx with every cell that is wrong in red with a comment, why and how to mend it beside each."""
    of_line: dict[int, list[Fault]] = {}
    for each in faults:
        of_line.setdefault(each.line, []).append(each)
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, _NEVER_RUN) as book:
        sheet, text = _sheet(book, layout, ("问题", "怎么改"))
        red = book.add_format({"num_format": "@", "bg_color": "#FCECEA", "font_color": "#B3261E", "bold": True})
        for number, row in enumerate(rows, 1):
            found = of_line.get(row.line, [])
            _write_row(sheet, number, row, layout.titles, found, text, red)
    return out.getvalue()


def _write_row(
    sheet: Any, number: int, row: SheetRow, titles: Mapping[str, str], found: Sequence[Fault], text: Any, red: Any
) -> None:
    wrong: dict[str, list[str]] = {}
    for each in found:
        wrong.setdefault(each.column, []).append(f"{each.reason}；{each.cure}")
    for at, column in enumerate(titles):
        sheet.write_string(number, at, row.text(column), red if column in wrong else text)
        if column in wrong:
            sheet.write_comment(number, at, "\n".join(wrong[column]))
    reasons = "；".join(f"{titles[each.column]}：{each.reason}" for each in found)
    sheet.write_string(number, len(titles), reasons)
    sheet.write_string(number, len(titles) + 1, "；".join(each.cure for each in found))


def _sheet(book: Any, layout: Layout, more: Sequence[str] = ()) -> tuple[Any, Any]:
    sheet = book.add_worksheet(layout.name)
    text, bold = book.add_format({"num_format": "@"}), book.add_format({"bold": True, "bg_color": "#E8F0FA"})
    for at, column in enumerate(layout.titles):
        sheet.set_column(at, at, layout.widths.get(column, WIDTH), text)
    sheet.set_column(len(layout.titles), len(layout.titles) + 1, 44)
    sheet.write_row(0, 0, [*layout.titles.values(), *more], bold)
    sheet.freeze_panes(1, 1)
    return sheet, text
