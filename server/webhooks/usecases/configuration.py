"""Names whom the server tells of what happens, replaces their secrets, and sends again what they have missed."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from server.audit.domain.entries import Entry
from server.audit.usecases.recording import record
from server.db.transactions import Reading, Transaction
from server.errors import Conflict, NotFound
from server.people.domain import rights
from server.people.domain.actors import Actor
from server.settings import Settings
from server.webhooks.domain import addresses, messages
from server.webhooks.store import deliveries, webhooks
from server.webhooks.store.webhooks import Webhook

SECRETS_MAX = 2
EVENT = "webhook.change"


def require_right(by: Actor) -> None:
    """Do nothing for who configures the whole county. Raises NotAllowed."""
    county = next((duty.place.path.split("/")[0] for duty in by.current), "")
    rights.require(by, "configuration", "edit", county)


def list_all(reading: Reading, *, by: Actor) -> list[Webhook]:
    """Return every webhook, the oldest first. Raises NotAllowed."""
    require_right(by)
    return webhooks.list_all(reading)


def get(reading: Reading, id: str, *, by: Actor) -> Webhook:
    """Return one webhook. Raises NotAllowed, NotFound."""
    require_right(by)
    found = webhooks.find(reading, id)
    if found is None:
        raise NotFound("没有这个外发通知，或已经停用；请核对编号。", webhook=id)
    return found


def add(tx: Transaction, url: str, kinds: Iterable[str], settings: Settings, *, by: Actor) -> tuple[Webhook, str]:
    """Tell a receiver of events from now on; return the webhook and its secret, which is never shown again.

    url: of the receiver, on a host that the settings list. kinds: of events, none for all. Raises NotAllowed, Invalid.
    """
    require_right(by)
    addresses.require_listed(addresses.parsed(url), settings.webhook_hosts)
    wanted = " ".join(messages.checked_kinds(kinds))
    made = Webhook(tx.new_id(), url, wanted, tx.now, by.name, deliveries.newest_seq(tx), 0, "", "")
    webhooks.add(tx, made)
    secret = _new_secret(tx, made.id)
    _audit(tx, by, made, "add")
    return made, secret


def end(tx: Transaction, id: str, *, by: Actor) -> Webhook:
    """Tell a receiver nothing more, from this instant. Raises NotAllowed, NotFound."""
    found = get(tx, id, by=by)
    webhooks.end(tx, id)
    _audit(tx, by, found, "end")
    return found


def begin_rotation(tx: Transaction, id: str, *, by: Actor) -> str:
    """Sign with a second secret beside the first, and return it; it is never shown again.

    Raises NotAllowed, NotFound, and Conflict while the one before is still being replaced.
    """
    found = get(tx, id, by=by)
    if len(webhooks.secrets_of(tx, id)) >= SECRETS_MAX:
        raise Conflict("已经有两个密钥在用；接收方换好后，请先停用旧的，再换新的。", webhook=id)
    secret = _new_secret(tx, id)
    _audit(tx, by, found, "secret")
    return secret


def finish_rotation(tx: Transaction, id: str, *, by: Actor) -> Webhook:
    """Sign with the newest secret alone. Raises NotAllowed, NotFound, and Conflict where there is one only."""
    found = get(tx, id, by=by)
    _, *older = webhooks.secrets_of(tx, id)
    if not older:
        raise Conflict("只有一个密钥在用，没有旧的可停用；请先换新的。", webhook=id)
    for secret, _, _ in older:
        webhooks.delete_secret(tx, secret)
    _audit(tx, by, found, "secret_ended")
    return found


def replay(tx: Transaction, id: str, after: int, *, by: Actor) -> Webhook:
    """Send every event behind a seq again, in order, what was given up too; receivers know them by their ids.

    after: 0 for all that ever happened. Raises NotAllowed, NotFound.
    """
    found = get(tx, id, by=by)
    deliveries.delete_all(tx, id)
    webhooks.move_cursor(tx, id, min(after, deliveries.newest_seq(tx)))
    webhooks.note_answer(tx, id, 0, "", "")
    _audit(tx, by, found, "replay", after=after)
    return found


def _new_secret(tx: Transaction, id: str) -> str:
    secret = messages.new_secret(secrets.token_bytes(messages.SECRET_BYTES))
    webhooks.add_secret(tx, id, secret)
    return secret


def _audit(tx: Transaction, by: Actor, webhook: Webhook, change: str, **more: int) -> None:
    host = addresses.parsed(webhook.url).host  # a path may hold a token of the receiver's
    record(tx, Entry(EVENT, by.name, webhook.id, {"change": change, "host": host, **more}))
