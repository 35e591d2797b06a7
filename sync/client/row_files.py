"""Reads the rows of a CSV, XLSX or JSON file that holds records to import."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from sync import workbook
from sync.client.failures import Refused

ROWS_MAX = 100_000
DIGITS_LOST = 1e15
"""A spreadsheet keeps 15 digits of a number."""


class Row(NamedTuple):
    """A row of the file. number: line of a CSV file, row of a worksheet, place in a JSON list, each from 1."""

    number: int
    cells: Mapping[str, object]


def read(path: Path) -> list[Row]:
    """Return the rows of a file named .csv, .xlsx or .json. Raises Refused when it cannot be read as such."""
    kind = path.suffix.lower()
    content = path.read_bytes()
    if kind == ".xlsx":
        rows = list(_xlsx(content))
    elif kind == ".csv":
        rows = list(_csv(_text(content)))
    elif kind == ".json":
        rows = list(_json(_text(content)))
    else:
        raise Refused(
            "文件名应以 .csv、.xlsx 或 .json 结尾；旧的 .xls 请另存为 .xlsx · the file must be .csv, .xlsx or .json"
        )
    if not rows:
        raise Refused("文件里没有数据行 · there is no row in the file")
    return rows


def _text(content: bytes) -> str:
    """Read UTF-8, or the GB18030 that Excel and WPS write."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            return content.decode("gb18030")
        except UnicodeDecodeError as error:
            raise Refused("文件编码无法识别，请另存为 UTF-8 · unknown encoding: save the file as UTF-8") from error


def _csv(text: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    number = 1
    try:
        header = _header(next(reader, []))
        number = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield Row(number, _row(header, cells, number))
            number = reader.line_num + 1
    except csv.Error as error:
        raise Refused(f"第{number}行的引号或逗号不对，请检查 · line {number} is no CSV: {error}") from error


def _header(cells: Sequence[str]) -> list[str]:
    """Return the names of the columns. Raises Refused when one stands twice, or something else separates them."""
    header = [name.strip() for name in cells]
    separator = next((each for each in _SEPARATORS if len(header) == 1 and each in header[0]), None)
    if separator is not None:
        raise Refused(
            f"第1行的列名之间用的是{_SEPARATORS[separator]}，应是逗号；"
            "请在 Excel 中另存为“CSV UTF-8（逗号分隔）”或 .xlsx"
            " · columns must be separated by commas: save the file as CSV UTF-8 (comma delimited) or .xlsx"
        )
    doubled = {name for name in header if name and header.count(name) > 1}
    if doubled or not any(header):
        raise Refused(
            f"第1行应是列名，且不能重复：{'、'.join(sorted(doubled))} · line 1 must be column names, each once"
        )
    return header


_SEPARATORS = {";": "分号（;）", "；": "分号（；）", "\t": "制表符（Tab）", "，": "全角逗号（，）", "|": "竖线（|）"}


def _row(header: list[str], cells: list[str], number: int) -> dict[str, object]:
    named = {name: cell.strip() for name, cell in zip_longest(header, cells, fillvalue="") if cell.strip()}
    if named.pop("", None):
        raise Refused(f"第{number}行的格数比列名多，内容里的逗号要加引号 · line {number} has more cells than columns")
    return dict(named)


def _xlsx(content: bytes) -> Iterator[Row]:
    rows = _only_sheet(content)
    header = _header([str(_cell(each) or "") for each in rows[0]] if rows else [])
    for number, cells in enumerate(rows[1:], 2):
        filled = ((name, _cell(cell)) for name, cell in zip_longest(header, cells, fillvalue=""))
        named = {name: cell for name, cell in filled if cell is not None}
        if named.pop("", None) is not None:
            raise Refused(f"第{number}行有一格没有列名；请在第1行补上 · row {number} has a cell without a column name")
        if named:
            yield Row(number, named)


def _only_sheet(content: bytes) -> Sequence[Sequence[object]]:
    """Return the rows of the one worksheet that is in use and not hidden."""
    try:
        used = [each for each in workbook.sheets(content, ROWS_MAX) if each.is_visible and each.rows]
    except workbook.WorkbookTooLarge as error:
        raise Refused(f"{error.message} · too large, or cells far outside of the table") from error
    except workbook.WorkbookUnreadable as error:
        raise Refused(
            "XLSX 文件打不开：不是表格、已损坏或有密码；请用 Excel 重新另存为 .xlsx 或 .csv"
            " · no workbook, damaged, or with a password"
        ) from error
    if len(used) > 1:
        names = "、".join(each.name for each in used)
        raise Refused(f"有不止一张工作表：{names}；请只留要导入的一张 · more than one worksheet: leave only one")
    if used and used[0].merged:
        first, last = min(used[0].merged)
        raise Refused(
            f"第{first}行到第{last}行有合并的单元格；请取消合并，每一格都填上，第1行写列名"
            f" · merged cells in rows {first} to {last}: unmerge them, and fill in each cell"
        )
    return used[0].rows if used else ()


def _cell(cell: object) -> object | None:
    """Return a cell as its author sees it, None when it is empty; booleans, days and times as what they are."""
    if isinstance(cell, str):
        return cell.strip() or None
    if isinstance(cell, float) and abs(cell) < DIGITS_LOST:
        # A spreadsheet shows 15 digits of what it computed, and a code that it took for a number has no ".0".
        return str(int(cell)) if cell.is_integer() else repr(float(f"{cell:.15g}"))
    return cell


def _json(text: str) -> Iterator[Row]:
    try:
        listed = json.loads(text, object_pairs_hook=_unique_names)
    except ValueError as error:
        raise Refused(f"不是 JSON，或有重复的名字：{error} · not JSON, or a name stands twice") from error
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise Refused("JSON 应是一个列表，每项是一个对象 · the JSON must be a list of objects")
    for number, each in enumerate(listed, 1):
        fields = each.get("fields")
        if isinstance(fields, dict):
            each = {**{name: value for name, value in each.items() if name != "fields"}, **fields}
        yield Row(number, each)


def _unique_names(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate name")
    return found
