"""Sends a list of hazards (责任清单 and the like) as a file, whole; nobody is named in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any

from flask import Response

from server import table_files
from server.audit.usecases.exports import Export
from server.db.transactions import Reading
from server.grid.domain.areas import Place
from server.monthly_reports.domain import hazard_lists
from server.monthly_reports.domain.hazard_lists import HEADINGS, HazardList
from server.monthly_reports.usecases import hazard_rows
from server.web import context, downloads, record_exports

Rows = Callable[[Reading], Iterator[tuple[str, ...]]]
"""Reads the cells of every row, and counts them for the audit."""


def as_file(key: str, ending: str, place: Place | None = None, filters: Mapping[str, Any] | None = None) -> Response:
    """Return the list with this code as a file of what the caller may export; the audit is told of it.

    ending: ``csv`` (UTF-8 with BOM) or ``xlsx``. place: whose part of it, None for all that the caller may export.
    filters: as the audit keeps them. Raises NotFound (no such list), NotAllowed.
    """
    by = context.caller()
    scope = record_exports.scope_of(by)
    wanted = hazard_lists.find(key, by.at)
    export = begin(key, ending, filters)

    def rows(reading: Reading) -> Iterator[tuple[str, ...]]:
        mask = record_exports.mask_for(reading, by)
        return export.counted(chain.from_iterable(hazard_rows.pages(reading, scope, wanted, mask, place)))

    name = f"hazards-{key}.{ending}"
    if ending == "xlsx":
        return downloads.workbook(export, lambda book: _fill(book, wanted, rows), name)
    with export.ending_where_it_fails(), context.database().reading() as reading:
        lines = as_csv(rows(reading))
    return downloads.exported(export, [table_files.BOM, lines], table_files.CSV_TYPE, name)


def begin(key: str, format: str, filters: Mapping[str, Any] | None = None) -> Export:
    """Note down that a list leaves in a format, and return the export that counts its rows."""
    return record_exports.begin("records.export", f"hazard-list {key}", {"format": format, "filters": filters or {}})


def as_csv(rows: Iterator[tuple[str, ...]]) -> bytes:
    """Return rows of a list as CSV below their headings, without a BOM."""
    return table_files.csv_lines([map(table_files.verbatim, row) for row in chain([HEADINGS], rows)])


def _fill(book: table_files.Workbook, wanted: HazardList, rows: Rows) -> None:
    write = book.add_table(wanted.title, HEADINGS, [False] * len(HEADINGS))
    with context.database().reading() as reading:
        for row in rows(reading):
            write(row)
