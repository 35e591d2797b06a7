"""Streams records as CSV, XLSX and GeoJSON, however many there are, without ever holding more than one page of them.

Each page is a reading of its own that goes on where the last one ended. One long reading would show a single
instant, but while somebody's slow line takes a million rows the write-ahead log could not be checkpointed and
would grow without bound. A record keeps its place in the order for ever, so no row comes twice and none is skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import orjson
from flask import Response, request

from schemas.exports import RecordExportQuery
from schemas.records import RecordFilter
from server import table_files
from server.api import responses, serializers
from server.api.blueprints import create_blueprint
from server.api.records import filters_of
from server.audit.domain.entries import Entry
from server.audit.usecases import exports as audited_exports
from server.audit.usecases.exports import Export
from server.db.database import Database
from server.db.sql import Row
from server.db.transactions import Reading
from server.errors import NotAllowed
from server.forms.domain.outline import Language, Wording
from server.forms.domain.record_types import RecordType
from server.forms.store import forms
from server.grid.domain.scope import Scope
from server.people.domain import rights, roles
from server.people.domain.actors import Actor
from server.records.domain import positions
from server.records.store import record_lists
from server.records.store.record_lists import Filters
from server.records.usecases.disclosing import RecordMask
from server.records.usecases.record_tables import RecordTable
from server.web import context
from sync.datatypes import invalid_reason

blueprint = create_blueprint("exports", "导出 · exports of records")

PAGE_ROWS = 2_000

GEOMETRY = "geometry"
"""The property that holds a record's place, as ODK names it."""

Placed = tuple[str, str]
"""A field that holds a place: its name and its type."""

_PLACES = ("geopoint", "geotrace", "geoshape")

Rows = Iterator[list[Row]]


