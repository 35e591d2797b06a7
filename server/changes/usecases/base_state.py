"""Restores what an author saw but did not state: the record at its base version, and what the device sent before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace

from server.changes.domain import record_history, validation
from server.changes.domain.write_context import observed_at
from server.changes.usecases import hands
from server.changes.usecases.hands import Hand, Past
from server.changes.usecases.recording import PendingChange
from server.db.transactions import Transaction
from server.forms.domain import personal
from server.forms.domain.record_types import LABEL, Kind, RecordType
from server.instants import BEGINNING, FOREVER
from server.people.domain.actors import Actor
from server.problems.domain.problems import Problem, ProblemKind
from server.records.domain import disclosure
from server.records.domain.records import Record
from server.records.store import revisions
from server.records.usecases.disclosing import RecordMask
from sync import merge, registers, replay
from sync.changes import Change, Dot
from sync.hands import Received
from sync.merge import FieldRule
from sync.values import frozen


@frozen
class BaseState:
    """A change with what its author saw.

    change: with every ``seen`` filled in, under the origin of its hand. base: what the record showed at
    ``base_version``, None where the device said itself all that matters of it. seen_members: other fields that the
    author looked at. problems: to file with the change. past: all that came in, where the record is to be merged anew.
    hand: of a change from a device.
    """

    change: Change
    base: Mapping[str, str] | None = None
    seen_members: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    past: Past | None = None
    hand: Hand | None = None


def resolve(
    tx: Transaction, record: Record, type: RecordType, rules: Mapping[str, FieldRule], pending: PendingChange,
    hand: Hand | None,
) -> BaseState:  # fmt: skip
    """Return the change of ``pending`` with what its author saw of ``record``. rules: of its type."""
    by, submission = pending.by, pending.submission
    change = _without_masks(tx, record, type, pending.change, by)
    change, unknown = _without_masked_parts(tx, record, type, change, by, submission)
    if not _is_version_known(tx, record, change.base_version):
        unknown += () if change.seen_stated else (_base_unknown(record, change, by, submission),)
        change = replace(change, base_version=None)
    if hand is None:
        found = _of_no_device(tx, record, type, change, by, submission)
    else:
        found = _of_device(tx, record, type, rules, change, hand)
    change, problems = found.change, (*found.problems, *unknown)
    if change.seen_stated and not _leaves_members_out(type, change):
        return replace(found, problems=problems) if unknown else found
    version = change.base_version
    base = fields_at(tx, record, version)
    if not change.seen_stated:
        base = _without_hidden(tx, record, type, change, by, base)
    sent = replay.pending_at(version, _sent_before(tx, record, type, change.dot))
    received = {name: write.new for name, write in change.fields.items()}
    writes = merge.writes_of(received, base, [sent])
    seen_members = {
        name: write.seen for name, write in writes.items() if name not in received and write.seen is not None
    }
    if change.seen_stated:
        stated = {name: write.seen for name, write in change.fields.items() if write.seen is not None}
        return replace(found, base={**base, **stated}, seen_members=seen_members, problems=problems)
    seen = replace(change, base_version=version, fields={name: writes[name] for name in received})
    return replace(found, change=seen, base=base, seen_members=seen_members, problems=problems)


def masks_among(
    tx: Transaction, record: Record, type: RecordType, values: Mapping[str, str], base_version: int | None
) -> frozenset[str]:
    """Return the names of ``values`` that are no more than the mask in whose place the record holds the value itself.

    Whoever shows them back has written nothing: from a list, a file, or the form of a page. base_version: what they
    looked at.
    """
    found = [name for name, value in values.items() if personal.is_mask(value)]
    if not found:
        return frozenset()
    by_field, held = registers.from_json(record.registers), [record.fields, fields_at(tx, record, base_version)]
    labels = {LABEL: record.label}
    masks = {
        name: {
            disclosure.mask_of(type, name, value, disclosure.names_in(type, *held))
            for value in (
                *(fields.get(name, labels.get(name, "")) for fields in held),
                *(head.value for head in by_field.get(name, registers.EMPTY).heads),
            )
        }
        for name in found
    }
    return frozenset(name for name in found if values[name] in masks[name])


def _without_masks(tx: Transaction, record: Record, type: RecordType, change: Change, by: Actor) -> Change:
    """Return ``change`` without what its author was shown in the place of a value: a mask, or nothing at all."""
    values = {name: write.new for name, write in change.fields.items()}
    blank = [name for name in type.personal if values.get(name) == "" and not change.fields[name].seen]
    if not blank and not any(map(personal.is_mask, values.values())):
        return change
    masks = masks_among(tx, record, type, values, change.base_version)
    if blank and _is_hidden_from(tx, record, change, by):
        masks |= frozenset(blank)
    if not masks:
        return change
    return replace(change, fields={name: write for name, write in change.fields.items() if name not in masks})


def _without_masked_parts(
    tx: Transaction, record: Record, type: RecordType, change: Change, by: Actor, submission: str | None
) -> tuple[Change, tuple[Problem, ...]]:
    """Return ``change`` without what was made of a mask, which is half a number, and the problem of it."""
    values = {name: write.new for name, write in change.fields.items() if personal.is_mask(write.new)}
    if not values:
        return change, ()
    reasons = validation.masked_parts(type, values, record.fields, fields_at(tx, record, change.base_version))
    if not reasons:
        return change, ()
    listed = "；".join(f"{type.label_of(name)}：{reason}" for name, reason in reasons.items())
    message = f"有填写内容不能用，其余已保存。{listed}"
    detail = {"reasons": reasons, "values": {name: values[name] for name in reasons}, "applied": []}
    left = {name: write for name, write in change.fields.items() if name not in reasons}
    told = _problem(ProblemKind.MISFIT, message, detail, record, change, by, submission)
    return replace(change, fields=left), (told,)


def _without_hidden(
    tx: Transaction, record: Record, type: RecordType, change: Change, by: Actor, base: Mapping[str, str]
) -> Mapping[str, str]:
    """Return what a phone's list showed of ``base``, as far as the change writes it: what was left out nobody saw."""
    if not _is_hidden_from(tx, record, change, by):
        return base
    names = disclosure.names_in(type, base)
    hidden = {
        name
        for name in change.fields
        if disclosure.mask_of(type, name, base.get(name, ""), names) != base.get(name, "")
    }
    return {name: value for name, value in base.items() if name not in hidden}


