"""What step 0068 computes: which cases were ever reopened, and the sums of them.

Frozen with its step. Few cases were, so that only their histories are looked at.
"""

from __future__ import annotations

import orjson

from server.db.sql import Row, Sql

_DROPPED = ("void", "merged")

_REOPENED = "SELECT record, COUNT(*) AS times FROM case_step WHERE action = 'reopen' GROUP BY record ORDER BY record"
_STATES = """
    SELECT fact.path, fact.category, fact.status, fact.registered_day, record.case_state
      FROM case_fact AS fact LEFT JOIN record ON record.id = fact.id WHERE fact.id = :id
"""
_SET_FACT = "UPDATE case_fact SET reopened = :reopened WHERE id = :id"
_SET_STATE = "UPDATE record SET case_state = :text WHERE id = :id"
_ADD = """
    UPDATE case_count SET reopened = reopened + 1, came_back = came_back + 1
     WHERE period = :period AND category = :category AND path = :path
"""


def apply(sql: Sql) -> None:
    """Keep of each case how often it was reopened, and the sums of those that were."""
    for row in sql.rows(_REOPENED):
        id, reopened = row["record"], row["times"]
        states = sql.rows(_STATES, {"id": id})
        if not states:
            continue
        case = states[0]
        sql.run(_SET_FACT, {"id": id, "reopened": reopened})
        _add(sql, case)
        if case["case_state"] is not None:
            state = orjson.loads(case["case_state"])
            state["facts"]["reopened"] = reopened
            sql.run(_SET_STATE, {"id": id, "text": orjson.dumps(state).decode()})


def _add(sql: Sql, case: Row) -> None:
    day = case["registered_day"]
    if day is None or case["status"] in _DROPPED:
        return
    for period, category in ((day // 100, case["category"]), (day // 100, "*"), (day, "*")):
        sql.run(_ADD, {"path": case["path"], "period": period, "category": category})
