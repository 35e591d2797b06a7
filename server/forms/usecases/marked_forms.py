"""Gives a form that was refused back as a workbook with its faults marked, for whoever corrects it.

The workbook is made when the form is refused, and kept for a day under a token that its author alone may use.
"""

from __future__ import annotations

import base64
import io
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, NamedTuple

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from server.db.transactions import Reading, Transaction
from server.forms.usecases import management
from server.forms.usecases.publications import Upload
from server.people.domain.actors import Actor
from server.people.store import roster_imports
from server.people.store.roster_imports import Kind
from sync import workbook

SOURCE_BYTES_MAX = 5_000_000
ROWS_MAX = 20_000
LISTED = "要改的地方"
"""The sheet that lists every fault; readers of XLSForms pass it over."""

_HEADINGS = ("工作表", "行", "列", "现在写的", "问题", "怎么改")
_WIDTH_MAX = 60
_NEVER_RUN = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}


class Marks(NamedTuple):
    """The formats of a marked workbook."""

    heading: Any
    text: Any
    wrong: Any


def marked(upload: Upload, faults: Sequence[Mapping[str, Any]]) -> bytes | None:
    """Return an uploaded form as .xlsx with its faulty cells red and commented, and all faults on a sheet of its own.

    faults: of ``FormRefused``. Every cell is text, as in the workbooks that forms leave as. None for what is no
    workbook that can be read, or names no place that a workbook has.
    """
    if len(upload.source) > SOURCE_BYTES_MAX or not any(each["sheet"] for each in faults):
        return None
    try:
        content = management.as_workbook(upload.source, upload.file_name)
        sheets = [] if content is None else list(workbook.sheets(content, ROWS_MAX))
    except (workbook.WorkbookUnreadable, workbook.WorkbookTooLarge):
        return None
    if not sheets:
        return None
    try:
        return _marked(sheets, faults)
    except XlsxWriterException:  # names of sheets that Excel would not take
        return None


def _marked(sheets: Iterable[workbook.Worksheet], faults: Sequence[Mapping[str, Any]]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, _NEVER_RUN) as book:
        marks = Marks(
            book.add_format({"bold": True, "bg_color": "#DDE7EE", "num_format": "@"}),
            book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"}),
            book.add_format({"num_format": "@", "bg_color": "#FCECEA", "font_color": "#B3261E", "bold": True}),
        )
        for sheet in (each for each in sheets if each.name != LISTED):
            of_sheet = [each for each in faults if (each["sheet"] or "").lower() == sheet.name.strip().lower()]
            _write(
                book.add_worksheet(sheet.name), [[_text(cell) for cell in row] for row in sheet.rows], of_sheet, marks
            )
        _list(book.add_worksheet(LISTED), faults, marks)
    return out.getvalue()


def keep(tx: Transaction, content: bytes, file_name: str, *, by: Actor) -> str:
    """Keep a marked workbook for a day, and return its token. Raises NotAllowed."""
    management.require_right(by)
    told = {"book": base64.b64encode(content).decode("ascii")}
    return roster_imports.keep(tx, Kind.FORMS, by.name, secrets.token_urlsafe(16), file_name[:200], told).token


def get(reading: Reading, token: str, *, by: Actor) -> tuple[str, bytes]:
    """Return the name that a refused form was uploaded under, and its marked workbook. Raises NotAllowed, NotFound."""
    management.require_right(by)
    kept = roster_imports.get(reading, Kind.FORMS, token, by.name)
    return kept.file_name, base64.b64decode(kept.content["book"])


def _write(sheet: Any, rows: Sequence[Sequence[str]], faults: Iterable[Mapping[str, Any]], marks: Marks) -> None:
    headers = rows[0] if rows else ()
    wrong: dict[tuple[int, int], list[str]] = {}
    for each in faults:
        if each["row"] is not None:
            at = each["row"] - 1, _column(headers, each["column"])
            wrong.setdefault(at, []).append(f"{each['message']}\n→ {each['cure']}")
    for row, cells in enumerate(rows):
        for column, text in enumerate(cells):
            plain = marks.heading if row == 0 else marks.text
            if text or (row, column) in wrong:
                sheet.write_string(row, column, text, marks.wrong if (row, column) in wrong else plain)
    for (row, column), said in wrong.items():
        if row >= len(rows) or column >= len(rows[row]):
            sheet.write_blank(row, column, None, marks.wrong)
        sheet.write_comment(row, column, "\n".join(said), {"x_scale": 2})
    for column in range(len(headers)):
        widest = max((len(row[column]) for row in rows if column < len(row)), default=0)
        sheet.set_column(column, column, min(_WIDTH_MAX, widest + 2))
    sheet.freeze_panes(1, 0)


def _column(headers: Sequence[str], named: str | None) -> int:
    """Return the place of a column; of one that is missing the first, where the comment says what is."""
    folded = [header.strip().lower().replace(" ", "_") for header in headers]
    wanted = (named or "").strip().lower().replace(" ", "_")
    return folded.index(wanted) if wanted in folded else 0


def _list(sheet: Any, faults: Iterable[Mapping[str, Any]], marks: Marks) -> None:
    sheet.write_row(0, 0, _HEADINGS, marks.heading)
    for number, each in enumerate(faults, 1):
        place = (each["file"] or each["sheet"] or "", str(each["row"] or ""), each["column"] or "")
        sheet.write_row(number, 0, (*place, each["text"] or "", each["message"], each["cure"]), marks.text)
    for column, width in enumerate((12, 6, 16, 24, 50, 60)):
        sheet.set_column(column, column, width)
    sheet.freeze_panes(1, 0)
    sheet.activate()


def _text(cell: object) -> str:
    """Return a cell as the readers of XLSForms take it: whole numbers without a point, days as they are written."""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return cell.isoformat() if isinstance(cell, date | datetime | time) else str(cell)
