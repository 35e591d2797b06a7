"""Serve the lists of hazards that go with the sheet of a month: open with 五落实, suspended, supervised, overdue."""

from __future__ import annotations

from typing import Any

from flask import Response

from schemas.figures.hazard_lists import HazardListQuery, HazardListRowSchema, HazardListSchema, HazardListsQuery
from schemas.lists import page_of
from server import table_files
from server.api import responses
from server.api.areas import place_of
from server.api.blueprints import create_blueprint
from server.api.cases import orders
from server.db.transactions import Reading
from server.monthly_reports.domain import hazard_lists
from server.monthly_reports.usecases import hazard_rows
from server.records.store.record_lists import DuePosition
from server.web import context, hazard_list_files, record_exports

blueprint = create_blueprint("hazard-lists", "清单 · lists of hazards to print or to hand in, without a name")

RowPageSchema = page_of(HazardListRowSchema)
Row = tuple[DuePosition, tuple[str, ...]]


@blueprint.route("/hazard-lists")
@blueprint.arguments(HazardListsQuery, location="query")
@blueprint.response(200, page_of(HazardListSchema))
def list_hazard_lists(query: dict[str, Any]) -> Response:
    """List which lists there are."""
    found = hazard_lists.lists_at(context.caller().at)
    return responses.single_page({"list": each.key, "title": each.title, "title_en": each.title_en} for each in found)


@blueprint.route("/hazard-lists/<list_code>")
@blueprint.doc(
    responses={
        "200": {
            "description": "by `format`",
            "content": {
                "application/json": {"schema": RowPageSchema},
                "text/csv": {"schema": {"type": "string"}},
                table_files.XLSX_TYPE: {"schema": {"type": "string", "format": "binary"}},
            },
        }
    }
)
@blueprint.arguments(HazardListQuery, location="query")
@blueprint.response(200, RowPageSchema)
@blueprint.alt_response(403, success=False, description="the caller's duties do not let them export")
@blueprint.alt_response(404, success=False, description="there is no such list, or the area is unknown or out of reach")
def get_hazard_list(query: dict[str, Any], list_code: str) -> Response:
    """Return a list of what the caller may export, the hazard due first before all others; nobody is named in it.

    As `json` page by page; as `csv` (UTF-8 with BOM, headings as printed) or `xlsx` whole, a file.
    """
    by = context.caller()
    scope = record_exports.scope_of(by)
    wanted = hazard_lists.find(list_code, by.at)
    filters = {name: query[name] for name in ("area",) if name in query}
    with context.database().reading() as reading:
        place = place_of(reading, query, by)
    if query["format"] != "json":
        return hazard_list_files.as_file(list_code, query["format"], place, filters)

    def find(reading: Reading, cursor: str | None, limit: int) -> list[Row]:
        after = None if cursor is None else orders.position_of(cursor)
        mask = record_exports.mask_for(reading, by)
        return hazard_rows.page(reading, scope, wanted, mask, place, after=after, limit=limit)

    response = responses.listing(query, responses.decode_cursor, find, _shown, lambda found: orders.written(found[0]))
    export = hazard_list_files.begin(list_code, "json", filters)
    export.rows = len(response.get_json()["items"])
    export.end()
    return response


def _shown(found: Row) -> responses.Json:
    return dict(zip(hazard_lists.NAMES, found[1], strict=True))
