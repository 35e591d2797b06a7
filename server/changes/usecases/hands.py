"""Finds which hand a change under a device id is of, and tells hands apart that were taken for one (``sync/hands.py``).

A device's first author writes under its bare id, any other under ``device/author``. When a sign of a second hand comes
in, all that it wrote together with the first is merged anew, and the office is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from server.changes.domain import problem_reports, record_history, revise
from server.changes.domain.merged_record import with_merged
from server.changes.domain.revise import Revised
from server.changes.store import devices
from server.changes.usecases.recording import (
    SERVER,
    PendingChange,
    context_of,
    fingerprint,
    record_revision,
    store_revised,
)
from server.db.transactions import Transaction
from server.forms.domain.record_types import RecordType
from server.forms.store import forms
from server.people.domain.actors import Actor
from server.problems.domain.problems import Problem, ProblemKind
from server.problems.store import problems
from server.records.domain.records import Record
from server.records.domain.relation import Relation
from server.records.store import records, revisions
from sync import hands, merge, registers, replay
from sync.changes import Change, Dot, Verdict
from sync.hands import Received, Shared
from sync.merge import FieldRule
from sync.replay import Entry
from sync.rules import PRESENT

COMPARE = "compare"
"""Action of the server by which it merges a record anew whose hands it took for one."""


class Hand(NamedTuple):
    """Whose counter a change has. origin: of the device and its author. shared_from: as ``devices.DeviceOrigin``.

    is_doubted: as there. is_new: it was found out with this change that hands share the origin.
    """

    device: str
    origin: str
    author: str
    shared_from: int | None
    is_doubted: bool = False
    is_new: bool = False

    def is_shared_at(self, counter: int) -> bool:
        """Say whether the change with this counter may be any hand's."""
        return self.shared_from is not None and counter >= self.shared_from


@dataclass(frozen=True, slots=True)
class Past:
    """All that came into a record, and the device ids in it that hands share."""

    history: list[Entry]
    shared: Shared


def of_change(tx: Transaction, pending: PendingChange) -> Hand | None:
    """Return whose counter a change has; None for one that came in through another door.

    A counter that is in already under another change id is a sign of a second hand.
    """
    change, author = pending.change, pending.by.name
    if change.device is None:
        return None
    origin, known = change.device, pending.known or _known(tx, change.device, change, author)
    if known.author != author:
        origin = devices.of_author(change.device, author)
        known = _known(tx, origin, change, author)
    hand = Hand(change.device, origin, author, known.shared_from, known.is_doubted)
    if known.is_used and not hand.is_shared_at(change.dot.seq):
        return _shared(tx, hand, change.dot.seq)
    return hand


def _known(tx: Transaction, origin: str, change: Change, author: str) -> devices.DeviceOrigin:
    known = devices.find(tx, origin, change, author)
    if known is None:
        devices.add(tx, origin, author)
        known = devices.find(tx, origin, change, author)
    if known is None:
        raise RuntimeError("an origin that was just kept is there")
    return known


def _shared(tx: Transaction, hand: Hand, counter: int) -> Hand:
    devices.share(tx, hand.origin, hand.author, counter)
    return hand._replace(shared_from=counter, is_new=True)


def past_of(tx: Transaction, record: Record, type: RecordType, *more: str) -> Past:
    """Return all that came into a record. more: origins that are to be looked up beside those in it."""
    made = list(revisions.list_of(tx, record.id))
    origins = {*more, *(revision.origin for revision in made)}
    counted = origins | {origin.rpartition("#")[0] for origin in origins}
    history = record_history.received(made, type, authors=devices.authors_of(tx, origins))
    return Past(history, devices.shared_among(tx, counted | {each.dot.origin for each in history}))


def is_doubtful(record: Record, change: Change) -> bool:
    """Say whether a change may not follow what its origin wrote to ``record`` and the author's version lacks.

    It follows where the author saw that value. One that builds on another origin's write is to be looked at too.
    """
    base = change.base_version
    if base is None or base >= record.version:
        return False
    for _, origin, _, _, values in registers.heads_after(record.registers, base):
        is_own = origin == change.dot.origin
        if not is_own and change.after is None:
            continue
        for key, value in values.items():
            name, _, element = key.partition(" ")
            write = change.fields.get(name)
            if write is None or write.new == write.seen:
                continue
            seen = write.seen or ""
            follows = (element in seen.split()) == (value == PRESENT) if element else seen == value
            if not (is_own and follows):
                return True
    return False


def may_have_been_seen(tx: Transaction, record: Record, change: Change) -> bool:
    """Say whether somebody may have seen what ``change`` writes and replaced it, though theirs came in first.

    So it is where the server's data were put back: who offers their work again first builds on what is not here yet.
    """
    base = -1 if change.base_version is None else change.base_version
    if base >= record.version:
        return False
    written = {name for name, write in change.fields.items() if write.new != write.seen}
    beside = any(
        origin != change.dot.origin and not written.isdisjoint(key.partition(" ")[0] for key in values)
        for _, origin, _, _, values in registers.heads_after(record.registers, base)
    )
    return beside and revisions.is_base_missing(tx, record.id)


