"""Reads a grid sheet from the files that counties have: CSV in the encodings of Excel and WPS, and XLSX."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from importlib.resources import files

from server import table_files
from server.errors import TooLarge, Unreadable
from server.grid.domain.file_rows import COLUMNS, SheetRow
from sync import workbook

FILE_BYTES_MAX = 20_000_000
ROWS_MAX = 20_000
HEADER_WITHIN = 10
"""A sheet may open with titles and notes; its headers stand in one of this many first rows."""

_NO_TABLES = {b"%PDF": "PDF", b"\xff\xd8\xff": "照片", b"\x89PNG": "图片", b"{\\rtf": "文稿", b"MZ": "程序"}
"""What files that somebody takes for the table begin with, and what they are."""

Line = tuple[int, Sequence[str]]
_COLUMN_OF_HEADER = {header: column for column, headers in COLUMNS.items() for header in headers}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file as read. notes: sentences for its author on how it was read."""

    rows: tuple[SheetRow, ...]
    notes: tuple[str, ...] = ()


def read(content: bytes) -> Sheet:
    """Return the rows of a CSV or XLSX file; its kind is told by its bytes, not by its name.

    Raises TooLarge, and Unreadable when it is another kind of file, is broken or has no such headers.
    """
    if len(content) > FILE_BYTES_MAX:
        message = f"文件超过 {FILE_BYTES_MAX // 1_000_000} MB；网格表一般不到 1 MB，请核对文件。"
        raise TooLarge(message, bytes_max=FILE_BYTES_MAX)
    sheets, notes = tables(content, ROWS_MAX)
    return _first_grid((lines for _, lines in sheets), notes)


def tables(content: bytes, rows_max: int) -> tuple[Iterator[tuple[str, Iterator[Line]]], tuple[str, ...]]:
    """Return the sheets of a CSV or XLSX file, each with its name (of a CSV none), and notes on how it was read.

    rows_max: how far down a sheet may be filled in. Raises TooLarge, and Unreadable for another kind of file or a
    broken one; of a sheet, when it is read.
    """
    if not content.strip():
        raise Unreadable("文件是空的；请选填好的表格。")
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable("这是旧版 Excel（.xls）或加密的文件；请另存为不加密的 .xlsx 或 CSV。")
    kind = next((kind for begins, kind in _NO_TABLES.items() if content.startswith(begins)), "")
    if kind:
        raise Unreadable(f"这是{kind}，不是表格；请选 Excel（.xlsx）或 CSV 文件。")
    if content.startswith(b"PK"):
        return _worksheets(content, rows_max), ()
    text, notes = _decoded(content)
    return iter([("", _csv_lines(text))]), notes


def shipped_rows() -> tuple[SheetRow, ...]:
    """Return the grid that comes with the product: Laiyuan's county, towns and villages (``data/grid/NOTICE.md``)."""
    return read((files("server.data") / "grid" / "laiyuan.csv").read_bytes()).rows


def _first_grid(sheets: Iterable[Iterable[Line]], notes: tuple[str, ...]) -> Sheet:
    """Return the rows of the first sheet that has the headers of a grid."""
    for lines in sheets:
        numbered = iter(lines)
        for place, (_, cells) in enumerate(numbered):
            headers = [_COLUMN_OF_HEADER.get(_normalized(cell)) for cell in cells]
            if {"code", "name"} <= set(headers):
                _refuse_repeated(headers, cells)
                return Sheet(tuple(_rows(numbered, headers)), (*notes, *_ignored_columns(headers, cells)))
            if place + 1 >= HEADER_WITHIN:
                break
    raise Unreadable("没有找到表头；前几行里要有一行写着“代码”和“名称”（还可有层级、上级、生效日期、失效日期、并入）。")


def _rows(lines: Iterable[Line], headers: Sequence[str | None]) -> Iterator[SheetRow]:
    for count, (line, cells) in enumerate(lines):
        if count >= ROWS_MAX:
            raise TooLarge(f"超过 {ROWS_MAX} 行；一个县的网格不会这么多，请核对文件。", rows_max=ROWS_MAX)
        filled: Mapping[str, str] = {
            column: cell for column, cell in zip(headers, cells, strict=False) if column and cell.strip()
        }
        if filled:
            yield SheetRow(line, filled)


def _refuse_repeated(headers: Sequence[str | None], cells: Sequence[str]) -> None:
    named = [header for header in headers if header]
    for header in named:
        if named.count(header) > 1:
            written = "、".join(cell.strip() for cell, column in zip(cells, headers, strict=True) if column == header)
            raise Unreadable(f"有几列是同一个意思：{written}；请只留一列。", columns=written)


def _ignored_columns(headers: Sequence[str | None], cells: Sequence[str]) -> Iterator[str]:
    unknown = [cell.strip() for cell, header in zip(cells, headers, strict=True) if header is None and cell.strip()]
    if unknown:
        yield f"没有读取这些列：{'、'.join(unknown)}。"


def _normalized(header: str) -> str:
    return "".join(header.split()).lower()


def _decoded(content: bytes) -> tuple[str, tuple[str, ...]]:
    """Return the text of a CSV file. UTF-8 by rule; GB18030 is what Chinese Excel and WPS write by default."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _decode(content, "utf-16"), ()
    if b"\0" in content:
        raise Unreadable("这不是文本文件；请另存为 CSV（UTF-8）或 .xlsx。")
    try:
        return content.decode("utf-8-sig"), ()
    except UnicodeDecodeError:
        note = "文件按 GB18030（Excel 默认的中文编码）读取；个别生僻字可能已成为问号，建议另存为 CSV UTF-8。"
        return _decode(content, "gb18030"), (note,)


def _decode(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        raise Unreadable("文件的文字编码认不出来；请另存为 CSV（UTF-8）或 .xlsx。") from None


def _worksheets(content: bytes, rows_max: int) -> Iterator[tuple[str, Iterator[Line]]]:
    try:
        for sheet in workbook.sheets(content, rows_max=rows_max):
            yield sheet.name, ((number, [_text(cell) for cell in cells]) for number, cells in enumerate(sheet.rows, 1))
    except workbook.WorkbookTooLarge as error:
        raise TooLarge(error.message, **error.data) from error
    except workbook.WorkbookUnreadable as error:
        raise Unreadable("XLSX 文件打不开：不是表格、已损坏或有密码；请用 Excel 重新另存为 .xlsx 或 CSV。") from error


def _text(cell: object) -> str:
    """Return a cell as its author sees it: a code that Excel took for a number has all of its digits again."""
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
    if isinstance(cell, date | datetime):
        return cell.isoformat()
    return str(cell)


def _csv_lines(text: str) -> Iterator[Line]:
    """Yield each record with the line on which it begins; the delimiter is that of the fullest first lines."""
    opening = "\n".join(text.splitlines()[:HEADER_WITHIN])
    delimiter = max(",\t;", key=opening.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, [table_files.unescaped(cell) for cell in cells]
            line = reader.line_num + 1
    except csv.Error:
        raise Unreadable(f"CSV 第{line}行起读不下去：引号不成对或一格太长；请用 Excel 重新另存。", line=line) from None
