"""Serve the review list (线索清单): signs that are worth a look, of a place and some days; never a verdict."""

from __future__ import annotations

from typing import Any

from flask import Response

from schemas.figures.review_list import ReviewLineSchema, ReviewListQuery
from schemas.lists import page_of
from server import table_files
from server.api import responses
from server.api.blueprints import create_blueprint
from server.api.summaries import REFUSED, request_of
from server.summaries.usecases import review_list, spreadsheets
from server.summaries.usecases.review_list import Line
from server.web import context, downloads, record_exports

blueprint = create_blueprint("review-list", "线索清单 · signs that are worth a look, and no verdict")

_PAGE = page_of(ReviewLineSchema)


@blueprint.route("/summaries/closure/review")
@blueprint.doc(
    responses={
        "200": {
            "description": "by `format`",
            "content": {"application/json": {"schema": _PAGE}, "text/csv": {"schema": {"type": "string"}}},
        }
    }
)
@blueprint.arguments(ReviewListQuery, location="query")
@blueprint.response(200, _PAGE)
@blueprint.alt_response(403, success=False, description=REFUSED)
@blueprint.alt_response(404, success=False, description="the area is unknown, or out of reach")
@blueprint.alt_response(422, success=False, description="the query is wrong, or too many cases: name an area")
def closure_review_of(arguments: dict[str, Any]) -> Response:
    """List what is worth a look, as things are now: a sign has innocent causes, too, and is no verdict.

    One photo at different places, closings within seconds of the feedback, many closings at the end of a month, and
    overdue cases made void, merged or given a later limit. What has no position, or no clock that can be believed, is
    never listed for that. Nobody is named. As `csv` (UTF-8 with BOM), a file.
    """
    is_file = arguments["format"] == "csv"
    start, limit = responses.decode_number(arguments.get("cursor")) or 0, arguments["limit"]
    with responses.naming_fields(), context.database().reading() as reading:
        found = review_list.find(reading, request_of(reading, arguments).query(reading.now))
        mask = record_exports.mask_for(reading, context.caller())
        shown = found if is_file else found[start : start + limit]
        lines = review_list.lines(reading, shown, mask.row_label)
    if not is_file:
        return responses.page(map(_json, lines), start + limit if len(found) > start + limit else None)
    told = {name.rstrip("_"): str(arguments[name]) for name in ("area", "from_", "to", "period") if name in arguments}
    export = record_exports.begin("summaries.export", "review", {"format": "csv", "filters": told})
    with export.ending_where_it_fails():
        content = spreadsheets.as_csv([review_list.COLUMNS, *export.counted(review_list.as_rows(lines))])
    return downloads.exported(export, [content], table_files.CSV_TYPE, "closure-review.csv")


def _json(line: Line) -> dict[str, Any]:
    return {
        "sign": line.sign.key,
        "label": line.sign.label,
        "note": line.note,
        "note_en": line.note_en,
        "area": line.area,
        "area_name": line.area_name,
        "count": line.number,
        "cases": line.cases,
    }
