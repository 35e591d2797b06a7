"""Webhooks (外发通知): programs that are told of what happens; a new one, its secrets, sending again, ending."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Response, request

from server.db.transactions import Reading, Transaction
from server.errors import Invalid
from server.office import layout, pages
from server.office.admin import inputs, tabs
from server.office.admin.inputs import NOTHING, Sent
from server.office.cases import acting
from server.office.layout import signed_in
from server.people.domain.actors import Actor
from server.web import context
from server.webhooks.store import deliveries, webhooks
from server.webhooks.store.webhooks import Webhook
from server.webhooks.usecases import configuration

blueprint = layout.create_blueprint("office-admin-webhooks", __name__)

KEY, ADDRESS = "webhooks", "/office/admin/webhooks"
UNDELIVERED = 20
DONE = {"finish": "旧密钥已停用。", "replay": "会从这一号之后重发。", "end": "已停用；不再通知它。"}


@blueprint.get(ADDRESS)
@signed_in
def list_webhooks() -> Response:
    """Show the receivers and how they answer; secrets are never shown again."""
    tabs.require(KEY)
    return _page()


@blueprint.post(ADDRESS)
@signed_in
def add() -> Response:
    """Name a receiver, and show its secret this once."""
    tabs.require(KEY)
    by, settings = context.caller(), context.settings()
    url, kinds = request.form.get("url", "").strip(), request.form.get("kinds", "")
    wanted = kinds.replace("，", " ").replace(",", " ").split()
    return _showing_secret("add", lambda tx: configuration.add(tx, url, wanted, settings, by=by)[1])


@blueprint.post(f"{ADDRESS}/<uuid:webhook_id>/secret")
@signed_in
def rotate(webhook_id: UUID) -> Response:
    """Sign with a second secret as well, and show it this once."""
    tabs.require(KEY)
    by = context.caller()
    return _showing_secret(f"secret {webhook_id}", lambda tx: configuration.begin_rotation(tx, str(webhook_id), by=by))


@blueprint.post(f"{ADDRESS}/<uuid:webhook_id>/finish")
@signed_in
def finish(webhook_id: UUID) -> Response:
    """Sign with the newest secret alone."""
    return _done("finish", webhook_id, lambda tx, by: configuration.finish_rotation(tx, str(webhook_id), by=by))


@blueprint.post(f"{ADDRESS}/<uuid:webhook_id>/replay")
@signed_in
def replay(webhook_id: UUID) -> Response:
    """Send everything behind a number again."""
    after = acting.read_number(request.form.get("after", ""))

    def work(tx: Transaction, by: Actor) -> None:
        if after is None:
            raise Invalid("请写从哪一号之后重发，0 是全部。", field="after")
        configuration.replay(tx, str(webhook_id), after, by=by)

    return _done("replay", webhook_id, work)


@blueprint.post(f"{ADDRESS}/<uuid:webhook_id>/end")
@signed_in
def end(webhook_id: UUID) -> Response:
    """Tell a receiver nothing more."""
    return _done("end", webhook_id, lambda tx, by: configuration.end(tx, str(webhook_id), by=by))


def _done(what: str, id: UUID, work: Callable[[Transaction, Actor], object]) -> Response:
    tabs.require(KEY)

    def act() -> str:
        by = context.caller()
        context.write(lambda tx: work(tx, by))
        return f"{ADDRESS}?done={what}"

    return inputs.carry_out(f"{what} {id}", act, _page)


def _showing_secret(form: str, work: Callable[[Transaction], str]) -> Response:
    """Answer with the page that shows a new secret, or with what was wrong: it must stand in no address."""
    made: list[str] = []

    def act() -> str:
        made.append(context.write(work))
        return ADDRESS

    answer = inputs.carry_out(form, act, _page)
    return _page(secret=made[0]) if made else answer


def _page(sent: Sent = NOTHING, status: int = 200, secret: str = "") -> Response:
    by = context.caller()
    with context.database().reading() as reading:
        values = {
            "rows": [_row(reading, each) for each in configuration.list_all(reading, by=by)],
            "sent": sent,
            "secret": secret,
            "hosts": context.settings().webhook_hosts,
            "done": "" if sent.form or secret else DONE.get(request.args.get("done", ""), ""),
        }
        return tabs.show(reading, "admin/webhooks.html", KEY, values, status)


def _row(reading: Reading, each: Webhook) -> dict[str, Any]:
    waiting, dead = deliveries.counts(reading, each.id)
    missed = deliveries.list_of(reading, each.id, 0, UNDELIVERED)
    return {
        "id": each.id,
        "url": each.url,
        "kinds": each.kinds,
        "created": pages.moment(each.created_at, reading.now),
        "by": each.created_by,
        "waiting": waiting,
        "dead": dead,
        "after": each.after_seq,
        "from": max(missed[0].event.seq - 1, 0) if missed else each.after_seq,
        "problem": each.problem or next((message.problem for message in missed if message.problem), ""),
        "secrets": len(webhooks.secrets_of(reading, each.id)),
        "post_to": f"{ADDRESS}/{each.id}",
    }
