"""Write tables of figures as CSV and XLSX: shares and lengths as people read them, or to calculate with."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

import xlsxwriter

from server import table_files
from server.summaries.domain import differences, sentences
from server.summaries.domain.differences import Change
from server.summaries.domain.summary_rows import Rate
from server.table_files import fitting


@dataclass(frozen=True, slots=True)
class Days:
    """A length of time in days, exact; None where nothing was measured."""

    length: Fraction | None


Value: TypeAlias = str | int | Rate | Days | Change | None


def as_text(value: Value) -> str:
    """Return a value as people read it, ``—`` for nothing to divide by.

    A share is ``66.67%``, of fewer than ten ``2/3``; a length is ``8.0``; a difference ``+3``, its unit in its title.
    """
    if isinstance(value, Rate):
        return sentences.share(value)
    if isinstance(value, Days):
        return sentences.days(value.length)
    if isinstance(value, Change):
        return differences.printed(value)
    return "" if value is None else str(value)


def csv_lines(rows: Iterable[Sequence[Value]]) -> bytes:
    """Return rows as lines of CSV, without a BOM; an apostrophe keeps spreadsheets from making ``2/3`` a date."""
    return table_files.csv_lines(map(_cell, row) for row in rows)


def _cell(value: Value) -> str:
    if isinstance(value, Change):
        return differences.number(value)
    text = as_text(value)
    return table_files.verbatim(text) if isinstance(value, Rate) and sentences.is_of_few(value) else text


def as_csv(rows: Iterable[Sequence[Value]]) -> bytes:
    """Return a whole table as CSV in UTF-8 with BOM; its first row holds the titles."""
    return table_files.BOM + csv_lines(rows)


def as_xlsx(rows: Iterable[Sequence[Value]], sheet: str) -> bytes:
    """Return a whole table as a workbook with one sheet; shares, lengths and differences stay numbers.

    A share of fewer than ten is text, ``2/3``: no percentage is told of so few.
    """
    content = io.BytesIO()
    book = xlsxwriter.Workbook(
        content, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    page = book.add_worksheet(sheet)
    share, length, title = (
        book.add_format({"num_format": "0.00%"}),
        book.add_format({"num_format": "0.0"}),
        book.add_format({"bold": True, "text_wrap": True, "valign": "top"}),
    )
    signed = [book.add_format({"num_format": f"+{digits};-{digits};{digits}"}) for digits in ("0", "0.0", "0.00")]
    for line, row in enumerate(rows):
        for column, value in enumerate(row):
            if line == 0:
                page.write_string(line, column, fitting(as_text(value)), title)
            elif isinstance(value, Rate) and value.value is not None and not sentences.is_of_few(value):
                page.write_number(line, column, float(value.value), share)
            elif isinstance(value, Days) and value.length is not None:
                page.write_number(line, column, float(value.length), length)
            elif isinstance(value, Change) and value.amount is not None:
                page.write_number(line, column, float(value.amount), signed[value.places])
            elif isinstance(value, int):
                page.write_number(line, column, value)
            else:
                page.write_string(line, column, fitting(as_text(value)))
    page.freeze_panes(1, 0)
    book.close()
    return content.getvalue()
