"""The caller's inbox: what they are told of cases, how much of it is unread, and marking it as read."""

from __future__ import annotations

from typing import Any

from flask import Response

from schemas.lists import page_of
from schemas.notices.inbox import AllReadSchema, InboxQuery, NoticeSchema, ReadUntilSchema, UnreadQuery, UnreadSchema
from server.api import responses
from server.api.blueprints import create_blueprint
from server.api.serializers import cases_named
from server.db.transactions import Reading
from server.notices.usecases import inbox
from server.notices.usecases.inbox import Told
from server.records.usecases.disclosing import RecordMask
from server.web import context

blueprint = create_blueprint("inbox", "提醒 · what the caller is told of cases")


@blueprint.route("/inbox")
@blueprint.arguments(InboxQuery, location="query")
@blueprint.response(200, page_of(NoticeSchema))
@blueprint.alt_response(304, success=True, description="nothing has changed since the ETag in `If-None-Match`")
def list_notices(query: dict[str, Any]) -> Response:
    """List what the caller is told of cases within reach, the newest first; of each case and kind the latest.

    Who acts on a case has read what they were told of it. Nothing that anybody wrote stands in a notice.
    """
    by = context.caller()
    mask: RecordMask

    def find(reading: Reading, before: int | None, limit: int) -> list[Told]:
        nonlocal mask
        mask = RecordMask(reading, by)
        found = inbox.page(reading, by, before=before, limit=limit, unread=query.get("unread", False))
        cases_named.note_shown(mask, [each.row for each in found], "inbox")
        return found

    def shown(each: Told) -> responses.Json:
        told = each.notice
        return {
            "seq": told.seq,
            "kind": told.kind,
            "action": told.action,
            "at": told.at,
            "read_at": told.read_at,
            "case": cases_named.case(each.row, mask),
        }

    return responses.conditional(
        responses.listing(query, responses.decode_number, find, shown, lambda each: each.notice.seq)
    )


@blueprint.route("/inbox/unread")
@blueprint.arguments(UnreadQuery, location="query")
@blueprint.response(200, UnreadSchema)
@blueprint.alt_response(304, success=True, description="nothing has changed since the ETag in `If-None-Match`")
def count_unread(query: dict[str, Any]) -> Response:
    """Count the notices that the caller has not read."""
    with context.database().reading() as reading:
        return responses.conditional(responses.json({"unread": inbox.count_unread(reading, context.caller())}))


@blueprint.route("/inbox/<int:seq>/read", methods=("POST",))
@blueprint.response(200, UnreadSchema)
@blueprint.alt_response(404, success=False, description="no such notice in reach; a newer one may have taken its place")
def read_notice(seq: int) -> Response:
    """Mark one notice as read."""
    by = context.caller()
    unread = context.write(lambda tx: (inbox.read(tx, seq, by=by), inbox.count_unread(tx, by))[1])
    return responses.json({"unread": unread})


@blueprint.route("/inbox/read", methods=("POST",))
@blueprint.arguments(ReadUntilSchema)
@blueprint.response(200, AllReadSchema)
def read_all(body: dict[str, Any]) -> Response:
    """Mark every notice up to one as read; what has come in behind it stays unread."""
    by = context.caller()
    read, unread = context.write(lambda tx: (inbox.read_all(tx, body["until"], by=by), inbox.count_unread(tx, by)))
    return responses.json({"read": read, "unread": unread})
