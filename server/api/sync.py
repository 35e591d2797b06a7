"""Push and pull of field clients: takes their changes, each with a verdict, and lists what has changed since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import flask
from flask import Response, current_app
from itsdangerous import BadSignature, URLSafeSerializer
from marshmallow import ValidationError

from schemas import change_parser
from schemas.sync import (
    BYTES_MAX,
    CHANGES_MAX,
    PullRequestSchema,
    PullResponseSchema,
    PushRequestSchema,
    PushResponseSchema,
    SentChangeSchema,
)
from server.api import responses, serializers
from server.api.blueprints import Parser, create_blueprint, flat, listed
from server.cases.usecases.todo_column import TodoOfCaller
from server.changes.store import devices
from server.db.sql import Row
from server.db.transactions import Reading
from server.errors import TooLarge
from server.forms.domain.record_types import Kind
from server.log import log
from server.people.domain.actors import Actor
from server.people.store import field_clients
from server.records.store import columns
from server.records.store.columns import Projection
from server.records.usecases.disclosing import RecordMask
from server.replication.store import epochs, pulls
from server.replication.store.epochs import Mark
from server.replication.usecases import pull as pulling
from server.replication.usecases import push as pushing
from server.replication.usecases import restoring
from server.replication.usecases.pull import NO_MARK, Cursor, Op
from server.replication.usecases.push import Answered, Item, Unreadable
from server.staffing.store import sent_items as stored_items
from server.web import context, json_text
from server.web.json_text import Unstorable
from sync.changes import AttachmentName, Change, Dot, FieldWrite


class _BatchParser(Parser):
    """Reads a batch though some of its items cannot be stored: each is judged by itself."""

    def _read(self, body: bytes) -> Any:
        return json_text.read(body, "changes")


blueprint = create_blueprint("sync", "离线同步 · push and pull of field clients")
blueprint.ARGUMENTS_PARSER = _BatchParser()

LIMITS = {"changes": CHANGES_MAX, "bytes": BYTES_MAX}
MARK_HEADER = "Firegrid-Mark"
"""Header in which a client shows the ``mark`` that came with the last response."""

BATCH_ITEMS = 50
"""Items that are judged in one unit of work: more would keep the writer from others for too long."""

_CHANGE = SentChangeSchema()
_MARK = {
    "in": "header",
    "name": MARK_HEADER,
    "schema": {"type": "string"},
    "description": "`mark` of the last response; when the server has not got as far, it takes a new epoch",
}


@blueprint.before_request
def _bound_batch() -> None:
    flask.request.max_content_length = BYTES_MAX
    if (flask.request.content_length or 0) > BYTES_MAX:
        raise TooLarge(f"一次最多送{BYTES_MAX}字节，请分批发送。", limits=LIMITS)


@blueprint.route("/sync/push", methods=["POST"])
@blueprint.arguments(PushRequestSchema)
@blueprint.response(200, PushResponseSchema)
@blueprint.doc(parameters=[_MARK])
@blueprint.alt_response(413, success=False, description="too many changes, or bytes: halve the batch")
@blueprint.alt_response(503, success=False, description="under load: come back after Retry-After")
def push(batch: dict[str, Any]) -> Response:
    """Take changes in; each is committed by itself and answered with its stored verdict."""
    if len(batch["changes"]) > CHANGES_MAX:
        raise TooLarge(f"一次最多送{CHANGES_MAX}项，请分批发送。", limits=LIMITS)
    by, device = context.caller(), batch["device"]
    items = [_item(each, device) for each in batch["changes"]]
    _notice_older_copy(_told_mark())
    answered: list[Answered] = []
    for start in range(0, len(items), BATCH_ITEMS):
        batch_items = items[start : start + BATCH_ITEMS]
        answered += context.write(lambda tx, batch_items=batch_items: pushing.receive(tx, batch_items, name=by.name))  # type: ignore[misc]  # mypy infers no lambda with a default, which binds each batch
    for each in answered:
        if each.error is not None:
            current_app.logger.error("an item of a push failed", exc_info=each.error)
    _note_unsent(by, device, batch["unsent"])
    with context.database().reading() as reading:
        touched = {each.outcome.record.id for each in answered if each.outcome.record is not None}
        seen = {row["id"]: row for row in pulls.visible(reading, by.scope, sorted(touched))}
        writer = _RecordWriter(reading, by)
        outcomes = [_outcome(each, item, seen, writer) for each, item in zip(answered, items, strict=True)]
        fresh = _fresh_device(reading, by, device, items)
        body = {**_state(reading, by, epochs.mark(reading)), "device": fresh, "outcomes": outcomes}
    if fresh is not None:
        _note_unsent(by, device, 0)  # from now on it tells what waits on it under the other id
    return responses.json(body)


@blueprint.route("/sync/pull", methods=["POST"])
@blueprint.arguments(PullRequestSchema)
@blueprint.response(200, PullResponseSchema)
@blueprint.doc(parameters=[_MARK])
def pull(request: dict[str, Any]) -> Response:
    """List what has changed since a cursor, bucket by bucket; an idle pull costs the same however much is held."""
    by = context.caller()
    _note_unsent(by, request["device"], request["unsent"])
    signer = _signer(f"pull {by.name}")
    cursor = _cursor(signer, request["cursor"])
    _notice_older_copy(cursor.mark, _told_mark())
    with context.database().reading() as reading:
        mark = epochs.mark(reading)
        page = pulling.page(reading, by, cursor, mark, limit=request["limit"], forget=frozenset(request["forget"]))
        ops = map(_RecordWriter(reading, by).op, page.ops) if page.ops else ()
        body = {
            **_state(reading, by, mark),
            # Where nothing has changed it is the very text that the client showed, which spares signing it again.
            "cursor": request["cursor"] if page.cursor == cursor else signer.dumps(pulling.to_json(page.cursor)),
            "fresh": request["cursor"] is not None and cursor.mark.epoch != mark.epoch,
            "more": page.more,
            "ops": list(ops),
            "checks": {bucket: {"count": check.rows, "hash": check.sum} for bucket, check in page.checks.items()},
            "settled": _settled(reading, by, request["problems"]),
        }
    return responses.json(body)


def _notice_older_copy(*told: Mark) -> None:
    """Take a new epoch when this database has not got as far as it once said itself: an older copy was put back."""
    reading = context.database().single_read()
    if not any(epochs.is_behind(reading, each) for each in told):
        return
    epoch = context.write(lambda tx: restoring.notice(tx, told))
    if epoch is not None:
        log.warning("an older copy of the data was put back, and a new epoch was taken", epoch=epoch)


def _told_mark() -> Mark:
    """Return how far the server said that it had got, as the client shows it; the beginning where it shows nothing.

    In a header, since versions before this one refuse a body with a field that they do not know.
    """
    text = flask.request.headers.get(MARK_HEADER)
    try:
        return NO_MARK if text is None else Mark(*_signer("mark").loads(text))
    except BadSignature:
        return NO_MARK


def _signer(salt: str) -> URLSafeSerializer:
    return _signer_with(current_app.config["JWT_SECRET_KEY"], salt)


@lru_cache(maxsize=1_000)
def _signer_with(secret: str, salt: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt=salt)


@lru_cache(maxsize=16)
def _signed_mark(secret: str, mark: Mark) -> str:
    """Return a mark as clients are told it; the same for all of them until somebody writes."""
    text = _signer_with(secret, "mark").dumps(mark)
    return text if isinstance(text, str) else text.decode()


def _fresh_device(reading: Reading, by: Actor, device: str, items: Sequence[Item]) -> str | None:
    """Return the id that a client shall use from now on, where more than one hand writes under the one it uses.

    Made of what it sent, so that each hand gets one of its own, and the same again when the answer was lost.
    """
    if not items or devices.shared_from(reading, device, by.name) is None:
        return None
    return str(uuid5(NAMESPACE_OID, f"{device} {by.name} {items[0].id}"))


def _note_unsent(by: Actor, device: str | None, unsent: int | None) -> None:
    """Keep what a client says still waits on it, when that is news: an idle pull shall cost no write."""
    if device is None or unsent is None:
        return
    known, address = context.came_by()
    if field_clients.is_due(context.database().single_read(), by.name, device, unsent, known):
        program = (flask.request.headers.get("User-Agent") or "")[:100]
        context.note(context.database(), lambda tx: field_clients.record(tx, by.name, device, program, unsent, address))


def _settled(reading: Reading, by: Actor, problems: list[str]) -> list[responses.Json]:
    """Return what was decided about problems of the caller's own items, as far as anything was."""
    notices = stored_items.problem_notices(reading, problems, by.name, by.scope)
    return [
        {"id": id, **serializers.problems.decision(word)} for id, word in notices.items() if word.settled_at is not None
    ]


