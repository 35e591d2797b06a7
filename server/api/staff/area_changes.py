"""Serve changes of the grid, one area at a time, and what each would touch."""

from __future__ import annotations

from typing import Any

from flask import Response

from schemas.grid import AreaSchema
from schemas.rosters import (
    AreaChangeQuery,
    AreaNameSchema,
    AreaPreviewSchema,
    ClosingRequestSchema,
    MergerRequestSchema,
    UnitRequestSchema,
)
from server.api import responses, serializers
from server.api.blueprints import create_blueprint
from server.grid.domain.areas import Area
from server.instants import local_day
from server.staffing.usecases import area_changes, area_previews
from server.staffing.usecases.area_previews import AreaPreview
from server.web import context

blueprint = create_blueprint("area-changes", "网格变更 · merging, closing, renaming areas, adding units")

_UNKNOWN = "unknown, or out of reach"


@blueprint.route("/areas/<code>/change-preview")
@blueprint.arguments(AreaChangeQuery, location="query")
@blueprint.response(200, AreaPreviewSchema)
@blueprint.alt_response(403, success=False, description="the caller may not change the grid")
@blueprint.alt_response(404, success=False, description=_UNKNOWN)
def preview_change(query: dict[str, Any], code: str) -> Response:
    """Look at what merging an area into `into`, or closing it without, would touch. Nothing changes."""
    by = context.caller()
    day = query["from_"] or local_day(by.at)
    with context.database().reading() as reading:
        if "into" in query:
            found = area_previews.of_merger(reading, code, query["into"], day, by=by)
        else:
            found = area_previews.of_closing(reading, code, day, by=by)
    return responses.json(_preview(found))


@blueprint.route("/areas/<code>/merger", methods=("POST",))
@blueprint.needs(("configuration", "edit"))
@blueprint.arguments(MergerRequestSchema)
@blueprint.response(200, AreaSchema)
@blueprint.alt_response(404, success=False, description=_UNKNOWN)
@blueprint.alt_response(409, success=False, description="no code is left for a unit")
def merge(arguments: dict[str, Any], code: str) -> Response:
    """Merge a village or unit into another from a day on; duties follow. The very same merger is made once."""
    by, into, day, basis = context.caller(), arguments["into"], arguments["from_"], arguments["basis"] or ""
    return _area(context.write(lambda tx: area_changes.merge(tx, code, into, day, basis, by=by)))


@blueprint.route("/areas/<code>/closing", methods=("POST",))
@blueprint.needs(("configuration", "edit"))
@blueprint.arguments(ClosingRequestSchema)
@blueprint.response(200, AreaSchema)
@blueprint.alt_response(404, success=False, description=_UNKNOWN)
def close(arguments: dict[str, Any], code: str) -> Response:
    """Close an area and all below from a day on; the duties in it end."""
    by, day, basis = context.caller(), arguments["from_"], arguments["basis"] or ""
    return _area(context.write(lambda tx: area_changes.close(tx, code, day, basis, by=by)))


@blueprint.route("/areas/<code>/name", methods=("POST",))
@blueprint.needs(("configuration", "edit"))
@blueprint.arguments(AreaNameSchema)
@blueprint.response(200, AreaSchema)
@blueprint.alt_response(404, success=False, description=_UNKNOWN)
def rename(arguments: dict[str, Any], code: str) -> Response:
    """Give an area another official name from today on; the old one stays on record."""
    by, name = context.caller(), arguments["name"]
    return _area(context.write(lambda tx: area_changes.rename(tx, code, name, by=by)))


@blueprint.route("/areas/<code>/units", methods=("POST",))
@blueprint.needs(("configuration", "edit"))
@blueprint.arguments(UnitRequestSchema)
@blueprint.response(201, AreaSchema)
@blueprint.alt_response(200, schema=AreaSchema, description="a unit of this name is there already")
@blueprint.alt_response(404, success=False, description=_UNKNOWN)
@blueprint.alt_response(409, success=False, description="no code is left")
def add_unit(arguments: dict[str, Any], code: str) -> Response:
    """Add a unit to a village; one of the same name is added once."""
    by, name, day = context.caller(), arguments["name"] or "", arguments["from_"] or ""
    found, added = context.write(lambda tx: area_changes.add_unit(tx, code, name, day, by=by))
    return _area(found, 201 if added else 200)


def _area(found: Area, status: int = 200) -> Response:
    return responses.json(serializers.grid.area(found, context.caller().at), status)


def _preview(found: AreaPreview) -> responses.Json:
    return {
        "area": found.area.code,
        "into": None if found.into is None else found.into.code,
        "at": found.at,
        "open_cases": found.open_cases,
        "past_cases": found.past_cases,
        "ledgers": [{"type": each.type, "count": each.total} for each in found.ledgers],
        "duties": [
            {"name": each.name, "display": each.display, "role": each.duty.role.value, "area": each.duty.area}
            for each in found.duties
        ],
        "units": dict(found.units),
        "takes_old_code": found.takes_old_code,
        "warnings": list(found.warnings),
        "faults": list(found.faults),
    }
