"""Serve problems that wait for a person to settle them, and take the settlements."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from typing import Any
from uuid import UUID

from flask import Response

from schemas.lists import page_of
from schemas.problems import (
    KeptBodyQuery,
    ProblemDetailSchema,
    ProblemQuery,
    ProblemSchema,
    SettlementRequestSchema,
    SettlementResultSchema,
)
from server.api import responses, serializers
from server.api.areas import place_of
from server.api.blueprints import create_blueprint
from server.db.transactions import Reading
from server.errors import NotFound
from server.forms.store import forms
from server.problems.domain.settlements import Choice, How, SettlementRequest
from server.problems.store import problems
from server.problems.store.problems import StoredProblem
from server.records.usecases.disclosing import RecordMask
from server.settlement.usecases import details, masked_problems, settle
from server.settlement.usecases.details import ProblemDetails
from server.submissions.store import rejected
from server.submissions.usecases import unknown_forms
from server.submissions.usecases.masked_answers import NOTHING, AnswerMask
from server.web import context, sent_documents

blueprint = create_blueprint("problems", "待处理问题 · what only a person can settle")

FILTERS: tuple[str, ...] = ("kind", "record", "submission", "type", "author")
SETTLED = {"false": "open", "true": "settled", "any": "all"}


@blueprint.route("/problems")
@blueprint.arguments(ProblemQuery, location="query")
@blueprint.response(200, page_of(ProblemSchema))
@blueprint.alt_response(404, success=False, description="the area is unknown, or out of reach")
def list_problems(query: dict[str, Any]) -> Response:
    """List problems, newest first; only open ones by default."""
    by = context.caller()
    filters = {name: str(query[name]) for name in FILTERS if name in query}

    def find(reading: Reading, before: int | None, limit: int) -> list[StoredProblem]:
        place = place_of(reading, query, by)
        return problems.list_filed(
            reading,
            by.scope,
            filters=filters,
            settled=SETTLED[query["settled"]],
            bounds=None if place is None else place.bounds(),
            before=before,
            limit=limit,
        )

    mask = RecordMask(context.database().single_read(), by)

    told: list[StoredProblem] = []

    def shown(found: StoredProblem) -> responses.Json:
        told.append(found)
        return masked_problems.shown(mask, serializers.problems.problem(found), found)

    listed = responses.listing(query, responses.decode_number, find, shown, attrgetter("seq"))
    _note_read(mask, "problems", told)
    return listed


def _note_read(mask: RecordMask, object: str, told: Iterable[StoredProblem]) -> None:
    """Let the audit tell of which problems the caller was shown personal data whole."""
    whole = {found.record or found.id: found.type for found in told if masked_problems.tells_persons(mask, found)}
    if whole:
        context.audit_read("personal.read", object, {"types": sorted({*filter(None, whole.values())})}, whole)


@blueprint.route("/problems/<uuid:problem_id>")
@blueprint.response(200, ProblemDetailSchema)
@blueprint.alt_response(404, success=False, description="unknown, or out of scope")
def get_problem(problem_id: UUID) -> Response:
    """Get one problem with all that one needs to settle it: every value, who wrote it, when and where, with photos."""
    with context.database().reading() as reading:
        by = context.caller()
        view, mask = details.get(reading, str(problem_id), by), RecordMask(reading, by)
        shown = _in_full(view, mask)
    _note_read(mask, view.problem.record or view.problem.id, [view.problem])
    return responses.json(shown)


@blueprint.route("/problems/<uuid:problem_id>/settlement", methods=("POST",))
@blueprint.needs(("problem", "settle"))
@blueprint.arguments(SettlementRequestSchema)
@blueprint.response(200, SettlementResultSchema)
@blueprint.alt_response(403, success=False, description="not the caller's to settle")
@blueprint.alt_response(404, success=False, description="unknown, or out of scope")
@blueprint.alt_response(409, success=False, description="no way to settle this kind, settled otherwise, or moved on")
@blueprint.alt_response(422, success=False, description="`errors` names every wrong choice")
def settle_problem(arguments: dict[str, Any], problem_id: UUID) -> Response:
    """Settle a problem, or take a choice back; the same again returns the same, and a refusal changes nothing."""
    request = SettlementRequest(
        How(arguments["how"]),
        {name: Choice(each.get("head"), each.get("value", "")) for name, each in arguments["choices"].items()},
        arguments["reason"].strip(),
        arguments["base_version"],
    )
    by = context.caller()
    done = context.write(lambda tx: settle.settle(tx, str(problem_id), request, by=by))
    with context.database().reading() as reading:
        mask = RecordMask(reading, by)
        shown = _in_full(details.get(reading, str(problem_id), by), mask)
    return responses.json(
        {"problem": shown, "outcome": None if done.outcome is None else serializers.records.outcome(done.outcome, mask)}
    )


def _in_full(view: ProblemDetails, mask: RecordMask) -> responses.Json:
    return masked_problems.shown(mask, serializers.problems.in_full(view), view.problem, view.record)


@blueprint.route("/problems/<uuid:problem_id>/body")
@blueprint.arguments(KeptBodyQuery, location="query")
@blueprint.response(200, {"type": "string"}, content_type="text/xml")
@blueprint.alt_response(403, success=False, description="it may hold personal data that is not the caller's to see")
@blueprint.alt_response(404, success=False, description="unknown, out of scope, or the problem is about no such body")
@blueprint.alt_response(422, success=False, description="no reason, of a form that is not published here")
def get_kept_body(query: dict[str, str], problem_id: UUID) -> Response:
    """Get the bytes of the body that could not be taken, as the phone sent them.

    Of a form that is not published here nobody knows what in it is personal: it is revealed for a `reason`, and the
    audit keeps who looked, and why.
    """
    with context.database().reading() as reading:
        by = context.caller()
        found, records = problems.get(reading, str(problem_id), by.scope), RecordMask(reading, by)
        form = rejected.form_of(reading, found.kept_body or "")
        mask = AnswerMask(reading, forms.catalogue(reading).forms.get(form), records)
        hidden = None if masked_problems.is_hidden(records, found) else NOTHING
        content = None if found.kept_body is None else rejected.xml_of(reading, found.kept_body)
        is_unknown = unknown_forms.is_unknown(reading, found.kept_body)
    if content is None:
        raise NotFound("这个问题没有另外保存的提交内容。", problem=found.id)
    if is_unknown and hidden == NOTHING:
        return sent_documents.revealed(content, form, found.id, mask, query.get("reason", ""))
    return sent_documents.download(content, form, found.kept_body or "", mask, hidden)
