"""What step 0079 computes: the day on which the closing limit of each case passes, and how long its report took.

Frozen with its step. The end of a day, 24:00, belongs to that day. No limit counts of what is void, merged, suspended
or transferred, nor of what was never registered.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from server.db.migrations.step_0002_case_figures import COUNTS, Cell, cells, day_number
from server.db.sql import Row, Sql, inserting

_AT_ONCE = 5_000
_CASES = """
    SELECT id, path, category, received_at, status, registered_at, close_due_at, closed_at, discovered_at
      FROM case_fact
     WHERE id > :after AND (close_due_at IS NOT NULL OR discovered_at IS NOT NULL)
     ORDER BY id LIMIT :at_once
"""
_SET = "UPDATE case_fact SET limit_day = :limit_day, lag_s = :lag_s WHERE id = :id"
_NONE = ("void", "merged", "suspended", "transferred")


def apply(sql: Sql) -> None:
    """Keep both of each case, and add up the limits by their days."""
    sums: dict[Cell, Counter[str]] = {}
    after = ""
    while rows := sql.rows(_CASES, {"after": after, "at_once": _AT_ONCE}):
        after = rows[-1]["id"]
        days = [_limit_day(row) for row in rows]
        sql.run_each(
            _SET,
            [{"id": row["id"], "limit_day": day, "lag_s": _lag_s(row)} for row, day in zip(rows, days, strict=True)],
        )
        for row, day in zip(rows, days, strict=True):
            for cell in () if day is None else cells(day, row["category"], row["path"]):
                sums.setdefault(cell, Counter()).update(limits=1, limits_closed=row["closed_at"] is not None)
    added = ", ".join(f"{name} = case_count.{name} + excluded.{name}" for name in ("limits", "limits_closed"))
    sql.run_each(
        f"{inserting('case_count', ('period', 'category', 'path', *COUNTS, 'limits', 'limits_closed'))} "
        f"ON CONFLICT (category, period, path) DO UPDATE SET {added}",
        [
            {**dict.fromkeys(COUNTS, 0), "period": period, "category": category, "path": path,
             "limits": counted["limits"], "limits_closed": counted["limits_closed"]}
            for (period, category, path), counted in sums.items()
        ],
    )  # fmt: skip


def _limit_day(row: Row) -> int | None:
    if row["registered_at"] is None or row["status"] in _NONE or row["close_due_at"] is None:
        return None
    at = datetime.fromisoformat(row["close_due_at"]) - timedelta(milliseconds=1)
    return day_number(at.isoformat())


def _lag_s(row: Row) -> int | None:
    if row["discovered_at"] is None:
        return None
    took = datetime.fromisoformat(row["received_at"]) - datetime.fromisoformat(row["discovered_at"])
    return max(0, took // timedelta(seconds=1))
