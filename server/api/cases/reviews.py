"""Lists the suspended and transferred cases that are to be looked at again."""

from __future__ import annotations

from typing import Any

from flask import Response

from schemas.lists import page_of
from schemas.requests import ReviewQuery, ReviewSchema
from server.api import responses
from server.api.areas import place_of
from server.api.blueprints import create_blueprint
from server.api.serializers import cases_named
from server.cases.usecases import reviewing
from server.records.usecases.disclosing import RecordMask
from server.web import context

blueprint = create_blueprint("reviews", "定期核查 · suspended and transferred cases to look at again")


@blueprint.route("/reviews")
@blueprint.arguments(ReviewQuery, location="query")
@blueprint.response(200, page_of(ReviewSchema))
@blueprint.alt_response(404, success=False, description="the area is unknown, or out of reach")
def list_reviews(query: dict[str, Any]) -> Response:
    """List the suspended and transferred cases in the caller's scope that are due to be looked at, those due first.

    A suspended case is looked at each quarter, a transferred one each month, from 14 days before its day on. Where
    nothing has changed the action `review` says so, without any input.
    """
    by = context.caller()
    with context.database().reading() as reading:
        found = reviewing.list_due(reading, by, place_of(reading, query, by), later=query.get("later", False))
        mask = RecordMask(reading, by)
        cases_named.note_shown(mask, [each.row for each in found], "reviews")
        shown = [
            {"case": cases_named.case(each.row, mask), "due_at": each.due_at, "may_review": each.may_review}
            for each in found
        ]
        return responses.single_page(shown)
