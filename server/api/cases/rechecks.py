"""Lists the closed cases that were drawn to be checked again."""

from __future__ import annotations

from typing import Any

from flask import Response

from schemas.lists import page_of
from schemas.requests import RecheckQuery, RecheckSchema
from server.api import responses
from server.api.areas import place_of
from server.api.blueprints import create_blueprint
from server.api.serializers import cases_named
from server.cases.domain import rechecks
from server.cases.store.rechecks import Wanted
from server.cases.usecases import rechecking
from server.cases.usecases.rechecking import Drawn
from server.grid.domain.areas import code_of
from server.records.usecases.disclosing import RecordMask
from server.web import context

blueprint = create_blueprint("rechecks", "回访 · closed cases that were drawn to be checked again")


@blueprint.route("/rechecks")
@blueprint.arguments(RecheckQuery, location="query")
@blueprint.response(200, page_of(RecheckSchema))
@blueprint.alt_response(404, success=False, description="the area is unknown, or out of reach")
def list_rechecks(query: dict[str, Any]) -> Response:
    """List the closed cases in the caller's scope that were drawn to be checked again, those due first in front.

    Each week a share of what was closed in each town is drawn, by a seed that `firegrid recheck draw` shows. A call or
    the next patrol is enough: `recheck` with `pass` and `method`, by somebody who neither handled nor closed the case.
    """
    by = context.caller()
    week = query.get("week")
    if week is not None:
        rechecks.monday_of(week)
    with context.database().reading() as reading:
        place = place_of(reading, query, by)
        bounds = None if place is None else place.bounds()
        found = rechecking.list_drawn(reading, by, Wanted(week, bounds, query.get("waiting", False)))
        mask = RecordMask(reading, by)
        cases_named.note_shown(mask, [each.row for each in found], "rechecks")
        return responses.single_page([_shown(each, mask) for each in found])


def _shown(each: Drawn, mask: RecordMask) -> responses.Json:
    drawn = each.recheck
    return {
        "case": cases_named.case(each.row, mask),
        "week": drawn.week,
        "town": code_of(drawn.town),
        "stratum": drawn.stratum,
        "drawn_at": drawn.drawn_at,
        "due_at": drawn.due_at,
        "waits": drawn.waits,
        "may_recheck": each.may_recheck,
    }
