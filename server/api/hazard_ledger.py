"""Exports the hazard ledger (责任清单): each hazard with who answers for it, what is done about it, and until when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from flask import Response

from schemas.records import RecordFilter
from server import table_files
from server.api import exports
from server.api.blueprints import create_blueprint
from server.audit.usecases.exports import Export
from server.summaries.usecases import hazard_ledger
from server.summaries.usecases.hazard_ledger import TITLES
from server.web import context, downloads, record_exports

blueprint = create_blueprint("ledger", "责任清单 · the hazard ledger")


@blueprint.route("/records/ledger.csv")
@blueprint.arguments(RecordFilter, location="query")
@blueprint.response(200, {"type": "string"}, content_type="text/csv")
@blueprint.alt_response(403, success=False, description="the caller's duties do not let them export")
def ledger_csv(query: dict[str, Any]) -> Response:
    """Export the hazard ledger as CSV (UTF-8 with BOM), newest first: responsible party, measure, limit, state.

    The filters of the list of records narrow it; only cases are in it. `措施` is what the office set to be done,
    `进展` its last word on the case; who answers is a body, or a role and a town, never a person by name.
    """
    titles: list[Sequence[str]] = [[title] for title in TITLES]
    export, pages = _pages("ledger.csv", query)
    lines = map(table_files.verbatim_columns, chain([titles], pages))
    return downloads.exported(export, chain([table_files.BOM], lines), table_files.CSV_TYPE, "ledger.csv")


@blueprint.route("/records/ledger.xlsx")
@blueprint.arguments(RecordFilter, location="query")
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type=table_files.XLSX_TYPE)
@blueprint.alt_response(403, success=False, description="the caller's duties do not let them export")
def ledger_xlsx(query: dict[str, Any]) -> Response:
    """Export the hazard ledger as a workbook; what `ledger.csv` says, in the same order.

    It is sent once it is whole: a million cases take some minutes, four times as long as the CSV, which begins at
    once. After 1,048,575 cases it goes on in a second sheet.
    """
    export, pages = _pages("ledger.xlsx", query)

    def fill(book: table_files.Workbook) -> None:
        write = book.add_table("责任清单", TITLES, [False] * len(TITLES))
        for page in pages:
            for row in zip(*page, strict=True):
                write(row)

    return downloads.workbook(export, fill, "ledger.xlsx")


def _pages(format: str, query: dict[str, Any]) -> tuple[Export, Iterator[list[Sequence[str]]]]:
    """Check and note down who exports; return the export, and the columns of one page of cases after the other."""
    wanted = exports.wanted(query, hazard_ledger.READ)._replace(as_stored=True)
    export, pages, _, mask = record_exports.begun(format, wanted)
    database = context.database()

    def columns() -> Iterator[list[Sequence[str]]]:
        for found in pages:
            with database.reading() as reading:
                page = hazard_ledger.cells(reading, [each for each in found if each["kind"] == "case"], mask)
            export.count(len(page[0]))
            yield page

    return export, columns()