@blueprint.route("/records.csv")
@blueprint.arguments(RecordExportQuery, location="query")
@blueprint.response(200, {"type": "string"}, content_type="text/csv")
@blueprint.alt_response(403, success=False, description="the caller's duties do not let them export")
def export_csv(query: dict[str, Any]) -> Response:
    """Export records as CSV (UTF-8 with BOM), newest first.

    One line a record: system columns, then the fields of the type, or of all types without `type`; labels and Beijing
    time, or codes and UTC. A cell that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    export, table, pages = _table("csv", query)
    text, number = guards(wording_of(query))
    safe = [number if numeric else text for numeric in table.numeric]
    lines = (
        table_files.csv_lines([make_safe(cell) for make_safe, cell in zip(safe, cells, strict=True)] for cells in page)
        for page in pages
    )
    heading = table_files.BOM + table_files.csv_lines([map(text, table.headings)])
    return responses.exported(export, chain([heading], lines), table_files.CSV_TYPE, "records.csv")


@blueprint.route("/records.xlsx")
@blueprint.arguments(RecordExportQuery, location="query")
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type=table_files.XLSX_TYPE)
@blueprint.alt_response(403, success=False, description="the caller's duties do not let them export")
def export_xlsx(query: dict[str, Any]) -> Response:
    """Export records as a workbook; what `records.csv` says, in the same order, numbers as numbers and texts as texts.

    After 1,048,575 records it goes on in a second sheet.
    """
    export, table, pages = _table("xlsx", query)

    def fill(book: table_files.Workbook) -> None:
        write = book.add_table("台账", table.headings, table.numeric)
        for page in pages:
            for cells in page:
                write(cells)

    return responses.workbook(export, fill, "records.xlsx")


@blueprint.route("/records.geojson")
@blueprint.arguments(RecordFilter, location="query")
@blueprint.response(200, {"type": "object"}, content_type="application/geo+json")
@blueprint.alt_response(403, success=False, description="the caller's duties do not let them export")
def export_geojson(query: dict[str, Any]) -> Response:
    """Export records as a GeoJSON FeatureCollection (RFC 7946), newest first.

    The position is the field `geometry`, else the first geopoint of the type, else its first geotrace (a line) or
    geoshape (a polygon); a record without one has a null geometry, so that the count of features is the count of
    records.
    """
    export, pages, types, _ = begun("geojson", query)
    parts = _geojson((list(export.counted(page)) for page in pages), _position_fields(types))
    return responses.exported(export, parts, "application/geo+json", "records.geojson")


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


def masks_phones(by: Actor) -> bool:
    """Say whether files of ``by`` hold masked numbers even where they may write them: every right to export says so."""
    granted = [grant for duty in by.current for grant in rights.grants(by, "export", "read", duty.place.path)]
    return all("masked_phones" in grant.limits for grant in granted)


def mask_for(reading: Reading, by: Actor) -> RecordMask:
    """Return how files show records to ``by``."""
    return RecordMask(reading, by, masks_phones=masks_phones(by))


def wording_of(query: dict[str, Any]) -> Wording:
    """Return how a query wants its file worded."""
    labels = query.get("labels", True)
    headings = query.get("headings", "zh" if labels else "names")
    return Wording(labels, None if headings == "names" else Language(headings))


def guards(wording: Wording) -> tuple[Callable[[str], str], Callable[[str], str]]:
    """Return what makes a cell of a CSV safe, in a column of texts and in one of numbers.

    Safe from being run, and with labels, which people open, from being changed.
    """
    if wording.labels:
        return table_files.verbatim, table_files.verbatim_number
    return table_files.escaped, table_files.escaped


def begin(event: str, object: str, details: Mapping[str, Any]) -> Export:
    """Note down that the caller begins to export, before anything leaves; the rows that leave are counted by it.

    event, object, details: as in an entry of the audit. Raises DiskFull, and then nothing leaves.
    """
    by = context.caller()
    entry = Entry(event, by.name, object, details, address=request.remote_addr or "")
    return audited_exports.begin(context.database(), entry)


def begun(format: str, query: dict[str, Any]) -> tuple[Export, Rows, list[RecordType], RecordMask]:
    """Check and note down who exports what; return the export, the pages, masked, their types, and the mask."""
    by, database = context.caller(), context.database()
    scope = scope_of(by)
    with database.reading() as reading:
        filters = filters_of(reading, query, by)
        types, mask = _types(reading, filters), mask_for(reading, by)
    export = begin("records.export", query.get("type", "records"), {"format": format, "filters": query})
    return export, _pages(database, scope, filters, mask), types, mask


def _table(format: str, query: dict[str, Any]) -> tuple[Export, RecordTable, Iterator[list[list[str]]]]:
    """Check and note down who exports; return the export, the table, and the cells of one page after the other."""
    export, pages, types, mask = begun(format, query)
    database, by = context.database(), context.caller()
    with export.ending_where_it_fails(), database.reading() as reading:
        table = RecordTable(reading, types, wording_of(query), scope_of(by), mask)

    def cells() -> Iterator[list[list[str]]]:
        for found in pages:
            with database.reading() as reading:
                page = list(export.counted(table.cells(reading, found)))
            yield page

    return export, table, cells()


def _types(reading: Reading, filters: Filters) -> list[RecordType]:
    known = forms.catalogue(reading).types
    type = filters.columns.get("type")
    return [known[str(type)]] if type else [known[name] for name in sorted(known)]


def _pages(database: Database, scope: Scope, filters: Filters, mask: RecordMask) -> Rows:
    before: int | None = None
    while True:
        with database.reading() as reading:
            found = record_lists.page(reading, scope, filters, before=before, limit=PAGE_ROWS)
        if found:
            yield [mask.exported(row) for row in found]
        if len(found) < PAGE_ROWS:
            return
        before = found[-1]["born_seq"]


def _geojson(pages: Rows, placed: Mapping[str, Sequence[tuple[str, str]]]) -> Iterator[bytes]:
    yield b'{"type":"FeatureCollection","features":['
    first = True
    for found in pages:
        features = b",\n".join(orjson.dumps(_feature(row, placed.get(row["type"], ()))) for row in found)
        yield features if first else b",\n" + features
        first = False
    yield b"]}\n"


def _feature(row: Row, placed: Sequence[Placed]) -> responses.Json:
    values = _fields(row)
    geometry = next((made for name, type in placed if (made := _geometry(values.get(name, ""), type))), None)
    return {
        "type": "Feature",
        "id": row["id"],
        "geometry": geometry,
        "properties": {**serializers.records.listed(row), "fields": values},
    }


def _geometry(value: str, type: str) -> responses.Json | None:
    """Return what a geopoint, geotrace or geoshape of ODK draws; None for none, or for one that is not valid."""
    if not value or invalid_reason(type, value) is not None:
        return None
    return positions.as_geojson(value, type)


def _position_fields(types: Sequence[RecordType]) -> dict[str, list[Placed]]:
    """Return the fields with a place by record type: ``geometry`` first, then points, lines, areas."""
    found = {}
    for each in types:
        placed = [(field.name, field.type) for field in each.fields.values() if field.type in _PLACES]
        found[each.name] = sorted(placed, key=lambda place: (place[0] != GEOMETRY, _PLACES.index(place[1])))
    return found


def _fields(row: Row) -> dict[str, str]:
    values: dict[str, str] = orjson.loads(row["fields"])
    return values
