"""Reads rosters of people from offices' files, and writes the template, and a roster with its faults marked."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import xlsxwriter

from server.errors import TooLarge, Unreadable
from server.grid.domain.file_rows import Fault, SheetRow
from server.grid.usecases import files
from server.grid.usecases.files import Line
from server.people.domain.roles import Description
from server.staffing.domain.roster_rows import COLUMNS, TITLES

FILE_BYTES_MAX = 10_000_000
ROWS_MAX = 5_000
"""A county has some two thousand people in its grid; more in one go would block the writer."""

HEADER_WITHIN = 10
SHEET = "人员"
_WIDTHS = {"display": 12, "role": 16, "code": 18, "name": 18, "body": 16}
_COLUMN_OF = {"".join(heading.split()).lower(): column for column, said in COLUMNS.items() for heading in said}


class Roster(NamedTuple):
    """A roster as read. sheet: its name, of a CSV none; notes: sentences for its author on how it was read."""

    rows: tuple[SheetRow, ...]
    sheet: str
    notes: tuple[str, ...]


def read(content: bytes) -> Roster:
    """Return the roster in a file.

    Raises TooLarge, and Unreadable for what is no .xlsx or CSV file or has no such headings.
    """
    if len(content) > FILE_BYTES_MAX:
        raise TooLarge(f"文件太大，最多 {FILE_BYTES_MAX // 1_000_000} MB。", bytes_max=FILE_BYTES_MAX)
    sheets, notes = files.tables(content, ROWS_MAX + HEADER_WITHIN)
    for name, lines in sheets:
        numbered = iter(lines)
        for place, (_, cells) in enumerate(numbered):
            columns = [_COLUMN_OF.get("".join(cell.split()).lower()) for cell in cells]
            if {"display", "role"} <= set(columns):
                rows = tuple(_rows(numbered, columns))
                return Roster(rows, name, (*notes, *_ignored(columns, cells)))
            if place + 1 >= HEADER_WITHIN:
                break
    raise Unreadable("没有找到表头；前几行里要有一行写着“姓名”和“岗位”（还可有乡镇、村、单元、网格代码等）。请用模板。")


def template(roles: Iterable[Description], towns: Sequence[str]) -> bytes:
    """Return an empty roster as .xlsx. roles, towns: whose names may be chosen from a list in their columns."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet, text = _sheet(book)
        columns = list(COLUMNS)
        choices = {"role": [role.label for role in roles], "town": list(towns)}
        for column, offered in choices.items():
            at = columns.index(column)
            if offered and len(",".join(offered)) <= 255:  # what a list in a cell's validation holds
                sheet.data_validation(1, at, ROWS_MAX, at, {"validate": "list", "source": offered})
        notes = book.add_worksheet("说明")
        notes.set_column(0, 0, 100, text)
        notes.write_column(0, 0, _NOTES)
    return out.getvalue()


def marked(rows: Iterable[SheetRow], faults: Iterable[Fault]) -> bytes:
    """Return a roster as .xlsx with every cell that is wrong in red, and beside each row why, and how to mend it."""
    of_line: dict[int, list[Fault]] = {}
    for each in faults:
        of_line.setdefault(each.line, []).append(each)
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet, text = _sheet(book, ("问题", "怎么改"))
        red = book.add_format({"num_format": "@", "bg_color": "#FCECEA", "font_color": "#B3261E", "bold": True})
        for number, row in enumerate(rows, 1):
            found = of_line.get(row.line, [])
            wrong = {each.column for each in found}
            for at, column in enumerate(COLUMNS):
                sheet.write_string(number, at, row.text(column), red if column in wrong else text)
            reasons = "；".join(f"{TITLES[each.column]}：{each.reason}" for each in found)
            sheet.write_string(number, len(COLUMNS), reasons)
            sheet.write_string(number, len(COLUMNS) + 1, "；".join(each.cure for each in found))
    return out.getvalue()


def _sheet(book: Any, more: Sequence[str] = ()) -> tuple[Any, Any]:
    sheet = book.add_worksheet(SHEET)
    text, bold = book.add_format({"num_format": "@"}), book.add_format({"bold": True, "bg_color": "#E8F0FA"})
    for at, column in enumerate(COLUMNS):
        sheet.set_column(at, at, _WIDTHS.get(column, 12), text)
    sheet.set_column(len(COLUMNS), len(COLUMNS) + 1, 44)
    sheet.write_row(0, 0, [*TITLES.values(), *more], bold)
    sheet.freeze_panes(1, 1)
    return sheet, text


_NOTES = (
    "一行一个人。姓名、岗位必填。",
    "网格：填乡镇、村、单元的名称，或只填网格代码。同名的村要填乡镇或代码。",
    "用户名可以空着，由系统编。已有的人换岗，填他的用户名最稳妥。",
    "起始日空着就是现在起。代岗要填截止日（不再任职的第一天）。日期写成 2026-07-01。",
    "责任主体代码：部门经办人、单位消防安全管理人、微型消防站站长填所在单位的代码。",
    "不要填手机号和身份证号：系统不保存它们。",
)


def _rows(lines: Iterator[Line], columns: Sequence[str | None]) -> Iterator[SheetRow]:
    count = 0
    for line, cells in lines:
        filled = {column: cell for column, cell in zip(columns, cells, strict=False) if column and cell.strip()}
        if filled:
            count += 1
            if count > ROWS_MAX:
                raise TooLarge(f"超过 {ROWS_MAX} 行；请分成几个文件导入。", rows_max=ROWS_MAX)
            yield SheetRow(line, filled)


def _ignored(columns: Sequence[str | None], cells: Sequence[str]) -> Iterator[str]:
    unknown = [cell.strip() for cell, column in zip(cells, columns, strict=True) if column is None and cell.strip()]
    if unknown:
        yield f"没有读取这些列：{'、'.join(unknown)[:200]}。"
    repeated = [TITLES[column] for column in COLUMNS if columns.count(column) > 1]
    if repeated:
        raise Unreadable(f"有几列是同一个意思：{'、'.join(repeated)}；请只留一列。")
