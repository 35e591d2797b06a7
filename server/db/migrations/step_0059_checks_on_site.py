"""What step 0059 computes: which cases were closed by a check on the spot, and which were ever supervised.

Frozen with its step. Few cases took such a step, so only their histories are played back.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

import orjson

from server.db.sql import Row, Sql

_CLOSED = ("closed", "spot_closed")
_DROPPED = ("void", "merged")

_STEPS = """
    SELECT record, action, status
      FROM case_step
     WHERE record IN (SELECT record FROM case_step WHERE action IN ('site_check', 'supervise'))
     ORDER BY record, version
"""
_STATES = """
    SELECT fact.path, fact.category, fact.status, fact.registered_day, record.case_state
      FROM case_fact AS fact LEFT JOIN record ON record.id = fact.id WHERE fact.id = :id
"""
_SET_FACT = "UPDATE case_fact SET site_closed = :site_closed, supervised = :supervised WHERE id = :id"
_SET_STATE = "UPDATE record SET case_state = :text WHERE id = :id"
_ADD = """
    UPDATE case_count
       SET site_closed = site_closed + :site_closed, supervised = supervised + :supervised,
           supervised_closed = supervised_closed + :supervised_closed
     WHERE period = :period AND category = :category AND path = :path
"""


def apply(sql: Sql) -> None:
    """Keep of each case whether a check on the spot closed it and whether it was supervised, and the sums of both."""
    for id, steps in groupby(sql.rows(_STEPS), key=lambda row: row["record"]):
        site_closed, supervised = _played(steps)
        states = sql.rows(_STATES, {"id": id})
        if not states or not (site_closed or supervised):
            continue
        case = states[0]
        told = {"site_closed": int(site_closed), "supervised": int(supervised)}
        sql.run(_SET_FACT, {"id": id, **told})
        _add(sql, case, told)
        if case["case_state"] is not None:
            state = orjson.loads(case["case_state"])
            state["facts"] |= {"site_closed": site_closed, "supervised": supervised}
            sql.run(_SET_STATE, {"id": id, "text": orjson.dumps(state).decode()})


def _played(steps: Iterable[Row]) -> tuple[bool, bool]:
    site_closed = supervised = False
    for step in steps:
        site_closed = step["status"] in _CLOSED and (site_closed or step["action"] == "site_check")
        supervised = supervised or step["action"] == "supervise"
    return site_closed, supervised


def _add(sql: Sql, case: Row, told: dict[str, int]) -> None:
    day = case["registered_day"]
    if day is None or case["status"] in _DROPPED:
        return
    sums = {**told, "supervised_closed": told["supervised"] * (case["status"] in _CLOSED), "path": case["path"]}
    for period, category in ((day // 100, case["category"]), (day // 100, "*"), (day, "*")):
        sql.run(_ADD, {**sums, "period": period, "category": category})
