"""Keeps a change whole without applying it, and tells an office: its record is not here, or a person must judge it."""

from __future__ import annotations

from dataclasses import replace

from server.changes.store import named_files, verdicts
from server.changes.store.verdicts import Stored
from server.changes.usecases import placement
from server.changes.usecases.recording import Outcome, PendingChange
from server.db.transactions import Transaction
from server.problems.domain.problems import Problem, ProblemKind
from server.problems.store import problems
from server.records.domain import relation
from server.records.domain.relation import Relation
from server.records.store import records
from sync.changes import CREATING, Verdict

ID_IN_USE = "这个编号的记录已经存在，重复的新建已隔离，待人工判断。"
NOT_IN_CHARGE = "填报人不负责这个网格，记录已隔离，待人工判断。"
NOT_HERE = (
    "这条更新要改的记录还没有到，或不归填报人管；内容已原样留存。"
    "记录到达后会自动合并；确认不归填报人管的，请注明原因后关闭。"
)
"""What is said of a record that is not here, and of one that its author never had to do with: nobody shall tell them
apart by the answer (ADR 0038)."""


def keep(tx: Transaction, pending: PendingChange, verdict: Verdict, kind: ProblemKind, message: str) -> Outcome:
    """Keep a change whole without applying it, with a problem for its author's own office that says why."""
    change = pending.change
    problem = problems.add(
        tx,
        Problem(
            kind,
            relation.home_path(pending.by) or "",
            message,
            record=change.record,
            type=change.type,
            submission=pending.submission,
            change=change.id,
            author=pending.by.name,
        ),
    )
    stored = Stored(
        change.id,
        change.record,
        change.type,
        pending.by.name,
        pending.content,
        verdict,
        None,
        problem=problem,
        submission=pending.submission,
    )
    if pending.problem is None:
        named_files.add(tx, change)
        verdicts.add(tx, stored, tx.now, change)
    else:
        verdicts.settle(tx, stored)
        problems.settle(tx, pending.problem, pending.settled_by)
    return Outcome(change.id, verdict, None, records.find_for_writing(tx, change.record), (), problem)


def keep_of_stranger(tx: Transaction, pending: PendingChange) -> Outcome:
    """Quarantine a change to a record that its author never had to do with, and say what one says of an unknown one.

    Nothing is written to the record, its history or its office's desk; the author's own office is told.
    """
    change, problem = pending.change, pending.problem
    if change.action in CREATING and problem is None:
        _, path, _ = placement.area_of_new_record(tx, change, pending.by, pending.submission)
        message = NOT_IN_CHARGE if relation.to_area(pending.by, path) is Relation.NONE else ID_IN_USE
        kept = keep(tx, pending, Verdict.QUARANTINED, ProblemKind.QUARANTINED, message)
        return replace(kept, record=None)
    if problem is None:
        kept = keep(tx, pending, Verdict.QUARANTINED, ProblemKind.WAITING, NOT_HERE)
        return replace(kept, verdict=Verdict.WAITING, record=None)
    # It waited for the record, which has come and is not its author's, or an officer had it judged again.
    known = verdicts.find(tx, change.id)
    if known is None:
        raise LookupError(f"no verdict on the change {change.id}")
    verdicts.settle(tx, replace(known, verdict=Verdict.QUARANTINED))
    return Outcome(change.id, known.told or Verdict.WAITING, None, None, (), problem)
