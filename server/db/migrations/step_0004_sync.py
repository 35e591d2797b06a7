"""What step 0004 computes: the check value of every record of a database older than synchronization. Frozen."""

from __future__ import annotations

from hashlib import sha256

from server.db.sql import Sql


def apply(sql: Sql) -> None:
    """Set every record's check value to the first 48 bits of ``sha256("<id>:<version>")``."""
    sql.run_each(
        "UPDATE record SET check_value = :value WHERE id = :id",
        (
            {"id": row["id"], "value": int.from_bytes(sha256(f"{row['id']}:{row['version']}".encode()).digest()[:6])}
            for row in sql.rows("SELECT id, version FROM record")
        ),
    )
