"""Delivers what has happened to each receiver, at least once and in order of each record, beside the server.

The history of records is the outbox: a revision is written in the transaction of its act, and each receiver has a
cursor in the history. Nothing is sent inside a transaction. A message is claimed in one, sent, and forgotten in
another: who dies in between leaves it to be sent once more, under the same id. Of several processes one claims it.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from functools import partial

import requests

from server import instants, outages
from server.db import epoch as epochs
from server.db.database import Database
from server.db.transactions import Transaction
from server.instants import Instant
from server.log import log
from server.settings import Settings
from server.webhooks.domain import addresses, messages, retries
from server.webhooks.domain.addresses import AddressRefused
from server.webhooks.store import deliveries, webhooks
from server.webhooks.store.deliveries import Delivery
from server.webhooks.store.webhooks import Webhook
from server.webhooks.usecases import sending

EVERY_S = 5.0
"""Seconds between two rounds."""

ROUND_S = 20.0
"""How long one receiver is served in a round, in seconds."""

LOOKED_AT = 500
"""Revisions that one transaction looks at for a receiver."""

ENOUGH_WAITING = 200
"""Messages that wait for one receiver before further revisions are looked at."""

ENDS_EVENT = (400, 404, 409, 410, 413, 415, 422)
"""Statuses by which a receiver says no to one message; all others but 2xx are taken to be about the receiver."""


class Deliverer:
    """Serves the receivers round after round, each in a thread of its own, so that a slow one delays nobody else.

    send: as ``sending.post``.
    """

    def __init__(self, database: Database, settings: Settings, send: Callable[..., int] = sending.post) -> None:
        self._database = database
        self._settings = settings
        self._send = send
        self._serving: dict[str, threading.Thread] = {}

    def round(self) -> None:
        """Begin to serve whoever is not being served and has something to be told; else it costs a read or two."""
        with self._database.reading() as reading:
            newest = deliveries.newest_seq(reading)
            wanted = [
                each.id
                for each in webhooks.list_all(reading)
                if each.retry_at <= reading.now
                and (each.after_seq < newest or deliveries.next_due(reading, each.id) is not None)
            ]
        self._serving = {id: thread for id, thread in self._serving.items() if thread.is_alive()}
        for id in wanted:
            if id not in self._serving:
                # A daemon: a receiver that never ends its answer must not keep the server from stopping.
                thread = threading.Thread(target=self._serve, args=(id,), name="webhook", daemon=True)
                self._serving[id] = thread
                thread.start()

    def wait(self, timeout_s: float) -> None:
        """Wait until everybody has been served, at most so many seconds each."""
        for thread in self._serving.values():
            thread.join(timeout_s)

    def _serve(self, id: str) -> None:
        try:
            serve(self._database, self._settings, id, self._send)
        except Exception as error:  # whatever it was, the next round begins from what is there
            outages.tell("webhook failed", error, webhook=id)


def serve(database: Database, settings: Settings, id: str, send: Callable[..., int] = sending.post) -> None:
    """Send one receiver what is due, until nothing is, it does not answer, or ``ROUND_S`` are over."""
    until = time.monotonic() + ROUND_S
    while time.monotonic() < until:
        claimed = database.write(lambda tx: _claim(tx, id))
        if claimed is None:
            return
        webhook, sent, secrets, epoch = claimed
        problem, is_of_receiver = _try(database.now(), settings, webhook, sent, secrets, epoch, send)
        if not problem:
            database.write(partial(_note_taken, webhook=webhook, sent=sent))
            continue
        _note_failure(database, webhook, sent, problem, is_of_receiver)
        if is_of_receiver:
            return


def _claim(tx: Transaction, id: str) -> tuple[Webhook, Delivery, list[str], str] | None:
    """Look at what has happened since, and take the next message to send; None where there is none."""
    webhook = webhooks.find(tx, id)
    if webhook is None or webhook.retry_at > tx.now:
        return None
    _look(tx, webhook)
    found = deliveries.next_due(tx, id)
    if found is None:
        return None
    until = instants.later(tx.now, retries.LEASE)
    deliveries.claim(tx, id, found.event.seq, until)
    secrets = [secret for _, secret, _ in webhooks.secrets_of(tx, id)]
    return webhook, found._replace(claimed_until=until), secrets, epochs.current(tx)


def _look(tx: Transaction, webhook: Webhook) -> None:
    if deliveries.count_waiting(tx, webhook.id) >= ENOUGH_WAITING:
        return
    found = deliveries.events_after(tx, webhook.after_seq, LOOKED_AT)
    if not found:
        return
    wanted = webhook.kinds.split()
    deliveries.add(tx, webhook.id, [each for each in found if each.kind and messages.is_wanted(each.kind, wanted)])
    webhooks.move_cursor(tx, webhook.id, found[-1].seq)


def _try(
    now: Instant,
    settings: Settings,
    webhook: Webhook,
    sent: Delivery,
    secrets: list[str],
    epoch: str,
    send: Callable[..., int],
) -> tuple[str, bool]:
    """Send one message; return what went wrong, empty for nothing, and whether it is the receiver as a whole."""
    id = messages.event_id(epoch, sent.event.seq)
    content = messages.body(sent.event, id)
    headers = messages.headers(id, int(instants.parse(now).timestamp()), content, secrets)
    url = addresses.parsed(webhook.url)
    if url.host not in settings.webhook_hosts:
        return f"{url.host} 已不在 FIREGRID_WEBHOOK_HOSTS 里。", True
    try:
        status = send(url, headers, content, settings.webhook_networks)
    except AddressRefused as refusal:
        return refusal.message, True
    except requests.RequestException as error:
        return f"没有连上或没有应答（{type(error).__name__}）", True
    if 200 <= status < 300:
        return "", False
    return f"应答 {status}", status not in ENDS_EVENT


def _note_failure(database: Database, webhook: Webhook, sent: Delivery, problem: str, is_of_receiver: bool) -> None:
    attempts, jitter = sent.attempts + 1, random.random()  # noqa: S311 - spreads attempts, keeps no secret

    def note(tx: Transaction) -> None:
        again = retries.next_attempt(tx.now, attempts, jitter)
        dead = retries.is_given_up(attempts)
        deliveries.failed(tx, webhook.id, sent, again, is_dead=dead, problem=problem)
        if is_of_receiver:
            failures = webhook.failures + 1
            until = retries.next_attempt(tx.now, failures, jitter)
            webhooks.note_answer(tx, webhook.id, failures, until, problem)

    database.write(note)
    log.warning("webhook not taken", webhook=webhook.id, seq=sent.event.seq, attempts=attempts, problem=problem)


def _note_taken(tx: Transaction, webhook: Webhook, sent: Delivery) -> None:
    deliveries.taken(tx, webhook.id, sent.event.seq, sent.claimed_until)
    if webhook.failures:
        webhooks.note_answer(tx, webhook.id, 0, "", "")
