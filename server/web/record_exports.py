"""Exports records as files for every door: who may, how they are masked, and what the audit is told of it.

Each page is a reading of its own that goes on where the last one ended. One long reading would show a single
instant, but while somebody's slow line takes a million rows the write-ahead log could not be checkpointed and
would grow without bound. A record keeps its place in the order for ever, so no row comes twice and none is skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple

from flask import Response, request

from server import table_files
from server.audit.domain.entries import Entry
from server.audit.usecases import exports as audited_exports
from server.audit.usecases.exports import Export
from server.db.database import Database
from server.db.sql import Row
from server.db.transactions import Reading
from server.errors import NotAllowed
from server.forms.domain import personal
from server.forms.domain.outline import Wording
from server.forms.domain.record_types import RecordType
from server.forms.store import forms
from server.grid.domain.scope import Scope
from server.people.domain import rights, roles
from server.people.domain.actors import Actor
from server.records.store import record_files, record_lists
from server.records.store.record_lists import Filters
from server.records.usecases.disclosing import RecordMask
from server.records.usecases.record_tables import RecordTable
from server.web import context, downloads

PAGE_ROWS = 2_000

Rows = Iterator[list[Row]]


Page = Callable[[Reading, Scope, int | None, int], list[Row]]
"""Returns records inside a scope that come after the one with this ``born_seq``, newest first: at least so many where
there are."""


class Wanted(NamedTuple):
    """What is to leave. type: of all records, None for several. told: what the audit keeps of the filters. page: reads
    the list, unmasked. title: of the sheet. name: of the file. as_stored: rows come unmasked to a file that masks what
    it tells of them.
    """

    type: str | None
    told: Mapping[str, Any]
    page: Page
    title: str = "台账"
    name: str = "records"
    as_stored: bool = False


def listed(filters: Filters, columns: str = record_lists.NEWEST) -> Page:
    """Return what reads the records that meet the filters of the general list.

    columns: of each row, as a SELECT names them, ``born_seq`` among them.
    """

    def page(reading: Reading, scope: Scope, before: int | None, limit: int) -> list[Row]:
        return record_files.page(reading, scope, filters, before=before, limit=limit, columns=columns)

    return page


def as_csv(wanted: Wanted, wording: Wording) -> Response:
    """Return records as CSV (UTF-8 with BOM), newest first: system columns, then the fields of their types.

    Raises NotAllowed where the caller's duties do not let them export.
    """
    export, table, pages = _table("csv", wanted, wording)
    text, number = guards(wording)
    safe = [number if numeric else text for numeric in table.numeric]
    lines = (
        table_files.csv_lines([make_safe(cell) for make_safe, cell in zip(safe, cells, strict=True)] for cells in page)
        for page in pages
    )
    heading = table_files.BOM + table_files.csv_lines([map(text, table.headings)])
    return downloads.exported(export, chain([heading], lines), table_files.CSV_TYPE, f"{wanted.name}.csv")


def as_workbook(wanted: Wanted, wording: Wording) -> Response:
    """Return records as a workbook; what ``as_csv`` says, in the same order, numbers as numbers and texts as texts.

    After 1,048,575 records it goes on in a second sheet. Raises NotAllowed.
    """
    export, table, pages = _table("xlsx", wanted, wording)

    def fill(book: table_files.Workbook) -> None:
        write = book.add_table(wanted.title, table.headings, table.numeric)
        for page in pages:
            for cells in page:
                write(cells)

    return downloads.workbook(export, fill, f"{wanted.name}.xlsx")


def scope_of(by: Actor, *more: tuple[str, str]) -> Scope:
    """Return in which part of what they see the duties of ``by`` let them export. Raises NotAllowed for nowhere.

    The one right that every door asks before a file of many rows leaves. more: rights that the same duty must give, as
    rows of the matrix.
    """
    scope = rights.scope_for(by, "export", "read", *more)
    if scope == Scope():
        names = "、".join(roles.label(role, by.at) for role in rights.holders_of("export", "read", by.at))
        raise NotAllowed(f"您的岗位不能导出；可以导出的有：{names}。", object="export", action="read")
    return scope


def may_export(by: Actor) -> bool:
    """Say whether any duty of ``by`` lets them export."""
    return rights.scope_for(by, "export", "read") != Scope()


def masks_phones(by: Actor) -> bool:
    """Say whether files of ``by`` hold masked numbers even where they may write them: every right to export says so."""
    granted = [grant for duty in by.current for grant in rights.grants(by, "export", "read", duty.place.path)]
    return all("masked_phones" in grant.limits for grant in granted)


def mask_for(reading: Reading, by: Actor) -> RecordMask:
    """Return how files show records to ``by``."""
    return RecordMask(reading, by, masks_phones=masks_phones(by))


def guards(wording: Wording) -> tuple[Callable[[str], str], Callable[[str], str]]:
    """Return what makes a cell of a CSV safe, in a column of texts and in one of numbers.

    Safe from being run, and with labels, which people open, from being changed.
    """
    if wording.labels:
        return table_files.verbatim, table_files.verbatim_number
    return table_files.escaped, table_files.escaped


def begin(event: str, object: str, details: Mapping[str, Any]) -> Export:
    """Note down that the caller begins to export, before anything leaves; the rows that leave are counted by it.

    event, object, details: as in an entry of the audit; a number that was looked for is masked in it. Raises DiskFull,
    and then nothing leaves.
    """
    by = context.caller()
    entry = Entry(event, by.name, object, personal.told(details), address=request.remote_addr or "")
    return audited_exports.begin(context.database(), entry)


def begun(format: str, wanted: Wanted) -> tuple[Export, Rows, list[RecordType], RecordMask]:
    """Check and note down who exports what; return the export, the pages, masked, their types, and the mask."""
    by, database = context.caller(), context.database()
    scope = scope_of(by)
    with database.reading() as reading:
        types, mask = _types(reading, wanted.type), mask_for(reading, by)
    export = begin("records.export", wanted.type or "records", {"format": format, "filters": wanted.told})
    with export.ending_where_it_fails():
        pages = _pages(database, scope, wanted, mask)
    return export, pages, types, mask


def _table(format: str, wanted: Wanted, wording: Wording) -> tuple[Export, RecordTable, Iterator[list[list[str]]]]:
    """Check and note down who exports; return the export, the table, and the cells of one page after the other."""
    export, pages, types, mask = begun(format, wanted)
    database, by = context.database(), context.caller()
    with export.ending_where_it_fails(), database.reading() as reading:
        table = RecordTable(reading, types, wording, scope_of(by), mask)

    def cells() -> Iterator[list[list[str]]]:
        for found in pages:
            with database.reading() as reading:
                page = list(export.counted(table.cells(reading, found)))
            yield page

    return export, table, cells()


def _types(reading: Reading, type: str | None) -> list[RecordType]:
    known = forms.catalogue(reading).types
    return [known[type]] if type else [known[name] for name in sorted(known)]


def _pages(database: Database, scope: Scope, wanted: Wanted, mask: RecordMask) -> Rows:
    """Return the pages. The first is read at once: what the list refuses is an answer then, and no file cut short."""

    def page(before: int | None) -> list[Row]:
        with database.reading() as reading:
            return wanted.page(reading, scope, before, PAGE_ROWS)

    def shown(found: list[Row]) -> Rows:
        while found:
            yield found if wanted.as_stored else [mask.exported(row) for row in found]
            found = page(found[-1]["born_seq"]) if len(found) >= PAGE_ROWS else []

    return shown(page(None))
