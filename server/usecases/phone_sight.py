"""Works out what a phone saw when it does not say: the record at its base, and what the phone sent before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from server.domain import replay
from server.domain.actors import Actor
from server.domain.problems import Problem, ProblemKind
from server.domain.record_types import LABEL, Kind
from server.domain.records import Record
from server.store import revisions
from server.store.database import Transaction
from sync import merge
from sync.changes import Change, Dot


def own_dot(
    tx: Transaction, record: Record, change: Change, by: Actor, submission: str | None
) -> tuple[Change, tuple[Problem, ...]]:
    """Give a change whose place in its hand's row is taken (a cloned phone) an origin of its own."""
    if not revisions.is_dot_used(tx, record.id, change.dot):
        return change, ()
    problem = Problem(
        ProblemKind.DOT_REUSED,
        record.path,
        "两台手机用了同一个设备编号（可能是手机克隆），两份内容都已保留，请核对。",
        record=record.id,
        type=record.type,
        submission=submission,
        change=change.id,
        author=by.name,
        detail={"origin": change.dot.origin, "seq": change.dot.seq},
    )
    return replace(change, dot=Dot(f"{change.dot.origin}#{change.id}", 1)), (problem,)


def derived(
    tx: Transaction, record: Record, change: Change, by: Actor, submission: str | None
) -> tuple[Change, Mapping[str, str], tuple[Problem, ...]]:
    """Fill in what a phone saw when it did not say: the record at its base, and what it sent before."""
    if change.seen_stated:
        return change, {}, ()
    base, unknown = change.base_version, list[Problem]()
    if base is not None and base > record.version:
        unknown.append(_ahead(record, change, by, submission))
        base = None
    before = [
        {name: write.new for name, write in revision.received.items()}
        for revision in revisions.list_of_hand(tx, record.id, change.dot.origin)
        if revision.origin_seq < change.dot.seq and (base is None or revision.version > base)
    ]
    received = {name: write.new for name, write in change.fields.items()}
    writes = merge.writes_of(received, _base(tx, record, base), before)
    saw = {name: write.seen for name, write in writes.items() if name not in received and write.seen is not None}
    asked = replace(change, base_version=base, fields={name: writes[name] for name in received})
    return asked, saw, tuple(unknown)


def _base(tx: Transaction, record: Record, version: int | None) -> Mapping[str, str]:
    if version is None or version == 0:
        return {}
    later: Sequence[replay.Diff] = () if version == record.version else revisions.changes_since(tx, record.id, version)
    shown = replay.fields_before(record, later)
    if record.kind is Kind.CASE:
        return {name: value for name, value in shown.items() if name in record.fields or name == LABEL}
    return shown


def _ahead(record: Record, change: Change, by: Actor, submission: str | None) -> Problem:
    return Problem(
        ProblemKind.BASE_UNKNOWN,
        record.path,
        "手机上的版本比服务器新（服务器可能恢复过备份），已按内容合并，请核对。",
        record=record.id,
        type=record.type,
        submission=submission,
        change=change.id,
        author=by.name,
        detail={"base_version": change.base_version, "version": record.version},
    )
