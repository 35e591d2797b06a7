"""The records of a ledger of places that nobody has visited lately (谁家没有巡查)."""

from __future__ import annotations

from typing import Any

from flask import Response

from schemas.lists import page_of
from schemas.record_types import UnvisitedQuery, UnvisitedSchema
from server.api import responses
from server.api.blueprints import create_blueprint
from server.errors import NotFound
from server.forms.store import forms
from server.grid.store import areas
from server.people.usecases import visibility
from server.summaries.usecases import unvisited
from server.web import context

blueprint = create_blueprint("unvisited", "谁家没有巡查 · places that nobody has visited lately")


@blueprint.route("/record-types/<type_name>/unvisited")
@blueprint.arguments(UnvisitedQuery, location="query")
@blueprint.response(200, page_of(UnvisitedSchema))
@blueprint.alt_response(404, success=False, description="no such record type or area")
@blueprint.alt_response(422, success=False, description="a ledger of events or cases; too many records, name an area")
def list_unvisited(query: dict[str, Any], type_name: str) -> Response:
    """List the records of a ledger of places that nobody has visited in the last `days` days, by area.

    A visit is a patrol whose place is called just as the record in its village, or a form filled in about the record.
    """
    by, start, limit = context.caller(), responses.decode_number(query.get("cursor")) or 0, query["limit"]
    with context.database().reading() as reading:
        type = forms.catalogue(reading).types.get(type_name) if by.current else None
        if type is None:
            raise NotFound(f"没有“{type_name}”这个台账。", type=type_name)
        area = None if query.get("area") is None else visibility.get_visible(reading, query["area"], by)
        found, _ = unvisited.unvisited(reading, type, query["days"], area, by=by)
        shown = found[start : start + limit]
        names = areas.full_names(reading, {each.area for each in shown})
    if whole := [each.id for each in shown if each.is_whole]:
        context.audit_read("personal.read", "records", {"types": [type_name]}, whole)
    items = [
        {
            "id": each.id,
            "label": each.label,
            "area": each.area,
            "area_name": names.get(each.area, each.area),
            "last": each.last,
        }
        for each in shown
    ]
    return responses.page(items, start + limit if len(found) > start + limit else None)
