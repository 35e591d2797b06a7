"""What step 0076 computes: who registered each case or gave it out, and who closed it.

Frozen with its step. Both are in the history; the text of a case written before they were kept does without them.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

import orjson

from server.db.sql import Row, Sql

_CLOSED = ("closed", "spot_closed")

_ACTS = """
    SELECT record, action, author, diff, received
      FROM revision
     WHERE action IN ('register', 'assign', 'reassign', 'split', 'reopen', 'close', 'site_check', 'spot_close')
       AND verdict IN ('applied', 'merged', 'late')
     ORDER BY record, version
"""
_STATE = "SELECT status, case_state FROM record WHERE id = :id AND case_state IS NOT NULL"
_SET_STATE = "UPDATE record SET case_state = :text WHERE id = :id"


def apply(sql: Sql) -> None:
    """Keep of each case who registered it or gave it out, and of a closed one who closed it."""
    for id, acts in groupby(sql.each(_ACTS), key=lambda row: row["record"]):
        dispatchers, closed_by = _told(acts)
        found = sql.rows(_STATE, {"id": id})
        if not found:
            continue
        state = orjson.loads(found[0]["case_state"])
        told = _missing(state, found[0]["status"], dispatchers, closed_by)
        if told:
            sql.run(_SET_STATE, {"id": id, "text": orjson.dumps(state | told).decode()})


def _missing(state: dict[str, Any], status: str, dispatchers: list[str], closed_by: str) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if dispatchers:
        told["dispatchers"] = dispatchers
    if status in _CLOSED and closed_by and not state.get("closed_by"):
        told["closed_by"] = closed_by
    return told


def _told(acts: Iterable[Row]) -> tuple[list[str], str]:
    dispatchers: dict[str, None] = {}
    closed_by = ""
    for act in acts:
        if act["action"] in ("register", "assign", "reassign", "split") or _names_somebody(act):
            dispatchers[act["author"]] = None
        status = orjson.loads(act["diff"]).get("status")
        if status is not None and status[1] in _CLOSED:
            closed_by = act["author"]
    return list(dispatchers), closed_by


def _names_somebody(act: Row) -> bool:
    if act["action"] != "reopen":
        return False
    written = orjson.loads(act["received"]).get("assignee")
    return written is not None and bool(written[1])
