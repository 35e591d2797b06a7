"""Restores what an author saw but did not state: the record at its base version, and what the device sent before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from server.changes.domain import record_history
from server.db.transactions import Transaction
from server.forms.domain.record_types import LABEL, Kind, RecordType
from server.people.domain.actors import Actor
from server.problems.domain.problems import Problem, ProblemKind
from server.records.domain.records import Record
from server.records.store import revisions
from sync import merge
from sync.changes import Change, Dot


@dataclass(frozen=True, slots=True)
class BaseState:
    """A change with what its author saw.

    change: with every ``seen`` filled in. newest: highest counter of its origin that is in, 0 for none. base: what the
    record showed at ``base_version``, None where the device said itself all that matters of it. seen_members: other
    fields that the author looked at. problems: to file with the change.
    """

    change: Change
    newest: int
    base: Mapping[str, str] | None = None
    seen_members: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def resolve(
    tx: Transaction, record: Record, type: RecordType, change: Change, by: Actor, submission: str | None
) -> BaseState:
    """Return ``change`` with what its author seen_members of ``record``."""
    newest = revisions.newest_of_origin(tx, record.id, change.dot.origin)
    reused: tuple[Problem, ...] = ()
    if newest >= change.dot.seq and revisions.is_dot_used(tx, record.id, change.dot, but_by=change.id):
        reused = (_dot_reused(record, change, by, submission),)
        change, newest = replace(change, dot=Dot(f"{change.dot.origin}#{change.id}", 1)), 0
    problems = list(reused)
    if not _is_version_known(tx, record, change.base_version):
        if not change.seen_stated:
            problems.append(_base_unknown(record, change, by, submission))
        change = replace(change, base_version=None)
    if change.seen_stated and not _leaves_members_out(type, change):
        return BaseState(change, newest, problems=tuple(problems))
    version = change.base_version
    base = fields_at(tx, record, version)
    pending = merge.pending_at(version, _sent_before(tx, record, type, change.dot))
    received = {name: write.new for name, write in change.fields.items()}
    writes = merge.writes_of(received, base, [pending])
    seen_members = {
        name: write.seen for name, write in writes.items() if name not in received and write.seen is not None
    }
    if change.seen_stated:
        stated = {name: write.seen for name, write in change.fields.items() if write.seen is not None}
        return BaseState(change, newest, {**base, **stated}, seen_members, tuple(problems))
    seen = replace(change, base_version=version, fields={name: writes[name] for name in received})
    return BaseState(seen, newest, base, seen_members, tuple(problems))


def _leaves_members_out(type: RecordType, change: Change) -> bool:
    """Say whether a change writes a merge group of which it leaves members out, since nobody touched them.

    They were seen all the same, and stand or fall with the group; without that they would count as blank.
    """
    groups = {type.fields[name].group for name in change.fields if name in type.fields} - {None}
    return bool(groups) and any(
        field.group in groups and name not in change.fields for name, field in type.fields.items()
    )


def _dot_reused(record: Record, change: Change, by: Actor, submission: str | None) -> Problem:
    """Return the problem of a change whose place in its origin's order is taken; it gets an origin of its own."""
    message = "两台手机用了同一个设备编号（可能是手机克隆），两份内容都已保留，请核对。"
    detail = {"origin": change.dot.origin, "seq": change.dot.seq}
    return _problem(ProblemKind.DOT_REUSED, message, detail, record, change, by, submission)


def _sent_before(tx: Transaction, record: Record, type: RecordType, dot: Dot) -> list[merge.Received]:
    earlier = (each for each in revisions.list_of_origin(tx, record.id, dot.origin) if each.origin_seq < dot.seq)
    return [each for each in record_history.received(earlier, type) if isinstance(each, merge.Received)]


def fields_at(tx: Transaction, record: Record, version: int | None) -> Mapping[str, str]:
    """Return the fields of ``record``, the label among them, as they stood at ``version``; none for no version or 0."""
    if version is None or version == 0:
        return {}
    later: Sequence[record_history.Diff] = (
        () if version == record.version else revisions.changes_since(tx, record.id, version)
    )
    fields = record_history.fields_before(record, later)
    if record.kind is Kind.CASE:
        return {name: value for name, value in fields.items() if name in record.fields or name == LABEL}
    return fields


def _is_version_known(tx: Transaction, record: Record, version: int | None) -> bool:
    """Say whether ``version`` is in the history of ``record``; what a server lost that was put back is not."""
    if version is None or version in (0, record.version):
        return True
    return version < record.version and revisions.seq_of(tx, record.id, version) is not None


def _base_unknown(record: Record, change: Change, by: Actor, submission: str | None) -> Problem:
    message = "手机上的版本服务器没有（服务器可能恢复过备份），已按内容合并，请核对。"
    detail = {"base_version": change.base_version, "version": record.version}
    return _problem(ProblemKind.BASE_UNKNOWN, message, detail, record, change, by, submission)


def _problem(
    kind: ProblemKind,
    message: str,
    detail: Mapping[str, object],
    record: Record,
    change: Change,
    by: Actor,
    submission: str | None,
) -> Problem:
    return Problem(
        kind,
        record.path,
        message,
        record=record.id,
        type=record.type,
        submission=submission,
        change=change.id,
        author=by.name,
        detail=detail,
    )
