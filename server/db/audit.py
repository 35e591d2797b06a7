"""Stores who changed the configuration and who looked at what; appended, never rewritten."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from server.db.sql import inserting
from server.db.transactions import Reading, Transaction
from server.instants import Instant

_ADD = inserting("audit", ("id", "at", "actor", "action", "subject", "detail"))


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: ``actor`` did ``action`` (``area.rename``) to ``subject`` (a code or name) at ``at``."""

    at: Instant
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]


def add(tx: Transaction, actor: str, action: str, subject: str, detail: Mapping[str, Any]) -> None:
    """Append that ``actor`` did ``action`` to ``subject`` now.

    detail: what a later reader needs, as JSON values; never a secret, a token or a phone number.
    """
    # Numbered, so that entries of one transaction keep their order: they share its instant.
    row = {"id": f"{tx.next_seq():016d}", "at": tx.now, "actor": actor, "action": action, "subject": subject}
    tx.sql.run(_ADD, row | {"detail": json.dumps(detail, ensure_ascii=False)})


def list_about(reading: Reading, subject: str) -> Iterator[Entry]:
    """Yield what was done to ``subject``, oldest first. For administrators and auditors, who see the whole county."""
    rows = reading.sql.each(
        "SELECT at, actor, action, subject, detail FROM audit WHERE subject = :subject ORDER BY at, id",
        {"subject": subject},
    )
    return (Entry(**row | {"detail": json.loads(row["detail"])}) for row in rows)
