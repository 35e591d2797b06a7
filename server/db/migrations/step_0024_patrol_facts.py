"""What step 0024 computes: where each patrol was and how many premises it inspected. Frozen with its step."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import orjson

from server.db.migrations.step_0002_case_figures import day_number
from server.db.sql import Row, Sql, inserting

_ADD = inserting("patrol_fact", ("id", "received_at", "path", "place", "premises", "day"))


def apply(sql: Sql) -> None:
    """Add what every patrol tells."""
    sql.run_each(_ADD, _patrols(sql))


def _patrols(sql: Sql) -> Iterator[Row]:
    for row in sql.rows("SELECT id, path, created_at, fields FROM record WHERE type = 'patrols'"):
        fields = orjson.loads(row["fields"])
        told = fields.get("premises_count") or ""
        place = unicodedata.normalize("NFKC", fields.get("place") or "").casefold()
        yield {
            "id": row["id"],
            "received_at": row["created_at"],
            "path": row["path"],
            "place": "".join(character for character in place if character.isalnum()),
            # Nine digits fit the column; what is no whole number counts as none.
            "premises": int(told) if told.isascii() and told.isdigit() and len(told) <= 9 else 0,
            "day": day_number(row["created_at"]),
        }
