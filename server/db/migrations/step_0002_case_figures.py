"""What step 0002 computes: facts and sums of the cases and patrols of a database older than the closure summary.

Frozen with its step: it writes the tables as the step leaves them, by the rules of that day. Every case had taken one
step then, the one that created it, and three statuses are all that it could have.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import orjson

from server.db.sql import Row, Sql, inserting

COUNTS = (
    "reports", "decided_reports", "registered_reports", "valid_reports", "rejected_reports", "merged_reports",
    "withdrawn_reports", "registered", "void", "merged_cases", "spot_closed", "closed", "suspended", "transferred",
    "rectified", "closed_on_time", "dispatched", "handled", "handled_on_time", "handled_on_time_extended", "extended",
    "extended_handling_due", "once_fed_back", "checked", "reworked", "reworked_due", "handled_s", "dispatches",
    "sent_in_vain", "returns", "closed_in_period",
)  # fmt: skip
"""The columns of ``case_count`` that are summed."""

_REGISTERED = ("reports", "decided_reports", "registered_reports", "valid_reports", "registered", "rectified")
_COUNTED = {
    "reported": ("reports",),
    "feedback": (*_REGISTERED, "once_fed_back"),
    "spot_closed": (*_REGISTERED, "spot_closed", "closed", "closed_on_time", "closed_in_period"),
}
"""The columns to which a case of each status adds one."""

_FACTS = (
    "id", "path", "category", "received_at", "status", "decided_at", "registered_at", "dispatches",
    "first_fed_back_at", "fed_back_at", "closed_at", "held_s", "checked", "reworked", "extended", "stepped_at",
    "received_day", "registered_day", "registered_month", "closed_day", "running",
)  # fmt: skip

_CASES = """
    SELECT record.id, record.path, record.fields, case_step.at, case_step.status
      FROM record JOIN case_step ON case_step.record = record.id
"""
_BEIJING = ZoneInfo("Asia/Shanghai")

Cell = tuple[int, str, str]
"""(period, category, path): a month 202604 or a day 20260401, a category or ``*`` for all, an area."""


def apply(sql: Sql) -> None:
    """Add the facts of every case that has a step, and the sums over cases and patrols."""
    counts: Counter[tuple[Cell, str]] = Counter()
    results: Counter[Cell] = Counter()
    for case in sql.rows(_CASES):
        fact = _fact(case)
        sql.run(inserting("case_fact", _FACTS), fact)
        for cell in cells(fact["received_day"], fact["category"], fact["path"]):
            counts.update((cell, column) for column in _COUNTED[case["status"]])
            results.update([cell] if case["status"] == "spot_closed" else ())
    add_counts(sql, counts)
    sql.run_each(
        inserting("case_result", ("period", "category", "path", "code", "n")),
        (
            {"period": period, "category": category, "path": path, "code": "unstated", "n": n}
            for (period, category, path), n in results.items()
        ),
    )
    sql.run_each(inserting("visit_count", ("period", "path", "premises")), _visits(sql))


def cells(day: int, category: str, path: str) -> Iterator[Cell]:
    """Yield the three sums to which a case of this category and area adds what it counts on a day."""
    yield day // 100, category, path
    yield day // 100, "*", path
    yield day, "*", path


def add_counts(sql: Sql, counts: Mapping[tuple[Cell, str], int]) -> None:
    """Add counts by cell and column to ``case_count``; a cell to which nothing is added gets no row."""
    rows: dict[Cell, Row] = {}
    for (cell, column), n in counts.items():
        if n:
            rows.setdefault(cell, dict.fromkeys(COUNTS, 0))[column] += n
    adding = ", ".join(f"{column} = case_count.{column} + excluded.{column}" for column in COUNTS)
    sql.run_each(
        f"{inserting('case_count', ('period', 'category', 'path', *COUNTS))} "
        f"ON CONFLICT (category, period, path) DO UPDATE SET {adding}",
        (
            {"period": period, "category": category, "path": path, **row}
            for (period, category, path), row in rows.items()
        ),
    )


def day_number(at: str) -> int:
    """Return the number, 20260401, of the Beijing day that holds an instant ``2026-04-01T01:00:00.000Z``."""
    return int(datetime.fromisoformat(at).astimezone(_BEIJING).strftime("%Y%m%d"))


def _fact(case: Row) -> Row:
    at, status, day = case["at"], case["status"], day_number(case["at"])
    registered, fed_back, closed = status != "reported", status == "feedback", status == "spot_closed"
    return {
        "id": case["id"],
        "path": case["path"],
        "category": orjson.loads(case["fields"]).get("category", ""),
        "received_at": at,
        "status": status,
        "decided_at": at if registered else None,
        "registered_at": at if registered else None,
        "dispatches": "",
        "first_fed_back_at": at if fed_back else None,
        "fed_back_at": at if fed_back else None,
        "closed_at": at if closed else None,
        **dict.fromkeys(("held_s", "checked", "reworked", "extended"), 0),
        "stepped_at": at,
        "received_day": day,
        "registered_day": day if registered else None,
        "registered_month": day // 100 if registered else None,
        "closed_day": day if closed else None,
        "running": int(fed_back),
    }


def _visits(sql: Sql) -> Iterable[Row]:
    """Return the rows of premises that patrols looked at, by day and by month."""
    visits: Counter[tuple[int, str]] = Counter()
    for row in sql.rows("SELECT path, created_at, fields FROM record WHERE type = 'patrols'"):
        stated = orjson.loads(row["fields"]).get("premises_count", "")
        # Nine digits fit the column; what is no whole number counts as none.
        if stated.isascii() and stated.isdigit() and len(stated) <= 9 and int(stated):
            day = day_number(row["created_at"])
            visits.update({(day, row["path"]): int(stated), (day // 100, row["path"]): int(stated)})
    return [{"period": period, "path": path, "premises": n} for (period, path), n in visits.items()]
