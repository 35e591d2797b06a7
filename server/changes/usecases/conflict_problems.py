"""Keeps conflict problems in step with the records: closed when one value is left, reopened when a choice is undone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from server.changes.domain import problem_reports, record_history
from server.changes.domain.revise import Revised
from server.db.transactions import Transaction
from server.problems.domain.problems import ProblemKind
from server.problems.domain.settlements import How, Settlement
from server.problems.store import problems
from server.problems.store.problems import StoredProblem
from server.records.domain.records import Record
from sync import registers
from sync.flags import Flag


def follow(tx: Transaction, before: Record, revised: Revised, *, server: str) -> None:
    """Close and open the conflicts about a record as its newest revision asks, and close what merging had spoilt.

    server: who closes what an ordinary change has resolved.
    """
    was, now = before.flags, revised.record.flags
    if Flag.INVALID_AFTER_MERGE in was and Flag.INVALID_AFTER_MERGE not in now:
        _mended(tx, revised.record.id, server)
    action = revised.revision.action
    if revised.record.registers == before.registers or not (before.conflicts or action == record_history.UNSETTLE):
        return
    for filed in problems.conflicts_of(tx, revised.record.id):
        if action == record_history.UNSETTLE:
            _take_back(tx, filed, revised)
        elif filed.settled_at is None:
            _join(tx, filed, revised.record)
            _close(tx, filed, revised, server)


def _mended(tx: Transaction, record: str, server: str) -> None:
    """Close the problem about values that the record no longer holds."""
    for kind in (ProblemKind.INVALID_AFTER_MERGE, ProblemKind.MISFIT):
        for filed in problems.open_about(tx, record, kind):
            doubted = set(filed.detail.get("applied", ()))  # what did not fit at all is nowhere else: it stays
            if kind is ProblemKind.INVALID_AFTER_MERGE or doubted == set(filed.detail["reasons"]):
                problems.settle(tx, filed.id, server)


def _take_back(tx: Transaction, filed: StoredProblem, revised: Revised) -> None:
    undone = record_history.undone_by(revised.revision.received)
    settlement = filed.settlement
    if settlement is None or undone.isdisjoint(settlement.versions):
        return
    left = tuple(version for version in settlement.versions if version not in undone)
    taken_back = {"how": settlement.how, "by": settlement.by, "at": settlement.at, "reason": settlement.reason}
    problems.reopen(tx, filed.id, replace(_made(How.UNDO, revised), versions=left, undone=taken_back))


def open_about(tx: Transaction, record: str, fields: Collection[str]) -> StoredProblem | None:
    """Return the oldest open problem about a conflict in any of these fields of a record, None without one."""
    filed = problems.open_about(tx, record, ProblemKind.CONFLICT) if fields else []
    return next((each for each in filed if not each.fields.isdisjoint(fields)), None)


def _join(tx: Transaction, filed: StoredProblem, record: Record) -> None:
    """Keep with an open conflict the values that have come to it, so that they can be read once it is settled."""
    known = filed.detail["fields"]
    current = filed.fields.intersection(record.conflicts)
    by_field = registers.from_json(record.registers) if current else {}
    found = {**known, **problem_reports.values_in_conflict(by_field, sorted(current), known)}
    if found != known:
        problems.keep_detail(tx, filed.id, {**filed.detail, "fields": found})


def _close(tx: Transaction, filed: StoredProblem, revised: Revised, server: str) -> None:
    """Close an open conflict of which nothing is left; keep who has chosen, also where something is."""
    revision = revised.revision
    by = server
    if revision.action == record_history.SETTLE and not filed.fields.isdisjoint(revision.received):
        by = revision.author
        earlier = () if filed.settlement is None else filed.settlement.versions
        made = _made(How.CHOOSE, revised)
        problems.keep_settlement(tx, filed.id, replace(made, versions=(*earlier, revision.version)))
    if filed.fields.isdisjoint(revised.record.conflicts):
        problems.settle(tx, filed.id, by)


def _made(how: How, revised: Revised) -> Settlement:
    revision = revised.revision
    return Settlement(how, revision.author, revision.received_at, change=revision.change, version=revision.version)
