"""What step 0037 computes: which contents the changes name that are in the database already.

Frozen with its step. A change that was applied is in a revision; one that waits, or was set aside, is kept whole.
"""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from server.db.sql import Row, Sql

_ADD = "INSERT INTO change_file (sha256, change) VALUES (:sha256, :change) ON CONFLICT DO NOTHING"


def apply(sql: Sql) -> None:
    """Note the contents of all attachments by the changes that name them."""
    sql.run_each(_ADD, list(_named(sql)))


def _named(sql: Sql) -> Iterator[Row]:
    for row in sql.each("SELECT change, attachments FROM revision WHERE attachments IS NOT NULL"):
        for _, sha256, *_ in orjson.loads(row["attachments"]):
            yield {"sha256": sha256, "change": row["change"]}
    for row in sql.each("SELECT id, body FROM change WHERE body IS NOT NULL"):
        for _, sha256, *_ in orjson.loads(row["body"]).get("attachments", ()):
            yield {"sha256": sha256, "change": row["id"]}
