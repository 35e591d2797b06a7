"""Reads rosters of people from offices' files, and writes the template, and a roster with its faults marked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from server.grid.domain.file_rows import Fault, SheetRow
from server.people.domain.roles import Description
from server.staffing.domain.roster_rows import COLUMNS, TITLES
from server.staffing.usecases import import_sheets
from server.staffing.usecases.import_sheets import Layout

FILE_BYTES_MAX = 10_000_000
ROWS_MAX = 5_000
"""A county has some two thousand people in its grid; more in one go would block the writer."""

LAYOUT = Layout("人员", TITLES, {"role": 16, "code": 18, "name": 18, "body": 16})


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
    return Roster(*import_sheets.read(content, COLUMNS, ("display", "role"), FILE_BYTES_MAX, ROWS_MAX, NO_ROWS))


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
