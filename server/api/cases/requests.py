"""Lists what handlers have asked for, and the ledger of what was decided about it."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from flask import Response

from schemas.lists import page_of
from schemas.requests import DecisionFilter, DecisionQuery, DecisionSchema, OpenRequestSchema, RequestQuery
from server import instants
from server.api import responses
from server.api.areas import place_of
from server.api.blueprints import create_blueprint
from server.api.serializers import cases_named
from server.cases.domain import decisions
from server.cases.domain.decisions import Decided
from server.cases.store import requests as decided_requests
from server.cases.store.requests import DecidedFilter
from server.cases.usecases import requests
from server.cases.usecases.requests import OpenRequest
from server.db.sql import Row
from server.db.transactions import Reading
from server.people.domain.actors import Actor
from server.records.usecases.disclosing import RecordMask
from server.web import context, decision_ledger

blueprint = create_blueprint("requests", "审批 · what handlers ask for, and what was decided")


@blueprint.route("/requests")
@blueprint.arguments(RequestQuery, location="query")
@blueprint.response(200, page_of(OpenRequestSchema))
@blueprint.alt_response(404, success=False, description="the area is unknown, or out of reach")
def list_requests(query: dict[str, Any]) -> Response:
    """List the open requests in the caller's scope, oldest first: who asks, why, and what granting would do.

    `actions` names the acts by which the caller may decide one; they are taken like any other change of the case.
    """
    by = context.caller()
    with context.database().reading() as reading:
        found = requests.list_open(
            reading,
            by,
            kind=query.get("kind"),
            place=place_of(reading, query, by),
            decidable=query.get("decidable", False),
            overdue=query.get("overdue", False),
        )
        mask = RecordMask(reading, by)
        cases_named.note_shown(mask, [each.row for each in found], "requests")
        return responses.single_page([_open(each, mask) for each in found])


@blueprint.route("/requests/decided")
@blueprint.arguments(DecisionQuery, location="query")
@blueprint.response(200, page_of(DecisionSchema))
@blueprint.alt_response(404, success=False, description="the area is unknown, or out of reach")
def list_decisions(query: dict[str, Any]) -> Response:
    """List what was decided about requests on cases in the caller's scope, newest first."""
    by = context.caller()
    mask: RecordMask
    cases: dict[str, Row]

    def find(reading: Reading, before: int | None, limit: int) -> list[Decided]:
        nonlocal mask, cases
        mask, wanted = RecordMask(reading, by), _filter(reading, query, by)
        found = decided_requests.list_decided(reading, by.scope, wanted, before=before, limit=limit)
        cases = decided_requests.cases(reading, (each.record for each in found))
        cases_named.note_shown(mask, list(cases.values()), "requests")
        return found

    def shown(each: Decided) -> responses.Json:
        return _decided(each, cases[each.record], mask)

    return responses.listing(query, responses.decode_number, find, shown, attrgetter("seq"))


@blueprint.route("/requests/decided.csv")
@blueprint.arguments(DecisionFilter, location="query")
@blueprint.response(200, {"type": "string"}, content_type="text/csv")
@blueprint.alt_response(403, success=False, description="the caller's duties do not let them export")
@blueprint.alt_response(404, success=False, description="the area is unknown, or out of reach")
def decisions_csv(query: dict[str, Any]) -> Response:
    """Export the ledger of decisions as CSV (UTF-8 with BOM), newest first."""
    return decision_ledger.as_csv(*_wanted(query))


@blueprint.route("/requests/decided.xlsx")
@blueprint.arguments(DecisionFilter, location="query")
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type=decision_ledger.XLSX_TYPE)
@blueprint.alt_response(403, success=False, description="the caller's duties do not let them export")
@blueprint.alt_response(404, success=False, description="the area is unknown, or out of reach")
def decisions_xlsx(query: dict[str, Any]) -> Response:
    """Export the ledger of decisions as a workbook; what `decided.csv` says, in the same order."""
    return decision_ledger.as_workbook(*_wanted(query))


def _wanted(query: dict[str, Any]) -> tuple[DecidedFilter, dict[str, Any]]:
    decision_ledger.require_export()  # before anything else is said of the query
    with context.database().reading() as reading:
        return _filter(reading, query, context.caller()), query


def _filter(reading: Reading, query: dict[str, Any], by: Actor) -> DecidedFilter:
    place = place_of(reading, query, by)
    kind = decisions.BY_NAME.get(query.get("kind", ""))
    return DecidedFilter(
        decisions.DECIDING if kind is None else frozenset({kind.grant, kind.decline}),
        query.get("by"),
        None if place is None else place.bounds(),
    )


def _open(each: OpenRequest, mask: RecordMask) -> responses.Json:
    said = each.asked.inputs
    meant = each.consequence
    return {
        "kind": each.kind.name,
        "case": cases_named.case(each.row, mask),
        "asked_by": each.request.author,
        "asked_at": each.request.at,
        **{name: mask.text(each.row, said.get(name, "")) for name in ("reason", "safeguard", "note")},
        "level": each.level,
        "decide_by": each.decide_by,
        "if_granted": {
            "due_on": meant.due_on,
            "until": meant.until,
            "days": meant.days,
            "times": meant.times,
            "most": meant.most,
        },
        "actions": list(each.actions),
        "obstacle": each.obstacle,
    }


def _decided(each: Decided, case: Row, mask: RecordMask) -> responses.Json:
    asked = each.asked
    before, after = (instants.last_day(due) if due else "" for due in each.due)
    return {
        "kind": each.kind.name,
        "case": cases_named.case(case, mask),
        "granted": each.is_granted,
        "action": each.action,
        "by": each.author,
        "at": each.at,
        "reason": mask.text(case, each.inputs.get("reason", "")),
        "asked_by": None if asked is None else asked.author,
        "asked_at": None if asked is None else asked.at,
        "asked_reason": "" if asked is None else mask.text(case, asked.inputs.get("reason", "")),
        "due_before": before,
        "due_after": after,
    }
