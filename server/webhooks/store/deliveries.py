"""Keeps the messages that are to be sent to each receiver; the history of records is what they are made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from server.db.sql import inserting
from server.db.transactions import Reading, Transaction
from server.instants import Instant
from server.webhooks.domain.messages import Event


class Delivery(NamedTuple):
    """A message that is to be sent, or was given up. attempts: made so far; claimed_until: while it is being sent."""

    event: Event
    attempts: int
    next_at: Instant
    claimed_until: Instant
    is_dead: bool
    problem: str


class Counts(NamedTuple):
    """Messages of all receivers that wait, and that were given up."""

    waiting: int
    dead: int


_ADD = inserting("webhook_delivery", ("webhook", "seq", "record", "kind", "at", "next_at"))
_DELIVERY = "seq, record, kind, at, attempts, next_at, claimed_until, is_dead, problem"


def newest_seq(reading: Reading) -> int:
    """Return the seq of the newest revision of all, 0 while there is none."""
    return int(reading.sql.value("SELECT MAX(seq) FROM revision") or 0)


def events_after(reading: Reading, seq: int, limit: int) -> list[Event]:
    """Return at most ``limit`` events behind a seq, in their order: revisions that count, whoever made them."""
    rows = reading.sql.tuples(
        """
        SELECT revision.seq, revision.record, record.type, revision.action, revision.received_at, revision.verdict
          FROM revision JOIN record ON record.id = revision.record
         WHERE revision.seq > :seq
         ORDER BY revision.seq
         LIMIT :limit
        """,
        {"seq": seq, "limit": limit},
    )
    return [
        Event(number, record, f"{type}.{action}" if verdict in _COUNTS else "", at)
        for number, record, type, action, at, verdict in rows
    ]


_COUNTS = ("applied", "merged", "late")


def add(tx: Transaction, webhook: str, events: Iterable[Event]) -> None:
    """Let messages of these events be sent now."""
    rows = [{"webhook": webhook, **event._asdict(), "next_at": tx.now} for event in events]
    tx.sql.run_each(_ADD, rows)


def count_waiting(reading: Reading, webhook: str) -> int:
    """Return how many messages wait for one receiver."""
    sql = "SELECT COUNT(*) FROM webhook_delivery WHERE webhook = :webhook AND is_dead = 0"
    return int(reading.sql.value(sql, {"webhook": webhook}))


def next_due(reading: Reading, webhook: str) -> Delivery | None:
    """Return the first message that may be sent now: its time has come, nobody sends it, none of its record is before.

    A message that was given up keeps no later one of its record waiting.
    """
    rows = reading.sql.tuples(
        f"""
        SELECT {_DELIVERY} FROM webhook_delivery
         WHERE webhook = :webhook AND is_dead = 0 AND next_at <= :now AND claimed_until <= :now
           AND NOT EXISTS (SELECT 1 FROM webhook_delivery AS earlier
                            WHERE earlier.webhook = webhook_delivery.webhook
                              AND earlier.record = webhook_delivery.record
                              AND earlier.is_dead = 0 AND earlier.seq < webhook_delivery.seq)
         ORDER BY seq
         LIMIT 1
        """,
        {"webhook": webhook, "now": reading.now},
    )
    return next((_delivery(*row) for row in rows), None)


def claim(tx: Transaction, webhook: str, seq: int, until: Instant) -> None:
    """Take a message to send it: nobody else does until an instant."""
    sql = "UPDATE webhook_delivery SET claimed_until = :until WHERE webhook = :webhook AND seq = :seq"
    tx.sql.run(sql, {"webhook": webhook, "seq": seq, "until": until})


def taken(tx: Transaction, webhook: str, seq: int, claimed_until: Instant) -> None:
    """Forget a message that its receiver has taken. claimed_until: of whoever sent it; another's claim stays."""
    sql = "DELETE FROM webhook_delivery WHERE webhook = :webhook AND seq = :seq AND claimed_until = :claimed"
    tx.sql.run(sql, {"webhook": webhook, "seq": seq, "claimed": claimed_until})


def failed(tx: Transaction, webhook: str, sent: Delivery, next_at: Instant, *, is_dead: bool, problem: str) -> None:
    """Keep that a message was not taken. sent: as it was when it was sent. next_at: when it is tried again."""
    tx.sql.run(
        """
        UPDATE webhook_delivery
           SET attempts = attempts + 1, next_at = :next_at, claimed_until = '', is_dead = :dead, problem = :problem
         WHERE webhook = :webhook AND seq = :seq AND claimed_until = :claimed
        """,
        {
            "webhook": webhook,
            "seq": sent.event.seq,
            "claimed": sent.claimed_until,
            "next_at": next_at,
            "dead": 1 if is_dead else 0,
            "problem": problem,
        },
    )


def delete_all(tx: Transaction, webhook: str) -> None:
    """Forget every message of one receiver, sent or given up: they are made again from the history."""
    tx.sql.run("DELETE FROM webhook_delivery WHERE webhook = :webhook", {"webhook": webhook})


def list_of(reading: Reading, webhook: str, after: int, limit: int) -> list[Delivery]:
    """Return at most ``limit`` messages of one receiver that were not taken, behind a seq, in their order."""
    rows = reading.sql.tuples(
        f"SELECT {_DELIVERY} FROM webhook_delivery WHERE webhook = :webhook AND seq > :after ORDER BY seq LIMIT :limit",
        {"webhook": webhook, "after": after, "limit": limit},
    )
    return [_delivery(*row) for row in rows]


def counts(reading: Reading, webhook: str | None = None) -> Counts:
    """Return how many messages wait and how many were given up, of one receiver or of all."""
    narrowed, values = ("", {}) if webhook is None else ("WHERE webhook = :webhook", {"webhook": webhook})
    sql = f"SELECT COUNT(*), COALESCE(SUM(is_dead), 0) FROM webhook_delivery {narrowed}"
    return next(Counts(int(found) - int(dead), int(dead)) for found, dead in reading.sql.tuples(sql, values))


def _delivery(
    seq: int,
    record: str,
    kind: str,
    at: Instant,
    attempts: int,
    next_at: Instant,
    claimed_until: Instant,
    is_dead: int,
    problem: str,
) -> Delivery:
    return Delivery(Event(seq, record, kind, at), attempts, next_at, claimed_until, bool(is_dead), problem)
