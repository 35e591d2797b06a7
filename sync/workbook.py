"""Reads the worksheets of an XLSX file, without trusting what the file says about its own size."""

from __future__ import annotations

import io
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

UNPACKED_BYTES_MAX = 60_000_000
PARTS_MAX = 2_000
COLUMNS_MAX = 256

_REFERENCE = re.compile(rb"""\br\s*=\s*["']\s*([A-Za-z]{0,9})([0-9]{1,20})""")
_ERROR_CELL = re.compile(rb"""(<c\b[^<>]*\bt\s*=\s*["'])e(["'])""")
"""The reader gives a formula's error, such as #N/A, as an empty cell; as text it is seen."""
_UNCALCULATED = re.compile(
    rb"""(<c(?:\s+(?!t\s*=)[\w:]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*>"""
    rb"""(<f\b[^<>]*(?:/>|>[^<]*</f>))\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>"""
)
"""A formula that a program wrote and no spreadsheet has calculated: it would be read as an empty cell."""


_DAMAGED = (
    *(CalamineError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(NotImplementedError, RuntimeError, EOFError, OSError, ValueError, LookupError, ArithmeticError),
)
"""What the two readers raise of a file that is no archive, is cut off, or states sizes and places that it has not."""


class Worksheet(NamedTuple):
    """One worksheet. rows: its cells from the first row on; a cell is text, number, boolean, day or time.

    merged: first and last row of each range of merged cells, from 1.
    """

    name: str
    is_visible: bool
    rows: Sequence[Sequence[object]]
    merged: Sequence[tuple[int, int]]


class WorkbookUnreadable(Exception):
    """The file is no XLSX file, is damaged, or has a password."""


class WorkbookTooLarge(Exception):
    """Reading the file would take more memory than it is worth. ``data`` names the particulars."""

    def __init__(self, message: str, **data: object) -> None:
        super().__init__(message)
        self.message = message
        self.data = data


def sheets(content: bytes, rows_max: int) -> Iterator[Worksheet]:
    """Yield the worksheets of an XLSX file.

    rows_max: how far down a sheet may be filled in. Raises WorkbookUnreadable, WorkbookTooLarge.
    """
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(_repacked(content, rows_max)))
        for each in book.sheets_metadata:
            sheet = book.get_sheet_by_name(each.name)
            merged = [(first[0] + 1, last[0] + 1) for first, last in sheet.merged_cell_ranges or ()]
            is_visible = each.visible == SheetVisibleEnum.Visible
            yield Worksheet(each.name, is_visible, sheet.to_python(skip_empty_area=False), merged)
    except _DAMAGED as error:
        raise WorkbookUnreadable(str(error)) from error


def _repacked(content: bytes, rows_max: int) -> bytes:
    """Return the archive with its parts stored plain, having counted every byte on the way.

    The workbook reader inflates and lays out whatever a file announces: a part of zeros or one cell at
    XFD1048576 would take all memory of the process, so neither reaches it.
    """
    out, left = io.BytesIO(), UNPACKED_BYTES_MAX
    with zipfile.ZipFile(io.BytesIO(content)) as packed, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as plain:
        parts = packed.infolist()
        if len(parts) > PARTS_MAX:
            raise WorkbookTooLarge("XLSX 文件里的部件太多；请用 Excel 重新另存，或改用 CSV。", parts=len(parts))
        for part in parts:
            with packed.open(part) as source:
                body = source.read(left + 1)
            left -= len(body)
            if left < 0:
                message = "XLSX 文件展开后太大；请只留要用的表，重新另存，或改用 CSV。"
                raise WorkbookTooLarge(message, bytes_max=UNPACKED_BYTES_MAX)
            if b"sheetData" in body:  # a worksheet may go by any name
                _refuse_far_cells(body, rows_max)
                body = _ERROR_CELL.sub(rb"\1str\2", body)
                body = _UNCALCULATED.sub(rb'\1 t="str">\2<v>#VALUE!</v></c>', body)
            plain.writestr(part.filename, body)
    return out.getvalue()


def _refuse_far_cells(sheet: bytes, rows_max: int) -> None:
    for letters, digits in _REFERENCE.findall(sheet):
        if int(digits) > rows_max + 100 or _column(letters) > COLUMNS_MAX:
            at = (letters + digits).decode()
            raise WorkbookTooLarge(f"表格在 {at} 处还有内容，太远了；请删去空白行列后面的内容，重新另存。", cell=at)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - ord("A") + 1
    return number
