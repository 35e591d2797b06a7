"""Lists what somebody sent and what became of it, so that no worker has to ask whether it has arrived."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response

from schemas.lists import page_of
from schemas.sent_items import SentItemQuery, SentItemSchema
from server.api import responses, serializers
from server.api.blueprints import create_blueprint
from server.api.responses import Json
from server.records.usecases.disclosing import RecordMask
from server.staffing.store.sent_items import ProblemNotice
from server.staffing.usecases import sent_items
from server.staffing.usecases.sent_items import BEGINNING, Positions, VisibleItem
from server.web import context

blueprint = create_blueprint("items", "自己的数据 · what somebody sent, and where it stands")

_POSITION_TYPES = ((int,), (str, str), (int,))
"""What the positions of each source are made of."""


@blueprint.route("/items")
@blueprint.arguments(SentItemQuery, location="query")
@blueprint.response(200, page_of(SentItemSchema))
@blueprint.alt_response(404, success=False, description="the author is unknown, or out of scope")
def list_items(query: dict[str, Any]) -> Response:
    """List everything ever received from somebody, newest first, with receipt number, verdict and problem."""
    by = context.caller()
    author, positions, limit = query.get("author", by.name), _positions(query.get("cursor")), query["limit"]
    with context.database().reading() as reading:
        page = sent_items.page(reading, author, by=by, positions=positions, limit=limit)
        mask = RecordMask(reading, by)
        items = [_item(each, mask) for each in page.items]
    return responses.page(items, None if page.next is None else orjson.dumps(page.next).decode())


def _positions(cursor: str | None) -> Positions:
    """Return where the page begins. Raises Invalid for a cursor that no page gave."""
    text = responses.decode_cursor(cursor)
    if text is None:
        return BEGINNING
    try:
        read = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise responses.bad_cursor() from error
    if not isinstance(read, list) or len(read) != len(_POSITION_TYPES):
        raise responses.bad_cursor()
    if not all(_is_position(position, types) for position, types in zip(read, _POSITION_TYPES, strict=True)):
        raise responses.bad_cursor()
    return tuple(None if position is None else tuple(position) for position in read)


def _is_position(position: Any, types: tuple[type, ...]) -> bool:
    if position is None:
        return True
    if not isinstance(position, list) or [type(each) for each in position] != list(types):
        return False
    return all(each <= _SEQ_MAX for each in position if isinstance(each, int))


_SEQ_MAX = 2**63 - 1
"""The largest number that the database can compare with."""


def _item(visible: VisibleItem, mask: RecordMask) -> Json:
    item, record = visible.item, visible.record
    return {
        "id": item.id,
        "kind": item.kind,
        "receipt": item.receipt,
        "form": item.form,
        "received_at": item.received_at,
        "record": None if record is None else record["id"],
        "type": item.type,
        "label": None if record is None else mask.row_label(record),
        "status": None if record is None else record["status"],
        "action": item.action,
        "verdict": item.verdict,
        "version": item.version,
        "problem": None if visible.notice is None else _problem(item.problem, visible.notice),
    }


def _problem(id: str | None, notice: ProblemNotice) -> Json:
    return {
        "id": id,
        "message": notice.message,
        "settled": notice.settled_at is not None,
        **serializers.problems.decision(notice),
    }
