"""Reads the cells of an XLSX file as text, without trusting what the file says about its own size."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime

from python_calamine import CalamineError, CalamineWorkbook

from server.errors import TooLarge, Unreadable

UNPACKED_BYTES_MAX = 60_000_000
PARTS_MAX = 2_000
COLUMNS_MAX = 256

_REFERENCE = re.compile(rb"""\br\s*=\s*["']\s*([A-Za-z]{0,9})([0-9]{1,20})""")


def sheets(content: bytes, rows_max: int) -> Iterator[Iterator[tuple[int, Sequence[str]]]]:
    """Yield the worksheets of an XLSX file, each as lines ``(number from 1, cells as text)``.

    rows_max: how far down a sheet may be filled in.
    Raises Unreadable when it is no XLSX file, TooLarge when unpacking it would take more than it is worth.
    """
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(_repacked(content, rows_max)))
        for name in book.sheet_names:
            sheet = book.get_sheet_by_name(name)
            yield _lines(sheet.to_python(skip_empty_area=False))
    except (CalamineError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise Unreadable("XLSX 文件打不开：不是表格、已损坏或有密码；请用 Excel 重新另存为 .xlsx 或 CSV。") from error


def _lines(rows: Sequence[Sequence[object]]) -> Iterator[tuple[int, Sequence[str]]]:
    return ((number, [_text(cell) for cell in cells]) for number, cells in enumerate(rows, 1))


def _text(cell: object) -> str:
    """Return a cell as its author sees it: a code that Excel took for a number has all of its digits again."""
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
    if isinstance(cell, date | datetime):
        return cell.isoformat()
    return str(cell)


def _repacked(content: bytes, rows_max: int) -> bytes:
    """Return the archive with its parts stored plain, having counted every byte on the way.

    The workbook reader inflates and lays out whatever a file announces: a part of zeros or one cell at
    XFD1048576 would take all memory of the process, so neither reaches it.
    """
    out, left = io.BytesIO(), UNPACKED_BYTES_MAX
    with zipfile.ZipFile(io.BytesIO(content)) as packed, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as plain:
        parts = packed.infolist()
        if len(parts) > PARTS_MAX:
            raise TooLarge("XLSX 文件里的部件太多；请用 Excel 重新另存，或改用 CSV。", parts=len(parts))
        for part in parts:
            with packed.open(part) as source:
                body = source.read(left + 1)
            left -= len(body)
            if left < 0:
                message = "XLSX 文件展开后太大；请只留网格表，重新另存，或改用 CSV。"
                raise TooLarge(message, bytes_max=UNPACKED_BYTES_MAX)
            if b"sheetData" in body:  # a worksheet may go by any name
                _refuse_far_cells(body, rows_max)
            plain.writestr(part.filename, body)
    return out.getvalue()


def _refuse_far_cells(sheet: bytes, rows_max: int) -> None:
    for letters, digits in _REFERENCE.findall(sheet):
        if int(digits) > rows_max + 100 or _column(letters) > COLUMNS_MAX:
            at = (letters + digits).decode()
            raise TooLarge(f"表格在 {at} 处还有内容，太远了；请删去空白行列后面的内容，重新另存。", cell=at)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - ord("A") + 1
    return number
