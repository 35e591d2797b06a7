"""Stores which contents changes name as their attachments, so that none is deleted that a history may show."""

from __future__ import annotations

from server.db.transactions import Reading, Transaction
from sync.changes import Change

_ADD = "INSERT INTO change_file (sha256, change) VALUES (:sha256, :change) ON CONFLICT DO NOTHING"


def add(tx: Transaction, change: Change) -> None:
    """Note what ``change`` names; it may be noted already, since a change that waited is recorded again."""
    if change.attachments:
        tx.sql.run_each(_ADD, [{"sha256": each.sha256, "change": change.id} for each in change.attachments])


def is_in(reading: Reading, sha256: str, author: str) -> bool:
    """Say whether somebody has sent all of a content. sha256: lower-case hex. author: user name."""
    sql = "SELECT 1 FROM sent_file WHERE sha256 = :sha256 AND author = :author"
    return reading.sql.value(sql, {"sha256": sha256, "author": author}) is not None
