"""Tells by itself that a limit is near or has passed: to the handler, the town, and who decides a level above.

Each is a revision of the server, so that the history keeps it and the handler's phone shows it; nothing of the case
changes. A limit is told of once; another limit, which an extension sets, is told of anew.
"""

from __future__ import annotations

from datetime import timedelta

from server import instants
from server.cases.domain import decisions
from server.cases.domain.decisions import Wait
from server.cases.store import calendars, limits
from server.changes.usecases import automatic_steps
from server.changes.usecases.automatic_steps import AutomaticSteps
from server.changes.usecases.recording import apply_by_server
from server.db.transactions import Transaction
from server.notices.domain import kinds
from server.records.domain.records import Record
from server.records.domain.status import OPEN

TOLD_BACK = timedelta(days=30)
"""How long ago a limit may have passed to be told of still: what was there before is in lists and figures."""


def remind(tx: Transaction, limit: int) -> AutomaticSteps:
    """Remind the handlers of at most ``limit`` cases that these fall due soon."""
    until = instants.later(tx.now, kinds.told_ahead(tx.now))
    return automatic_steps.each(tx, limits.with_handler_due(tx, "remind", tx.now, until, limit), _reminded)


def escalate(tx: Transaction, limit: int) -> AutomaticSteps:
    """Tell the town, and who gave them out, of at most ``limit`` cases whose limit has passed."""
    after = instants.later(tx.now, -TOLD_BACK)
    return automatic_steps.each(tx, limits.with_handler_due(tx, "escalate", after, tx.now, limit), _escalated)


def escalate_requests(tx: Transaction, limit: int) -> AutomaticSteps:
    """Tell the level above of at most ``limit`` cases with a request that nobody has decided in time.

    Silence decides nothing: the request stays open, and any higher level may decide it (ADR 0054).
    """
    calendar = calendars.calendar(tx)
    due = {
        id: waits
        for id, case in limits.with_requests(tx)
        if (waits := [each for each in decisions.waits_of(case, calendar, tx.now) if _is_new(tx, id, each)])
    }

    def step(tx: Transaction, record: Record) -> bool:
        if record.status not in OPEN:
            return False
        told = "、".join(
            f"申请{each.kind.label}应在{instants.last_day(each.decide_by)[5:]}前决定" for each in due[record.id]
        )
        apply_by_server(tx, record, "escalate_request", f"{told}，还没有决定，已报上一级")
        for each in due[record.id]:
            limits.keep_told(tx, record.id, each.kind.ask, each.decide_by)
        return True

    return automatic_steps.each(tx, due, step, limit)


def _is_new(tx: Transaction, id: str, wait: Wait) -> bool:
    earliest = instants.later(tx.now, -TOLD_BACK)
    return earliest < wait.decide_by <= tx.now and not limits.is_told(tx, id, wait.kind.ask, wait.decide_by)


def _reminded(tx: Transaction, record: Record) -> bool:
    return _told(tx, record, "remind", "限{day}")


def _escalated(tx: Transaction, record: Record) -> bool:
    return _told(tx, record, "escalate", "{day}到期，还没有反馈")


def _told(tx: Transaction, record: Record, action: str, note: str) -> bool:
    due_at = record.due_at or tx.now
    apply_by_server(tx, record, action, note.format(day=instants.last_day(due_at)[5:]))
    limits.keep_told(tx, record.id, action, due_at)
    return True
