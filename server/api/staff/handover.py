"""Serve the preview of a move, the hand-over of many cases, and the swap of two people."""

from __future__ import annotations

from typing import Any

from flask import Response

from schemas.handover import (
    AffectedSchema,
    HandoverRequestSchema,
    HandoverResultSchema,
    MoveQuery,
    SwapRequestSchema,
    SwapResultSchema,
)
from schemas.lists import page_of
from server import instants
from server.api import responses, serializers
from server.api.blueprints import create_blueprint
from server.people.domain.people import FieldClient
from server.records.domain.records import Record
from server.records.usecases.disclosing import RecordMask
from server.staffing.usecases import handover
from server.staffing.usecases.handover import HandedCase
from server.web import context, problem_details

blueprint = create_blueprint("reassign", "改派与调动 · moving work and people while phones are offline")

UNKNOWN_UNSENT = "手机上有没有未发送的内容，服务器看不到；请先让本人联网打开 ODK Collect 全部发送，再调动。"


@blueprint.route("/users/<name>/move-preview")
@blueprint.arguments(MoveQuery, location="query")
@blueprint.response(200, AffectedSchema)
@blueprint.alt_response(404, success=False, description="the person or area is unknown, or out of reach")
def preview(query: dict[str, Any], name: str) -> Response:
    """Preview what moving a person, or ending all of their duties, affects: open cases, records, unsent work."""
    by = context.caller()
    with context.database().reading() as reading:
        found = handover.preview(reading, name, query["area"], by=by)
        mask = RecordMask(reading, by)
    return responses.json(
        {
            "name": found.person.name,
            "display": found.person.display,
            "leaving": found.leaving,
            "going_back": [_case(each, mask) for each in found.going_back],
            "staying": [_case(each, mask) for each in found.staying],
            "helping": [_case(each, mask) for each in found.helping],
            "records": found.records,
            "phones": [{**serializers.people.phone(each), "advice": UNKNOWN_UNSENT} for each in found.phones],
            "clients": [{**serializers.people.field_client(each), "advice": _advice(each)} for each in found.clients],
        }
    )


@blueprint.route("/handovers", methods=("POST",))
@blueprint.needs(("case", "assign"), lately=True)
@blueprint.arguments(HandoverRequestSchema)
@blueprint.response(200, page_of(HandoverResultSchema))
def hand_over(arguments: dict[str, Any]) -> Response:
    """Assign many open cases to one taker; each is judged by itself, and refused ones are listed."""
    by, cases = context.caller(), [str(each) for each in arguments["cases"]]
    handed = context.write(
        lambda tx: handover.hand_over(
            tx, arguments["to"], giver=arguments["from_"], cases=cases, note=arguments.get("note", ""), by=by
        )
    )
    mask = RecordMask(context.database().single_read(), by)
    return responses.single_page(_handed(each, mask) for each in handed)


@blueprint.route("/users/<name>/swap", methods=("POST",))
@blueprint.needs(("staff", "edit"))
@blueprint.arguments(SwapRequestSchema)
@blueprint.response(200, SwapResultSchema)
@blueprint.alt_response(404, success=False, description="one of them is unknown, or out of reach")
@blueprint.alt_response(409, success=False, description="they are in the same place")
def swap(arguments: dict[str, Any], name: str) -> Response:
    """Swap the places of two people at once; the same `id` again changes nothing."""
    by, other, id = context.caller(), arguments["with_"], arguments["id"]
    duties = context.write(lambda tx: handover.swap(tx, name, other, id=None if id is None else str(id), by=by))
    return responses.json({"duties": [serializers.people.duty(each, by.at) for each in duties]})


def _case(record: Record, mask: RecordMask) -> responses.Json:
    due_on = None if record.due_at is None else instants.last_day(record.due_at)
    return {"id": record.id, "label": mask.label(record), "status": record.status, "due_on": due_on}


def _advice(client: FieldClient) -> str:
    at = instants.parse(client.seen_at).astimezone(instants.BEIJING).strftime("%m-%d %H:%M")
    if client.unsent:
        return f"{at} 时还有{client.unsent}项未发送；请先发送，再调动。"
    return f"{at} 时没有未发送的内容；此后如有填写，请先发送，再调动。"


def _handed(handed: HandedCase, mask: RecordMask) -> responses.Json:
    refusal = None if handed.refusal is None else problem_details.body_of(handed.refusal)
    return {
        "id": handed.id,
        "outcome": None if handed.outcome is None else serializers.records.outcome(handed.outcome, mask),
        "refusal": refusal,
    }
