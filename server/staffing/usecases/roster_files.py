"""Reads rosters of people from offices' files, and writes the template, and a roster with its faults marked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from server.errors import TooLarge, Unreadable
from server.grid.domain.file_rows import Fault, SheetRow
from server.grid.usecases import files
from server.grid.usecases.files import Line
from server.people.domain.roles import Description
from server.staffing.domain.roster_rows import COLUMNS, TITLES
from server.staffing.usecases import import_sheets
from server.staffing.usecases.import_sheets import Layout

FILE_BYTES_MAX = 10_000_000
ROWS_MAX = 5_000
"""A county has some two thousand people in its grid; more in one go would block the writer."""

HEADER_WITHIN = 10
LAYOUT = Layout("人员", TITLES, {"role": 16, "code": 18, "name": 18, "body": 16})
_COLUMN_OF = {"".join(heading.split()).lower(): column for column, said in COLUMNS.items() for heading in said}


class Roster(NamedTuple):
    """A roster as read. sheet: its name, of a CSV none; notes: sentences for its author on how it was read."""

    rows: tuple[SheetRow, ...]
    sheet: str
    notes: tuple[str, ...]


NO_ROWS = "文件里只有表头，没有人员；请在表头下面一行填一个人，保存后再选这个文件。"


def read(content: bytes) -> Roster:
    """Return the roster in a file.

    Raises TooLarge, and Unreadable for what is no .xlsx or CSV file, has no such headings, or nobody below them.
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
                if not rows:
                    raise Unreadable(NO_ROWS)
                return Roster(rows, name, (*notes, *_ignored(columns, cells)))
            if place + 1 >= HEADER_WITHIN:
                break
    raise Unreadable("没有找到表头；前几行里要有一行写着“姓名”和“岗位”（还可有乡镇、村、单元、网格代码等）。请用模板。")


def template(roles: Iterable[Description], towns: Sequence[str]) -> bytes:
    """Return an empty roster as .xlsx. roles, towns: whose names may be chosen from a list in their columns."""
    choices = {"role": [role.label for role in roles], "town": list(towns)}
    return import_sheets.template(LAYOUT, choices, _NOTES, ROWS_MAX)


def marked(rows: Iterable[SheetRow], faults: Iterable[Fault]) -> bytes:
    """Return a roster as .xlsx with its faults marked."""
    return import_sheets.marked(LAYOUT, rows, faults)


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