def _item(raw: Any, device: str) -> Item:
    if isinstance(raw, Unstorable):
        return Unreadable(raw.id[:100], "里面有不能保存的字符或数字。", raw.text)
    try:
        read = change_parser.read(raw) or _CHANGE.load(raw)
    except ValidationError as error:
        id = str(raw.get("id") or "")[:100] if isinstance(raw, Mapping) else ""
        return Unreadable(id, listed(flat(error.messages)), json_text.storable(raw))
    return Change(
        id=str(read["id"]),
        record=str(read["record"]),
        type=read["type"],
        action=read["action"],
        dot=Dot(device, read["seq"]),
        fields={name: FieldWrite(*pair) for name, pair in read["fields"].items()},
        base_version=read["base_version"],
        area=read["area"],
        after=None if read["after"] is None else str(read["after"]),
        seen_status=read["seen_status"],
        form=read["form"],
        form_version=read["form_version"],
        made_at=read["made_at"],
        clock_offset_s=read["clock_offset_s"],
        attachments=tuple(AttachmentName(**each) for each in read["attachments"]),
        device=device,
    )


def _cursor(signer: URLSafeSerializer, text: str | None) -> Cursor:
    """Return where the client stands; at the beginning where its cursor is not one that it was given here."""
    if text is None:
        return Cursor()
    try:
        return pulling.from_json(signer.loads(text))
    except BadSignature:
        return Cursor()


