"""What step 0029 computes: the entries of the audit until then, in their order, as a chain.

Frozen with its step. What was not noted at the time, the role, place and address, stays empty.
"""

from __future__ import annotations

import json
from hashlib import sha256

from server.db.sql import Row, Sql, inserting

_CONTENT = ("id", "at", "action", "actor", "role", "place", "address", "subject", "result", "detail")
_ADD = inserting("audit", (*_CONTENT, "hash"))


def apply(sql: Sql) -> None:
    """Number every entry anew, oldest first, and chain them; they were numbered by the county's seq."""
    rows = sql.rows("SELECT * FROM audit ORDER BY at, id")
    sql.run("DELETE FROM audit")
    before = ""
    for number, row in enumerate(rows, start=1):
        row["id"] = f"{number:016d}"
        before = row["hash"] = _chained(before, row)
        sql.run(_ADD, row)
    sql.run("UPDATE audit_head SET number = :number, hash = :hash", {"number": len(rows), "hash": before})


def _chained(before: str, row: Row) -> str:
    content = json.dumps([row[name] for name in _CONTENT], ensure_ascii=False, separators=(",", ":"))
    return sha256(f"{before}\n{content}".encode()).hexdigest()
