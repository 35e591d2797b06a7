"""Tells of an act from a device what has come since: a later act of the same device, or a decision of somebody else."""

from __future__ import annotations

from server.cases.domain import overtaking, workflow
from server.db.transactions import Transaction
from server.people.domain.actors import Actor
from server.records.domain.records import Record
from server.records.store import revisions
from sync.changes import Change


def is_superseded(tx: Transaction, record: Record, change: Change) -> bool:
    """Say whether a later act of the same origin has moved the case on, which made this one part of its history.

    A step that comes after must not take the case back; a request or remark that its author has since acted upon
    is answered by that.
    """
    moving = {step.action for step in workflow.STEPS if step.target is not None}
    later = [
        each.action
        for each in revisions.list_of_origin(tx, record.id, change.dot.origin)
        if each.origin_seq > change.dot.seq and each.verdict in overtaking.CARRIED_OUT
    ]
    if change.action in moving:
        return not moving.isdisjoint(later)
    step = workflow.STEP_OF.get(change.action)
    return step is not None and record.status not in step.sources and not moving.isdisjoint(later)


def require_seen(tx: Transaction, record: Record, change: Change, by: Actor) -> None:
    """Do nothing where the author of an act saw all that it would undo. Raises StaleVersion (ADR 0018).

    What a device does not say that it saw, or saw of a history that is not here, is not held against it.
    """
    base = change.base_version
    if base is None or base >= record.version or change.action not in overtaking.OVERTAKEN_BY:
        return
    overtaking.require_seen(record, change, by.name, revisions.list_since(tx, record.id, base))
