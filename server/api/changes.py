"""Take changes to records, one at a time: carried out as requested, or refused as a whole with the rule."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, request

from schemas.changes import ChangeRequestSchema, CreateRequestSchema, OutcomeSchema, Write
from server.api import responses, serializers
from server.api.blueprints import create_blueprint
from server.changes.domain import manual_edits
from server.changes.usecases import interactive
from server.changes.usecases.interactive import ChangeRequest, CreateRequest
from server.changes.usecases.recording import Outcome
from server.errors import Invalid
from server.records.usecases.disclosing import RecordMask
from server.submissions.store import sent_files
from server.web import context
from sync.changes import AttachmentName, FieldWrite

blueprint = create_blueprint("changes", "变更 · changes to records")

ETAG = {"ETag": {"description": "the version of the record as it now is", "schema": {"type": "string"}}}


@blueprint.route("/records/<uuid:record_id>/changes", methods=("POST",))
@blueprint.needs(*manual_edits.RIGHTS_TO_CHANGE, lately=True)
@blueprint.arguments(ChangeRequestSchema)
@blueprint.response(200, OutcomeSchema, headers=ETAG)
@blueprint.doc(
    parameters=[
        {
            "in": "header",
            "name": "If-Match",
            "schema": {"type": "string"},
            "description": "ETag of the version that was looked at; 412 when the record has moved on",
        }
    ]
)
@blueprint.alt_response(403, success=False, description="not the caller's to do")
@blueprint.alt_response(404, success=False, description="unknown, or out of scope")
@blueprint.alt_response(409, success=False, description="no such step, a stale version, or a change id used otherwise")
@blueprint.alt_response(412, success=False, description="If-Match names another version")
@blueprint.alt_response(422, success=False, description="`errors` names every wrong field")
def change(arguments: dict[str, Any], record_id: UUID) -> Response:
    """Edit a record or move a case; an edit of an older version is merged, an act on one is refused."""
    request = ChangeRequest(
        action=arguments["action"],
        fields=_writes(arguments["fields"]),
        id=_text(arguments.get("id")),
        base_version=arguments["base_version"],
        expected=_expected(),
        seen_status=arguments["seen_status"],
        attachments=_attachments(arguments),
    )
    by = context.caller()
    return _response(context.write(lambda tx: interactive.change(tx, str(record_id), request, by=by)))


@blueprint.route("/records", methods=("POST",))
@blueprint.needs(*manual_edits.RIGHTS_TO_CREATE)
@blueprint.arguments(CreateRequestSchema)
@blueprint.response(201, OutcomeSchema, headers=ETAG)
@blueprint.alt_response(200, schema=OutcomeSchema, description="this very change was carried out already")
@blueprint.alt_response(403, success=False, description="not the caller's to do")
@blueprint.alt_response(404, success=False, description="the area is unknown, or out of reach")
@blueprint.alt_response(409, success=False, description="the change id is used otherwise")
@blueprint.alt_response(422, success=False, description="`errors` names every wrong field")
def create(arguments: dict[str, Any]) -> Response:
    """Create a record: report a hazard, or add a row to a ledger."""
    new = CreateRequest(
        action=arguments["action"],
        type=arguments["type"],
        fields=_writes(arguments["fields"]),
        area=arguments["area"],
        id=_text(arguments.get("id")),
        record=_text(arguments.get("record")),
        attachments=_attachments(arguments),
    )
    by = context.caller()
    outcome, created = context.write(lambda tx: interactive.create(tx, new, by=by))
    return _response(outcome, 201 if created else 200)


def _response(outcome: Outcome, status: int = 200) -> Response:
    mask = RecordMask(context.database().single_read(), context.caller())
    response = responses.json(serializers.records.outcome(outcome, mask), status)
    if outcome.record is not None:
        response.set_etag(str(outcome.record.version))
    return response


def _writes(fields: dict[str, Write]) -> dict[str, FieldWrite | str]:
    return {name: value if isinstance(value, str) else FieldWrite(*value) for name, value in fields.items()}


def _attachments(arguments: dict[str, Any]) -> tuple[AttachmentName, ...]:
    """Return the files that a change names. Raises Invalid for a size that is not that of what the caller has sent."""
    named = tuple(AttachmentName(**each) for each in arguments["attachments"])
    by = context.caller().name
    sent = sent_files.sent(context.database().single_read(), [(each.sha256, by) for each in named]) if named else {}
    wrong = [
        {
            "field": f"attachments.{at}.size",
            "message": f"这个 SHA-256 的照片已传到，有 {sent[each.sha256, by].size} 字节，不是 {each.size}。",
        }
        for at, each in enumerate(named)
        if (each.sha256, by) in sent and sent[each.sha256, by].size != each.size
    ]
    if wrong:
        raise Invalid(f"请求有误：{wrong[0]['message']}", errors=wrong)
    return named


def _expected() -> frozenset[int] | None:
    """Return the versions that If-Match names, None when it names none or any.

    A tag is a version, or that of an answer to GET: the version, a hyphen, and a hash (``responses.conditional``).
    """
    tags = request.if_match
    if "If-Match" not in request.headers or tags.star_tag:
        return None
    versions = (tag.partition("-")[0] for tag in tags.as_set() if tag)
    return frozenset(int(each) for each in versions if each.isascii() and each.isdecimal() and len(each) <= 18)


def _text(id: UUID | None) -> str | None:
    return None if id is None else str(id)
