"""Exports records as CSV, XLSX and GeoJSON, however many there are, a page of them at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
from flask import Response

from schemas.exports import RecordExportQuery
from schemas.records import RecordFilter
from server import table_files
from server.api import responses, serializers
from server.api.blueprints import create_blueprint
from server.api.records import filters_of
from server.db.sql import Row
from server.forms.domain.outline import Language, Wording
from server.forms.domain.record_types import RecordType
from server.records.domain import positions
from server.records.store import record_lists
from server.web import context, downloads, record_exports
from server.web.record_exports import Rows, Wanted
from sync.datatypes import invalid_reason

blueprint = create_blueprint("exports", "导出 · exports of records")

GEOMETRY = "geometry"
"""The property that holds a record's place, as ODK names it."""

Placed = tuple[str, str]
"""A field that holds a place: its name and its type."""

_PLACES = ("geopoint", "geotrace", "geoshape")


@blueprint.route("/records.csv")
@blueprint.arguments(RecordExportQuery, location="query")
@blueprint.response(200, {"type": "string"}, content_type="text/csv")
@blueprint.alt_response(403, success=False, description="the caller's duties do not let them export")
def export_csv(query: dict[str, Any]) -> Response:
    """Export records as CSV (UTF-8 with BOM), newest first.

    One line a record: system columns, then the fields of the type, or of all types without `type`; labels and Beijing
    time, or codes and UTC. A cell that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    return record_exports.as_csv(wanted(query), wording_of(query))


@blueprint.route("/records.xlsx")
@blueprint.arguments(RecordExportQuery, location="query")
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type=table_files.XLSX_TYPE)
@blueprint.alt_response(403, success=False, description="the caller's duties do not let them export")
def export_xlsx(query: dict[str, Any]) -> Response:
    """Export records as a workbook; what `records.csv` says, in the same order, numbers as numbers and texts as texts.

    After 1,048,575 records it goes on in a second sheet.
    """
    return record_exports.as_workbook(wanted(query), wording_of(query))


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
    export, pages, types, _ = record_exports.begun("geojson", wanted(query))
    parts = _geojson((list(export.counted(page)) for page in pages), _position_fields(types))
    return downloads.exported(export, parts, "application/geo+json", "records.geojson")


def wanted(query: dict[str, Any], columns: str = record_lists.NEWEST) -> Wanted:
    """Return what a query asks to leave. columns: of each row, as ``record_exports.listed`` wants them.

    Raises NotAllowed (may not export), NotFound and Invalid as the list does.
    """
    by = context.caller()
    record_exports.scope_of(by)  # before anything else is said of the query
    with context.database().reading() as reading:
        return Wanted(query.get("type"), query, record_exports.listed(filters_of(reading, query, by), columns))


def wording_of(query: dict[str, Any]) -> Wording:
    """Return how a query wants its file worded."""
    labels = query.get("labels", True)
    headings = query.get("headings", "zh" if labels else "names")
    return Wording(labels, None if headings == "names" else Language(headings))


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