_pulled = columns.showing(Projection.PULL)


class _RecordWriter:
    """Writes records as one caller's client holds them."""

    def __init__(self, reading: Reading, by: Actor) -> None:
        self._may_do, self._mask = TodoOfCaller(reading, by), RecordMask(reading, by)

    def row(self, row: Row) -> responses.Json:
        todo = self._may_do.todo(row) if row["kind"] == Kind.CASE else ""
        return self._mask.held({**_pulled(row), "todo": todo}, row)

    def op(self, op: Op) -> responses.Json:
        op_json: responses.Json = {"op": op.op, "bucket": op.bucket}
        if op.id:
            op_json["id"] = op.id
        if op.row is not None:
            op_json["record"] = self.row(op.row)
        elif op.shared is not None:
            op_json["record"] = op.shared
        return op_json


def _outcome(answered: Answered, item: Item, seen: Mapping[str, Row], writer: _RecordWriter) -> responses.Json:
    outcome = answered.outcome
    row = None if outcome.record is None else seen.get(outcome.record.id)
    problem = None if outcome.problem is None else {"id": outcome.problem, "message": answered.message}
    return {
        "id": item.id,
        "verdict": outcome.verdict.value,
        "version": outcome.version,
        "seq": answered.seq,
        "record": None if row is None else writer.row(row),
        "conflicts": outcome.conflicts,
        "problem": problem,
    }


def _state(reading: Reading, by: Actor, mark: Mark) -> responses.Json:
    return {
        "user": by.name,
        "epoch": mark.epoch,
        "mark": _signed_mark(current_app.config["JWT_SECRET_KEY"], mark),
        "durable": epochs.durable(reading),
        "now": reading.now,
        "limits": LIMITS,
    }
