"""Keeps conflict problems in step with the records: closed when one value is left, reopened when a choice is undone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from server.changes.domain import problem_reports, record_history
from server.changes.domain.problem_reports import Value
from server.changes.domain.revise import Revised
from server.db.transactions import Transaction
from server.forms.domain.record_types import RecordType
from server.forms.store import forms
from server.problems.domain.problems import Problem, ProblemKind
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
    filed = problems.conflicts_of(tx, revised.record.id)
    if action == record_history.UNSETTLE:
        _take_back(tx, filed, revised, server)
        return
    for each in filed:
        if each.settled_at is None:
            _join(tx, each, revised.record)
            _close(tx, each, revised, server)


def unlisted(tx: Transaction, before: Record | None, found: Sequence[Problem]) -> Sequence[Problem]:
    """Return the problems without the fields of a conflict that an open one lists already, since it gets their values.

    It may list a field that is newly in conflict: of several, one was settled and then written once more.
    """
    if before is None or not before.conflicts or all(each.kind is not ProblemKind.CONFLICT for each in found):
        return found
    listed = {name for each in problems.open_about(tx, before.id, ProblemKind.CONFLICT) for name in each.fields}
    kept: list[Problem] = []
    for each in found:
        if each.kind is ProblemKind.CONFLICT and not listed.isdisjoint(each.detail["fields"]):
            values = {name: values for name, values in each.detail["fields"].items() if name not in listed}
            message = problem_reports.conflict_message(_type(tx, before), values)
            kept += [replace(each, message=message, detail={**each.detail, "fields": values})] if values else []
        else:
            kept.append(each)
    return kept


def _mended(tx: Transaction, record: str, server: str) -> None:
    """Close the problem about values that the record no longer holds."""
    for kind in (ProblemKind.INVALID_AFTER_MERGE, ProblemKind.MISFIT):
        for filed in problems.open_about(tx, record, kind):
            doubted = set(filed.detail.get("applied", ()))  # what did not fit at all is nowhere else: it stays
            if kind is ProblemKind.INVALID_AFTER_MERGE or doubted == set(filed.detail["reasons"]):
                problems.settle(tx, filed.id, server)


def _take_back(tx: Transaction, filed: Sequence[StoredProblem], revised: Revised, server: str) -> None:
    """Put the problem back on the list whose settlement was undone, with every value that has come to its fields since.

    A field has one problem: what an open one lists of the same fields goes over to it.
    """
    undone = record_history.undone_by(revised.revision.received)
    concerned = [each for each in filed if each.settlement and not undone.isdisjoint(each.settlement.versions)]
    for each in concerned:
        problems.keep_settlement(tx, each.id, _taken_back(each, undone, revised))
    if not concerned:
        return
    first, record = concerned[0], revised.record
    open_ones = [each for each in filed if each.settled_at is None and each.id != first.id]
    elsewhere = {name for each in open_ones for name in each.fields}
    wanted = {name for name in record.conflicts if name in first.fields or name not in elsewhere}
    if wanted:
        values = problem_reports.values_in_conflict(
            registers.from_json(record.registers), sorted(wanted), _known([first, *concerned[1:], *open_ones])
        )
        _list(tx, first, record, {**first.detail["fields"], **values})
        problems.reopen(tx, first.id)
    elif first.settled_at is None:
        problems.settle(tx, first.id, server)
    for each in open_ones:
        if wanted.isdisjoint(each.fields):
            _join(tx, each, record)
        else:
            _go_over(tx, each, wanted, record, server)


def _taken_back(filed: StoredProblem, undone: Collection[int], revised: Revised) -> Settlement:
    settlement = filed.settlement
    if settlement is None:
        raise RuntimeError("a problem whose settlement is undone has one")
    left = tuple(version for version in settlement.versions if version not in undone)
    taken_back = {"how": settlement.how, "by": settlement.by, "at": settlement.at, "reason": settlement.reason}
    return replace(_made(How.UNDO, revised), versions=left, undone=taken_back)


def _known(filed: Sequence[StoredProblem]) -> dict[str, list[Value]]:
    """Return all values that problems list, by field, each once."""
    found: dict[str, list[Value]] = {}
    for each in filed:
        for name, values in each.detail["fields"].items():
            known = found.setdefault(name, [])
            known += [value for value in values if value not in known]
    return found


def _go_over(tx: Transaction, filed: StoredProblem, names: Collection[str], record: Record, server: str) -> None:
    """Take fields out of an open problem that another one lists from now on; close it where nothing is left to do."""
    left = {name: values for name, values in filed.detail["fields"].items() if name not in names}
    if left:
        _list(tx, filed, record, left)
    else:
        problems.keep_detail(tx, filed.id, filed.detail, message=f"{filed.message}{WENT_OVER}")
    if set(left).isdisjoint(record.conflicts):
        problems.settle(tx, filed.id, server)


WENT_OVER = "（另一项选定撤销后，已并入那个重新打开的问题）"
"""What a problem says besides that was closed since another one lists its fields."""


def _list(tx: Transaction, filed: StoredProblem, record: Record, values: Mapping[str, Sequence[Value]]) -> None:
    """Let a problem list these fields, and say so."""
    message = problem_reports.conflict_message(_type(tx, record), values)
    problems.keep_detail(tx, filed.id, {**filed.detail, "fields": values}, message=message)


def _type(tx: Transaction, record: Record) -> RecordType:
    return forms.catalogue(tx).types[record.type]


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
