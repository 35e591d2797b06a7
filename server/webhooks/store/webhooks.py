"""Keeps whom the server tells of what happens, and the secrets that their messages are signed with."""

from __future__ import annotations

from typing import NamedTuple

from server.db.sql import inserting
from server.db.transactions import Reading, Transaction
from server.instants import Instant


class Webhook(NamedTuple):
    """Whom the server tells. Its fields are those of the table; ``kinds`` has blanks between."""

    id: str
    url: str
    kinds: str
    created_at: Instant
    created_by: str
    after_seq: int
    failures: int
    retry_at: Instant
    problem: str


_COLUMNS = ", ".join(Webhook._fields)
_ADD = inserting("webhook", Webhook._fields)
_ADD_SECRET = inserting("webhook_secret", ("id", "webhook", "secret", "created_at"))


def list_all(reading: Reading) -> list[Webhook]:
    """Return every webhook that has not been ended, the oldest first; for who may configure the county."""
    rows = reading.sql.tuples(f"SELECT {_COLUMNS} FROM webhook WHERE ended_at IS NULL ORDER BY created_at, id")
    return [Webhook(*row) for row in rows]


def find(reading: Reading, id: str) -> Webhook | None:
    """Return a webhook that has not been ended, None where there is none of this id."""
    sql = f"SELECT {_COLUMNS} FROM webhook WHERE id = :id AND ended_at IS NULL"
    return next((Webhook(*row) for row in reading.sql.tuples(sql, {"id": id})), None)


def add(tx: Transaction, webhook: Webhook) -> None:
    """Append a webhook."""
    tx.sql.run(_ADD, webhook._asdict())


def end(tx: Transaction, id: str) -> None:
    """End a webhook: nothing more is sent, its secrets and what was still to be sent are gone."""
    tx.sql.run("UPDATE webhook SET ended_at = :now WHERE id = :id", {"id": id, "now": tx.now})
    tx.sql.run("DELETE FROM webhook_secret WHERE webhook = :id", {"id": id})
    tx.sql.run("DELETE FROM webhook_delivery WHERE webhook = :id", {"id": id})


def move_cursor(tx: Transaction, id: str, seq: int) -> None:
    """Keep up to where the revisions were looked at for a webhook."""
    tx.sql.run("UPDATE webhook SET after_seq = :seq WHERE id = :id", {"id": id, "seq": seq})


def note_answer(tx: Transaction, id: str, failures: int, retry_at: Instant, problem: str) -> None:
    """Keep how a receiver answers. failures: in a row; retry_at: before when it is left alone; problem: of the last."""
    tx.sql.run(
        "UPDATE webhook SET failures = :failures, retry_at = :retry_at, problem = :problem WHERE id = :id",
        {"id": id, "failures": failures, "retry_at": retry_at, "problem": problem},
    )


def secrets_of(reading: Reading, id: str) -> list[tuple[str, str, Instant]]:
    """Return id, secret and age of the secrets that messages of a webhook are signed with, the newest first."""
    sql = "SELECT id, secret, created_at FROM webhook_secret WHERE webhook = :id ORDER BY created_at DESC, id DESC"
    return [(str(secret), str(value), str(at)) for secret, value, at in reading.sql.tuples(sql, {"id": id})]


def add_secret(tx: Transaction, webhook: str, secret: str) -> None:
    """Sign with a further secret from now on."""
    tx.sql.run(_ADD_SECRET, {"id": tx.new_id(), "webhook": webhook, "secret": secret, "created_at": tx.now})


def delete_secret(tx: Transaction, id: str) -> None:
    """Sign with a secret no more."""
    tx.sql.run("DELETE FROM webhook_secret WHERE id = :id", {"id": id})
