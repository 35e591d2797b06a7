"""What step 0073 computes: which cases were late before a later act undid that, or gave them a later limit.

Frozen with its step. Only cases that were checked again, reopened or given several limits can have been, so that only
their histories are played back.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

import orjson

from server.db.sql import Row, Sql

_CLOSED = ("closed", "spot_closed")
_HELD = ("suspended", "transferred")
_DROPPED = ("void", "merged")
_OUTSIDE = ("reported", "rejected", *_DROPPED)
_WITH_HANDLER = ("assigned", "accepted", "handling")
_CHECKS = ("close", "rework", "site_check")

_STEPS = """
    SELECT record, action, at, status, handle_due_at, close_due_at, extends, written_at
      FROM case_step
     WHERE record IN (SELECT record FROM case_step WHERE action IN ('rework', 'reopen', 'site_check')
                      UNION
                      SELECT record FROM case_step WHERE handle_due_at IS NOT NULL OR close_due_at IS NOT NULL
                       GROUP BY record HAVING COUNT(*) > 1)
     ORDER BY record, version
"""
_STATES = """
    SELECT fact.path, fact.category, fact.status, fact.registered_day, fact.dispatches, fact.extended,
           fact.fed_back_at, fact.written_at, fact.handle_due_at, fact.closed_at, fact.close_due_at, record.case_state
      FROM case_fact AS fact LEFT JOIN record ON record.id = fact.id WHERE fact.id = :id
"""
_SET_FACT = "UPDATE case_fact SET late_handling = :late_handling, late_closing = :late_closing WHERE id = :id"
_SET_STATE = "UPDATE record SET case_state = :text WHERE id = :id"
_ADD = """
    UPDATE case_count
       SET handled_on_time = handled_on_time - :handled, closed_on_time = closed_on_time - :closed,
           handled_on_time_extended = handled_on_time_extended - :extended, filled_in_time = filled_in_time + :filled
     WHERE period = :period AND category = :category AND path = :path
"""


class _Past:
    """What the history of a case comes to, as far as lateness goes."""

    def __init__(self) -> None:
        self.status = "reported"
        self.handle_due = self.close_due = self.fed_back = self.written = self.closed = self.held = None
        self.registered = self.dispatched = self.late_closing = False
        self.late_handling = 0

    def take(self, step: Row) -> None:
        """Take one more step."""
        undone = step["status"] not in _CLOSED and (step["action"] in _CHECKS or self.status in _CLOSED)
        self._judge_handling(step, undone)
        self._judge_closing(step)
        self._move(step, undone)

    def _judge_handling(self, step: Row, undone: bool) -> None:
        later = _is_later(step["handle_due_at"], self.handle_due)
        if self.handle_due is None or not self.dispatched or not (undone or later):
            return
        if self.fed_back is not None:
            self.late_handling = max(self.late_handling, _lateness(self.handle_due, self.fed_back, self.written))
        elif later and not _extends(step) and (self.held or step["at"]) > self.handle_due:
            self.late_handling = 2

    def _judge_closing(self, step: Row) -> None:
        if self.close_due is None or not self.registered:
            return
        if self.closed is not None:
            self.late_closing |= step["status"] not in _CLOSED and self.closed > self.close_due
        elif _is_later(step["close_due_at"], self.close_due) and not _extends(step):
            self.late_closing |= (self.held or step["at"]) > self.close_due

    def _move(self, step: Row, undone: bool) -> None:
        status, at = step["status"], step["at"]
        from_intake = status == "assigned" and self.status in ("reported", "registered")
        self.dispatched |= from_intake or status in _WITH_HANDLER
        self.registered |= status not in _OUTSIDE
        if (status == "feedback" and self.status != "feedback") or step["action"] == "site_check":
            self.fed_back, self.written = at, step["written_at"]
        if undone:
            self.fed_back = self.written = None
        self.closed = (self.closed or at) if status in _CLOSED else None
        self.held = (self.held or at) if status in _HELD else None
        self.handle_due = step["handle_due_at"] or self.handle_due
        self.close_due = step["close_due_at"] or self.close_due
        self.status = status


def apply(sql: Sql) -> None:
    """Keep of each case how late it was before, and take it out of the sums of what was on time."""
    for id, steps in groupby(sql.rows(_STEPS), key=lambda row: row["record"]):
        late = _played(steps)
        states = sql.rows(_STATES, {"id": id})
        if not states or not any(late.values()):
            continue
        case = states[0]
        sql.run(_SET_FACT, {"id": id, **{name: int(value) for name, value in late.items()}})
        _add(sql, case, late)
        if case["case_state"] is not None:
            state = orjson.loads(case["case_state"])
            state["facts"] |= late
            sql.run(_SET_STATE, {"id": id, "text": orjson.dumps(state).decode()})


def _played(steps: Iterable[Row]) -> dict[str, int | bool]:
    past = _Past()
    for step in steps:
        past.take(step)
    return {"late_handling": past.late_handling, "late_closing": past.late_closing}


def _add(sql: Sql, case: Row, late: dict[str, int | bool]) -> None:
    day = case["registered_day"]
    if day is None or case["status"] in _DROPPED:
        return
    handled = case["dispatches"] != "" and case["fed_back_at"] is not None
    standing = _lateness(case["handle_due_at"], case["fed_back_at"], case["written_at"])
    no_more = handled and standing == 0 and late["late_handling"] > 0
    in_time = case["closed_at"] is not None and not (case["closed_at"] > (case["close_due_at"] or case["closed_at"]))
    sums = {
        "handled": int(no_more),
        "extended": int(no_more and case["extended"] > 0),
        "closed": int(in_time and late["late_closing"]),
        "filled": int(handled) * ((max(standing, late["late_handling"]) == 1) - (standing == 1)),
        "path": case["path"],
    }
    for period, category in ((day // 100, case["category"]), (day // 100, "*"), (day, "*")):
        sql.run(_ADD, {**sums, "period": period, "category": category})


def _lateness(due: str | None, fed_back: str | None, written: str | None) -> int:
    if due is None or fed_back is None or fed_back <= due:
        return 0
    return 1 if written is not None and written <= due else 2


def _is_later(due: str | None, than: str | None) -> bool:
    return due is not None and than is not None and due > than


def _extends(step: Row) -> bool:
    return step["action"] == "extend" or bool(step["extends"])