def _is_hidden_from(tx: Transaction, record: Record, change: Change, by: Actor) -> bool:
    """Say whether ``record`` was masked on the device of ``by``, by the duties that they had when they filled in."""
    seen_at = observed_at(change, tx.now)
    held = (duty for duty in by.duties if duty.holds_at(seen_at))
    # By the rights of today all the same: a clock may be off by years.
    then = replace(by, duties=tuple(replace(duty, starts_at=BEGINNING, ends_at=FOREVER) for duty in held))
    return RecordMask(tx, then if then.duties else by.with_recent_duties()).hides(record)


def _of_no_device(
    tx: Transaction, record: Record, type: RecordType, change: Change, by: Actor, submission: str | None
) -> BaseState:
    """Return a change from a phone or a desk; where its origin's counter is taken, under one of its own."""
    newest = revisions.newest_of_origin(tx, record.id, change.dot.origin)
    if newest < change.dot.seq:
        return BaseState(change)
    if revisions.is_dot_used(tx, record.id, change.dot, but_by=change.id):
        reused = _dot_reused(record, change, by, submission)
        return BaseState(replace(change, dot=Dot(f"{change.dot.origin}#{change.id}", 1)), problems=(reused,))
    return BaseState(change, past=hands.past_of(tx, record, type) if newest > change.dot.seq else None)


def _of_device(
    tx: Transaction, record: Record, type: RecordType, rules: Mapping[str, FieldRule], change: Change, hand: Hand
) -> BaseState:
    """Return a change from a device under the origin of its hand."""
    if hand.origin != change.dot.origin:
        change = replace(change, dot=Dot(hand.origin, change.dot.seq))
    newest, is_built_on = revisions.standing_of(tx, record.id, change.dot.origin, change.id, change.base_version)
    if (
        newest <= change.dot.seq
        and not is_built_on
        and not hand.is_shared_at(change.dot.seq)
        and not hands.is_doubtful(record, change)
        and not hands.may_have_been_seen(tx, record, change)
    ):
        return BaseState(change, hand=hand)
    past, version = hands.past_of(tx, record, type, hand.origin), change.base_version
    base = None if version is None else fields_at(tx, record, version)
    change, hand, shared = hands.judged(tx, record, rules, past, change, hand, base)
    told = hands.report(hand, change, path=record.path, type=record.type)
    return BaseState(change, problems=told, past=replace(past, shared=shared), hand=hand)


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


def _sent_before(tx: Transaction, record: Record, type: RecordType, dot: Dot) -> list[Received]:
    earlier = (each for each in revisions.list_of_origin(tx, record.id, dot.origin) if each.origin_seq < dot.seq)
    return [each for each in record_history.received(earlier, type) if isinstance(each, Received) and each.applies]


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
