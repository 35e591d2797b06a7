"""Writes a form as an Excel workbook, for people who edit XLSForms in a spreadsheet."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import xlsxwriter
from pyxform.xls2json_backends import md_to_dict

_SHEETS = ("survey", "choices", "external_choices", "osm", "entities", "settings")
_OTHER_NAMES = {"form_id": ("id_string", "set_form_id")}
_FIXED = datetime(2000, 1, 1)  # noqa: DTZ001  # a workbook's times have no zone; fixed, so that bytes are too
_WIDTH_MAX = 60


def to_xlsx(source: bytes, identity: Mapping[str, str] | None = None) -> bytes:
    """Return the XLSForm ``source`` (Markdown table, UTF-8) as an .xlsx file that pyxform reads alike.

    Every cell is text, so that a version of ten digits stays as it is written.
    identity: ``form_id`` and ``version`` under which a form was published that does not state them; the workbook does.
    Raises pyxform.errors.PyXFormReadError when the source is no such table.
    """
    book = _identified(md_to_dict(io.BytesIO(source)), identity or {})
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as workbook:
        workbook.set_properties({"created": _FIXED})
        heading = workbook.add_format({"bold": True, "bg_color": "#DDE7EE", "text_wrap": True, "valign": "top"})
        body = workbook.add_format({"text_wrap": True, "valign": "top", "num_format": "@"})
        for name in (sheet for sheet in _SHEETS if sheet in book):
            columns = list(book[f"{name}_header"][0])
            _fill(workbook.add_worksheet(name), columns, book[name], heading, body)
    return out.getvalue()


def _identified(book: dict[str, Any], identity: Mapping[str, str]) -> dict[str, Any]:
    first, *others = book.get("settings") or [{}]
    absent = {
        name: value
        for name, value in identity.items()
        if not any(first.get(each) for each in (name, *_OTHER_NAMES.get(name, ())))
    }
    header = dict.fromkeys([*(book.get("settings_header") or [{}])[0], *first, *absent])
    return book | {"settings": [first | absent, *others], "settings_header": [header]} if absent else book


def _fill(
    sheet: xlsxwriter.worksheet.Worksheet,
    columns: list[str],
    rows: Iterable[Mapping[str, str]],
    heading: xlsxwriter.format.Format,
    body: xlsxwriter.format.Format,
) -> None:
    sheet.freeze_panes(1, 0)
    for place, column in enumerate(columns):
        widest = max([len(column), *(len(row.get(column, "")) for row in rows)])
        sheet.set_column(place, place, min(_WIDTH_MAX, widest + 2))
        sheet.write_string(0, place, column, heading)
    for line, row in enumerate(rows, start=1):
        for place, column in enumerate(columns):
            if column in row:
                sheet.write_string(line, place, row[column], body)