def judged(
    tx: Transaction, record: Record, rules: Mapping[str, FieldRule], past: Past, change: Change, hand: Hand,
    base: Mapping[str, str] | None,
) -> tuple[Change, Hand, Shared]:  # fmt: skip
    """Return the change under the origin of its hand, that hand, and the device ids that hands share.

    base: what the record showed at the change's base version, None where that is not known.
    """
    mine = record_history.arrived(change, base, {}, "", record.version + 1)
    received = [*_received(past.history), mine]
    shared = dict(past.shared) if hand.shared_from is None else {**past.shared, hand.origin: hand.shared_from}
    certain = []
    for sign in hands.signs(received, rules, shared):
        if sign.dot.origin != hand.origin:
            continue
        if sign.since is None or not devices.is_missing(tx, hand.device, hand.origin, sign.dot.seq, change.dot.seq):
            certain.append(sign.dot.seq)
        else:
            devices.doubt(tx, record.id, sign)
    if certain:
        hand = _shared(tx, hand, min(certain))
        shared[hand.origin] = min(certain)
    origin = hands.origins(received, shared).get(change.id, hand.origin)
    return replace(change, dot=Dot(origin, change.dot.seq)), hand, shared


def first_of(change: Change, hand: Hand | None, path: str) -> tuple[Change, tuple[Problem, ...]]:
    """Return a change that creates a record under the origin of its hand, and the problem that ``report`` makes."""
    if hand is None:
        return change, ()
    told = report(hand, change, path=path)
    if hand.origin != change.dot.origin:
        change = replace(change, dot=Dot(hand.origin, change.dot.seq))
    if hand.is_shared_at(change.dot.seq):
        mine = record_history.arrived(change, {}, {}, "", 1)
        origin = hands.origins([mine], {hand.origin: hand.shared_from or 1})[change.id]
        change = replace(change, dot=Dot(origin, change.dot.seq))
    return change, told


def report(hand: Hand, change: Change, *, path: str = "", type: str | None = None) -> tuple[Problem, ...]:
    """Return the problem that tells the office of a second hand; none unless it was found with this change."""
    if not hand.is_new:
        return ()
    return (
        Problem(
            ProblemKind.DOT_REUSED,
            path,
            "两台设备用了同一个设备编号（可能复制过电脑里的数据、放回过备份，或克隆过手机），"
            "两份内容都已保留，请核对；设备下次收发时会换用新编号。",
            record=change.record,
            type=type or change.type,
            change=change.id,
            author=hand.author,
            detail={"origin": hand.origin, "seq": change.dot.seq},
        ),
    )


def follow(tx: Transaction, hand: Hand | None, change: Change) -> bool:
    """Merge anew what must be after a change has been recorded; return whether anything may have been.

    Where hands were told apart: all that they wrote together. Where a gap of the counter has closed: what was doubted.
    """
    if hand is None or not (hand.is_new or hand.is_doubted):
        return False
    if hand.is_new:
        _compare(tx, hand, but=change.record)
    for doubted in devices.doubts_of(tx, hand.origin) if hand.is_doubted else ():
        if devices.is_missing(tx, hand.device, hand.origin, doubted.dot.seq, doubted.dot.seq):
            continue
        devices.decide(tx, doubted)
        record = records.find_for_writing(tx, doubted.record)
        if record is None:
            continue
        past = past_of(tx, record, forms.catalogue(tx).types[record.type])
        signs = hands.signs(_received(past.history), forms.catalogue(tx).rules[record.type], past.shared)
        if doubted.dot in {sign.dot for sign in signs}:
            hand = _shared(tx, hand, doubted.dot.seq)
            for each in report(hand, replace(change, record=record.id, type=record.type), path=record.path):
                problems.add(tx, each)
            _compare(tx, hand, but=None)
    return True


def _compare(tx: Transaction, hand: Hand, *, but: str | None) -> None:
    """Merge every record anew to which hands may have written together, all but one."""
    for id in devices.records_of(tx, hand.origin, hand.shared_from or 1):
        record = records.find_for_writing(tx, id)
        if record is not None and id != but:
            _compare_record(tx, record)


def _compare_record(tx: Transaction, record: Record) -> None:
    past = past_of(tx, record, forms.catalogue(tx).types[record.type])
    merged = replay.rebuild(past.history, forms.catalogue(tx).rules[record.type], past.shared)
    if _values(merged.registers) == _values(registers.from_json(record.registers)):
        return  # whatever the hands are called, each value that stands stood before
    dot = Dot(SERVER, record.version + 1)
    change = Change(tx.new_id(), record.id, record.type, COMPARE, dot, {}, record.version)
    pending = PendingChange(change, fingerprint(change), Actor(SERVER, SERVER, tx.now))
    context = context_of(tx, pending, change, Relation.NOW)
    after = with_merged(record, context, merged)
    problems_found = (
        *problem_reports.conflict(record, after, merged, context),
        *problem_reports.invalid_after_merge(record.fields, after, context, merged.values),
    )
    revision = revise.revision_of(context, after, Verdict.APPLIED, revise.difference(record, after))
    revised = store_revised(tx, record, Revised(after, revision, (), problems_found))
    record_revision(tx, pending, record, revised, ())


def _values(by_field: Mapping[str, merge.Register]) -> dict[str, frozenset[str]]:
    return {name: values for name, register in by_field.items() if (values := merge.values(register)) != {""}}


def _received(history: Iterable[Entry]) -> list[Received]:
    return [entry for entry in history if isinstance(entry, Received)]
