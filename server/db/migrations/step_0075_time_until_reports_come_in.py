"""What step 0075 computes: when the hazard of each case was discovered, and how long reports took to come in.

Frozen with its step. What a device says counts where its clock was sound: not marked, not ahead of the receipt by more
than clocks drift, nor a year behind it.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta, timezone

import orjson

from server.db.sql import Row, Sql

_AT_ONCE = 2_000
_DRIFT, _OLDEST, _DAY_S = timedelta(minutes=10), timedelta(days=366), 86_400
_BEIJING = timezone(timedelta(hours=8))

_CASES = """
    SELECT record.id, record.fields, record.flags, record.case_state, fact.received_at, fact.received_day,
           fact.category, fact.path
      FROM case_fact AS fact JOIN record ON record.id = fact.id
     WHERE fact.id > :after ORDER BY fact.id LIMIT :at_once
"""
_SET_FACT = "UPDATE case_fact SET discovered_at = :at WHERE id = :id"
_SET_STATE = "UPDATE record SET case_state = :text WHERE id = :id"
_SET_STEP = """
    UPDATE case_step SET discovered_at = :at
     WHERE record = :id AND version = (SELECT MIN(version) FROM case_step WHERE record = :id)
"""
_ADD = """
    UPDATE case_count
       SET dated_reports = dated_reports + :dated, late_reports = late_reports + :late, lag_s = lag_s + :lag_s
     WHERE period = :period AND category = :category AND path = :path
"""

_Key = tuple[int, str, str]


def apply(sql: Sql) -> None:
    """Keep of each case when its hazard was discovered, and add up how long reports took to come in."""
    sums: dict[_Key, Counter[str]] = {}
    after = ""
    while rows := sql.rows(_CASES, {"after": after, "at_once": _AT_ONCE}):
        after = rows[-1]["id"]
        for row in rows:
            _keep(sql, row, sums)
    for (period, category, path), counted in sums.items():
        told = {name: counted[name] for name in ("dated", "late", "lag_s")}
        sql.run(_ADD, {"period": period, "category": category, "path": path, **told})


def _keep(sql: Sql, row: Row, sums: dict[_Key, Counter[str]]) -> None:
    at = _discovered_at(row)
    if at is None:
        return
    sql.run(_SET_FACT, {"id": row["id"], "at": at})
    sql.run(_SET_STEP, {"id": row["id"], "at": at})
    if row["case_state"] is not None:
        state = orjson.loads(row["case_state"])
        state["facts"]["discovered_at"] = at
        sql.run(_SET_STATE, {"id": row["id"], "text": orjson.dumps(state).decode()})
    lag_s = max(0, (_parsed(row["received_at"]) - _parsed(at)) // timedelta(seconds=1))
    day, path = row["received_day"], row["path"]
    for period, category in ((day // 100, row["category"]), (day // 100, "*"), (day, "*")):
        counted = sums.setdefault((period, category, path), Counter())
        counted.update(dated=1, late=int(lag_s > _DAY_S), lag_s=lag_s)


def _discovered_at(row: Row) -> str | None:
    written = orjson.loads(row["fields"]).get("discovered_at", "")
    if not written or "clock_suspect" in row["flags"].split("|")[1:]:
        return None
    try:
        found = _parsed(written.strip())
    except (ValueError, OverflowError):
        return None
    received = _parsed(row["received_at"])
    if not received - _OLDEST <= found <= received + _DRIFT:
        return None
    return f"{found.strftime('%Y-%m-%dT%H:%M:%S')}.{found.microsecond // 1000:03}Z"


def _parsed(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=_BEIJING)).astimezone(UTC)
