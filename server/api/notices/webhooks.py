"""Webhooks: whom the server tells by signed requests of what happens; for who configures the county."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from schemas.lists import page_of
from schemas.notices.webhooks import (
    ReplaySchema,
    SecretSchema,
    WebhookCreateSchema,
    WebhookMadeSchema,
    WebhookSchema,
)
from server.api import responses
from server.api.blueprints import create_blueprint
from server.db.transactions import Reading
from server.web import context
from server.webhooks.store import deliveries, webhooks
from server.webhooks.store.deliveries import Delivery
from server.webhooks.store.webhooks import Webhook
from server.webhooks.usecases import configuration

blueprint = create_blueprint("webhooks", "外发通知 · programs that are told of what happens")

UNDELIVERED_MOST = 20
RIGHT = ("configuration", "edit")
REFUSED = "the caller does not configure the county"
UNKNOWN = "there is no such webhook, or it was ended"


@blueprint.route("/webhooks")
@blueprint.needs(RIGHT)
@blueprint.response(200, page_of(WebhookSchema))
@blueprint.alt_response(403, success=False, description=REFUSED)
def list_webhooks() -> Response:
    """List the receivers, the oldest first, and how they answer. Secrets are never shown again."""
    with context.database().reading() as reading:
        found = configuration.list_all(reading, by=context.caller())
        return responses.single_page([_shown(reading, each) for each in found])


@blueprint.route("/webhooks", methods=("POST",))
@blueprint.needs(RIGHT)
@blueprint.arguments(WebhookCreateSchema)
@blueprint.response(201, WebhookMadeSchema)
@blueprint.alt_response(403, success=False, description=REFUSED)
def add_webhook(body: dict[str, Any]) -> Response:
    """Tell a receiver of events from now on; the answer shows its secret this once."""
    by, settings = context.caller(), context.settings()
    with responses.naming_fields():
        made, secret = context.write(lambda tx: configuration.add(tx, body["url"], body["kinds"], settings, by=by))
    with context.database().reading() as reading:
        return responses.secret({**_shown(reading, made), "secret": secret}, 201)


@blueprint.route("/webhooks/<uuid:webhook_id>/end", methods=("POST",))
@blueprint.needs(RIGHT)
@blueprint.response(204)
@blueprint.alt_response(403, success=False, description=REFUSED)
@blueprint.alt_response(404, success=False, description=UNKNOWN)
def end_webhook(webhook_id: UUID) -> Response:
    """Tell a receiver nothing more."""
    by = context.caller()
    context.write(lambda tx: configuration.end(tx, str(webhook_id), by=by))
    return Response(status=204)


@blueprint.route("/webhooks/<uuid:webhook_id>/secret", methods=("POST",))
@blueprint.needs(RIGHT)
@blueprint.response(201, SecretSchema)
@blueprint.alt_response(403, success=False, description=REFUSED)
@blueprint.alt_response(404, success=False, description=UNKNOWN)
@blueprint.alt_response(409, success=False, description="two secrets are in use already")
def begin_rotation(webhook_id: UUID) -> Response:
    """Sign with a further secret beside the one in use, and show it this once."""
    by = context.caller()
    secret = context.write(lambda tx: configuration.begin_rotation(tx, str(webhook_id), by=by))
    return responses.secret({"secret": secret}, 201)


@blueprint.route("/webhooks/<uuid:webhook_id>/secret/finish", methods=("POST",))
@blueprint.needs(RIGHT)
@blueprint.response(204)
@blueprint.alt_response(403, success=False, description=REFUSED)
@blueprint.alt_response(404, success=False, description=UNKNOWN)
@blueprint.alt_response(409, success=False, description="there is one secret only")
def finish_rotation(webhook_id: UUID) -> Response:
    """Sign with the newest secret alone."""
    by = context.caller()
    context.write(lambda tx: configuration.finish_rotation(tx, str(webhook_id), by=by))
    return Response(status=204)


@blueprint.route("/webhooks/<uuid:webhook_id>/replay", methods=("POST",))
@blueprint.needs(RIGHT)
@blueprint.arguments(ReplaySchema)
@blueprint.response(204)
@blueprint.alt_response(403, success=False, description=REFUSED)
@blueprint.alt_response(404, success=False, description=UNKNOWN)
def replay(body: dict[str, Any], webhook_id: UUID) -> Response:
    """Send every event behind a seq again, in the order of each record; its id is the one that it had."""
    by = context.caller()
    context.write(lambda tx: configuration.replay(tx, str(webhook_id), body["after"], by=by))
    return Response(status=204)


def _shown(reading: Reading, each: Webhook) -> responses.Json:
    waiting, dead = deliveries.counts(reading, each.id)
    return {
        "id": each.id,
        "url": each.url,
        "kinds": each.kinds.split(),
        "created_at": each.created_at,
        "created_by": each.created_by,
        "after": each.after_seq,
        "waiting": waiting,
        "dead": dead,
        "failures": each.failures,
        "problem": each.problem,
        "undelivered": [_undelivered(message) for message in deliveries.list_of(reading, each.id, 0, UNDELIVERED_MOST)],
        "secrets": [at for _, _, at in webhooks.secrets_of(reading, each.id)],
    }


def _undelivered(each: Delivery) -> responses.Json:
    return {
        **each.event._asdict(),
        "attempts": each.attempts,
        "next_at": each.next_at,
        "dead": each.is_dead,
        "problem": each.problem,
    }
