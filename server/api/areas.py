"""Serve the grid, as far as the caller's duties reach."""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import Any

from flask import Response

from schemas.grid import AreaQuery, AreaSchema, BorderQuery, BordersSchema
from schemas.lists import page_of
from server.api import responses, serializers
from server.api.blueprints import create_blueprint
from server.db.transactions import Reading
from server.grid.domain.areas import Area, Place, full_code
from server.grid.store import areas
from server.grid.usecases import bordering
from server.people.domain.actors import Actor
from server.people.usecases import visibility
from server.people.usecases.visibility import get_visible
from server.web import context

blueprint = create_blueprint("areas", "网格 · the grid: county, towns, villages, units")


@blueprint.route("/areas")
@blueprint.arguments(AreaQuery, location="query")
@blueprint.response(200, page_of(AreaSchema))
def list_areas(query: dict[str, Any]) -> Response:
    """List the areas directly below another, by code: those of the caller's duties and those above them."""
    by = context.caller()

    def find(reading: Reading, after: str, limit: int) -> Iterator[Area]:
        parent = full_code(query["parent"]) if "parent" in query else None
        if parent is not None:
            get_visible(reading, parent, by)
        return (area for area in areas.list_children(reading, parent, visibility.of(by)) if area.code > after)

    def to_json(area: Area) -> responses.Json:
        return serializers.grid.area(area, by.at)

    return responses.listing(query, responses.decode_text, find, to_json, attrgetter("code"))


@blueprint.route("/areas/borders")
@blueprint.arguments(BorderQuery, location="query")
@blueprint.response(200, BordersSchema)
@blueprint.alt_response(404, success=False, description="the area is unknown, or out of reach")
def list_borders(query: dict[str, Any]) -> Response:
    """Return where the areas of the caller's duties end, as GeoJSON (RFC 7946), as far as it has been brought in."""
    with context.database().reading() as reading:
        by = context.caller()
        seen = visibility.of(by).at(place_of(reading, query, by))
        return responses.json(bordering.as_geojson(reading, seen))


@blueprint.route("/areas/<code>")
@blueprint.response(200, AreaSchema)
@blueprint.alt_response(404, success=False, description="unknown, or out of reach")
def get_area(code: str) -> Response:
    """Get one area; its code may be written short."""
    with context.database().reading() as reading:
        return responses.json(serializers.grid.area(get_visible(reading, code, context.caller()), reading.now))


def place_of(reading: Reading, query: dict[str, Any], actor: Actor) -> Place | None:
    """Return the place that the filter ``area`` names, None without one. Raises NotFound when it is out of reach."""
    return get_visible(reading, query["area"], actor).place if "area" in query else None
