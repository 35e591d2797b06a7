"""Serve parts of the closure summary: the received and closed of each day, and who has what is overdue."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Response

from schemas.summaries import ClosureDaysSchema, ClosureFilter, ClosureOverdueSchema
from server.api import responses
from server.api.blueprints import create_blueprint
from server.api.summaries import RECORDED, REFUSED, cases_address, request_of
from server.instants import Instant
from server.summaries.usecases import daily, handlers
from server.summaries.usecases.closure_summary import Query
from server.web import context

blueprint = create_blueprint("summary-parts", "汇总的每天与承办 · each day, and who has what is overdue")


@blueprint.route("/summaries/closure/overdue")
@blueprint.arguments(ClosureFilter, location="query")
@blueprint.response(200, ClosureOverdueSchema)
@blueprint.alt_response(403, success=False, description=REFUSED)
@blueprint.alt_response(404, success=False, description="the area is unknown, or out of reach")
def closure_overdue_of(arguments: dict[str, Any]) -> Response:
    """Say in whose hands the cases are that `handling_overdue` counts, and how long the longest is over.

    Bodies in the order of their codes, then persons by their role and town, never by name; no ranking. `by` is taken
    and changes nothing. The cases of a line: `cases`, with its key as `handler`.
    """
    with responses.naming_fields(), context.database().reading() as reading:
        query = request_of(reading, arguments).query(reading.now)
        found = handlers.overdue(reading, query)
        told = _address_of(query, reading.now)
    cases = cases_address(told | ({"areas": RECORDED} if query.as_recorded else {}))
    items = [
        {
            "handler": each.key,
            "name": each.name,
            "cases": each.cases,
            "longest_days": each.days,
            "address": f"{cases}&{urlencode({'figure': handlers.FIGURE, 'handler': each.key})}",
        }
        for each in found
    ]
    return responses.json({**told, "items": items, "total": sum(each.cases for each in found)})


@blueprint.route("/summaries/closure/days")
@blueprint.arguments(ClosureFilter, location="query")
@blueprint.response(200, ClosureDaysSchema)
@blueprint.alt_response(403, success=False, description=REFUSED)
@blueprint.alt_response(404, success=False, description="the area is unknown, or out of reach")
def closure_days_of(arguments: dict[str, Any]) -> Response:
    """Count the reports received and the cases closed on each day, three years of days at most.

    A day says what the summary of that day alone says as `reports` and `closed_in_period`. `by` changes nothing.
    """
    with responses.naming_fields(), context.database().reading() as reading:
        query = request_of(reading, arguments).query(reading.now)
        found = daily.by_day(reading, query)
        told = _address_of(query, reading.now)
    items = [
        {
            "day": each.day.isoformat(),
            "received": each.received,
            "closed": each.closed,
            "closed_week": each.closed_week,
        }
        for each in found
    ]
    return responses.json({**told, "items": items})


def _address_of(query: Query, now: Instant) -> dict[str, Any]:
    """Return which summary a query is of, its instant included, as an address says it."""
    return {
        "area": None if query.area is None else query.area.code,
        "from": query.period.first.isoformat(),
        "to": query.period.last.isoformat(),
        "as_of": query.as_of or now,
    }
