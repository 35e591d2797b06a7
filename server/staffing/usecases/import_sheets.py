"""Reads the sheets of imports, and writes them: an empty one to fill in, and one with its faults marked."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import xlsxwriter

from server.errors import TooLarge, Unreadable
from server.grid.domain.file_rows import Fault, SheetRow
from server.grid.usecases import files
from server.grid.usecases.files import Line

WIDTH = 12
CHOICES_CHARS_MAX = 255
"""What a list in a cell's validation holds, in characters with the commas between."""

HEADER_WITHIN = 10
"""Rows of a sheet among which the headings are looked for."""

_NOTES_SHEET = "说明"
_NEVER_RUN = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}


class Layout(NamedTuple):
    """A sheet. name: what it is called; titles: its columns, each with its heading; widths: in characters."""

    name: str
    titles: Mapping[str, str]
    widths: Mapping[str, int]


class ImportSheet(NamedTuple):
    """A sheet as read. sheet: its name, of a CSV none; notes: sentences for its author on how it was read."""

    rows: tuple[SheetRow, ...]
    sheet: str
    notes: tuple[str, ...]


NO_ROWS = "文件里只有表头，没有内容；请在表头下面填写，保存后再选这个文件。"


def read(
    content: bytes, columns: Mapping[str, Sequence[str]], needed: Collection[str], bytes_max: int, rows_max: int,
    no_rows: str = NO_ROWS,
) -> ImportSheet:  # fmt: skip
    """Return the first sheet of a file that has the columns ``needed``.

    columns: each with the headings that stand for it, the first as people are told of it. rows_max: rows below the
    headings. no_rows: what is said where there are none. Raises TooLarge, and Unreadable for what is no .xlsx or CSV
    file, has no such headings, or nothing below them.
    """
    if len(content) > bytes_max:
        raise TooLarge(f"文件太大，最多 {bytes_max // 1_000_000} MB。", bytes_max=bytes_max)
    column_of = {"".join(heading.split()).lower(): column for column, said in columns.items() for heading in said}
    sheets, notes = files.tables(content, rows_max + HEADER_WITHIN)
    for name, lines in sheets:
        numbered = iter(lines)
        for place, (_, cells) in enumerate(numbered):
            found = [column_of.get("".join(cell.split()).lower()) for cell in cells]
            if set(needed) <= set(found):
                rows = tuple(_rows(numbered, found, rows_max))
                if not rows:
                    raise Unreadable(no_rows)
                return ImportSheet(rows, name, (*notes, *_ignored(columns, found, cells)))
            if place + 1 >= HEADER_WITHIN:
                break
    words = "”和“".join(columns[each][0] for each in needed)
    others = "、".join(said[0] for column, said in columns.items() if column not in needed)
    raise Unreadable(f"没有找到表头；前几行里要有一行写着“{words}”（还可有{others}）。请用模板。")


def _rows(lines: Iterator[Line], columns: Sequence[str | None], rows_max: int) -> Iterator[SheetRow]:
    count = 0
    for line, cells in lines:
        filled = {column: cell for column, cell in zip(columns, cells, strict=False) if column and cell.strip()}
        if filled:
            count += 1
            if count > rows_max:
                raise TooLarge(f"超过 {rows_max} 行；请分成几个文件导入。", rows_max=rows_max)
            yield SheetRow(line, filled)


def _ignored(titles: Mapping[str, Sequence[str]], columns: Sequence[str | None], cells: Sequence[str]) -> Iterator[str]:
    unknown = [cell.strip() for cell, column in zip(cells, columns, strict=True) if column is None and cell.strip()]
    if unknown:
        yield f"没有读取这些列：{'、'.join(unknown)[:200]}。"
    repeated = [said[0] for column, said in titles.items() if columns.count(column) > 1]
    if repeated:
        raise Unreadable(f"有几列是同一个意思：{'、'.join(repeated)}；请只留一列。")


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
