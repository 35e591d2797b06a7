"""The one path by which anything is written: judged, merged, numbered, in one transaction.

What is true if we die after each step: nothing, until the commit that holds all of them.

1. The change's stored verdict is looked up; a repeat gets it again.
2. The author's standing toward the record is judged.
3. ``revise`` makes the next revision; an act on a case is judged first (``acting.py``).
4. Record, revision, verdict, buckets and problems are written.
5. Changes that waited for this record are applied the same way.
"""

from __future__ import annotations

from dataclasses import replace
from uuid import NAMESPACE_OID, uuid5

from server import training_mark
from server.cases.domain import workflow
from server.cases.domain.workflow import CREATING
from server.cases.store import case_numbers
from server.cases.usecases import authorization
from server.changes.domain import record_history, revise, settling
from server.changes.domain.revise import Birth, Revised
from server.changes.domain.write_context import Asked
from server.changes.store import verdicts
from server.changes.store.verdicts import Stored
from server.changes.usecases import base_state, placement
from server.changes.usecases.recording import Item, Outcome, asked_of, fingerprint, keep, set_aside, type_of
from server.db import training_flag
from server.db.transactions import Transaction
from server.errors import NotAllowed, NotFound, Refusal
from server.forms.domain.record_types import LABEL, Kind
from server.forms.store import codes, forms
from server.grid.store import areas
from server.instants import Instant
from server.people.domain import rights, roles
from server.people.domain.actors import Actor
from server.people.store import people
from server.problems.domain.problems import ProblemKind
from server.records.domain import relation
from server.records.domain.records import Record
from server.records.domain.relation import Standing
from server.records.domain.status import Status
from server.records.store import records, revisions
from sync.changes import Change, Verdict
from sync.merge import Received, Settled

SPOT_LIST, SPOT_FIELD, SPOT_COLUMN = "hazard_items", "item", "spot_ok"
"""Where the code table says whether a hazard item may be closed on the spot (``domain.md`` section 4.2)."""


def apply(
    tx: Transaction, change: Change, *, by: Actor, submission: str | None = None, content: str | None = None
) -> Outcome:
    """Judge ``change`` and carry it out as far as rules allow; nothing is lost and nothing refused.

    by: the author. submission: id of the submission it came in, None for other doors. content: a hash that
    tells one change from another of the same id, where the door has one already; else it is made here.
    Repeats return the stored verdict; the same id with other content is kept as a second, quarantined item.
    Raises NotFound when the record type was never declared by any form.
    """
    item = Item(_shown(tx, change), content or fingerprint(change), by, submission)
    here = verdicts.look(tx, change.id, change.record)
    stored = verdicts.find(tx, change.id) if here.verdict else None
    if stored is not None and stored.content == item.content:
        return _again(tx, stored)
    if stored is not None:
        other = replace(change, id=str(uuid5(NAMESPACE_OID, f"{change.id} {item.content}")))
        again = verdicts.find(tx, other.id)
        if again is not None:
            return _again(tx, again)
        message = "同一编号送来了两份不同的内容，第二份已隔离，待人工判断。"
        return set_aside(tx, replace(item, change=other), Verdict.QUARANTINED, ProblemKind.QUARANTINED, message)
    record = records.find_for_writing(tx, change.record) if here.record else None
    outcome = _judge(tx, record, item)
    if here.waiting and outcome.record is not None:
        return replace(outcome, record=_release(tx, outcome.record))
    return outcome


def apply_or_refuse(tx: Transaction, change: Change, *, by: Actor, content: str | None = None) -> Outcome:
    """Carry ``change`` out, or raise the Refusal that says why not; what it wrote goes with the caller's savepoint.

    by, content: as for ``apply``. Raises IllegalStep, NotAllowed, Invalid (a rule says no), NotFound (no such record
    or type).
    """
    outcome = apply(tx, change, by=by, content=content)
    if outcome.verdict in (Verdict.APPLIED, Verdict.MERGED):
        return outcome
    if outcome.refusal is not None:
        raise outcome.refusal
    if outcome.verdict is Verdict.WAITING:
        raise NotFound("没有这条记录，或它不在您的管辖范围内。", record=change.record)
    raise NotAllowed("您现在不负责这条记录；岗位或承办已经变动，请联系现在负责的人。", record=change.record)


def judge_again(
    tx: Transaction, kept: tuple[Stored, Change, Instant], *, problem: str, settled_by: str, authority: Actor | None
) -> Outcome:
    """Judge a change that was quarantined once more, as its author stands now, or by an officer's rights.

    kept: as ``verdicts.find_unapplied`` gives it. problem: id of the one that was filed then. settled_by: user name of
    the officer. authority: the officer by whose rights it is carried out, None for the author's own; the author stays
    the author. Raises NotAllowed when the officer may not settle problems where the record lies.
    """
    stored, change, arrived_at = kept
    author = people.actor(tx, stored.author)
    item = Item(change, stored.content, author, stored.submission, problem, arrived_at, settled_by, authority)
    outcome = _judge(tx, records.find_for_writing(tx, change.record), item)
    if outcome.record is None or outcome.verdict is Verdict.QUARANTINED:
        return outcome
    return replace(outcome, record=_release(tx, outcome.record))


def _shown(tx: Transaction, change: Change) -> Change:
    """Return ``change`` with a label that says what is only practice (``domain/practice.py``)."""
    label = change.fields.get(LABEL)
    if label is None or not label.new.strip() or not training_flag.is_on(tx):
        return change
    return replace(change, fields={**change.fields, LABEL: label._replace(new=training_mark.marked(label.new))})


def _again(tx: Transaction, stored: Stored) -> Outcome:
    record = records.find_for_writing(tx, stored.record)
    return Outcome(stored.id, stored.verdict, stored.version, record, stored.conflicts, stored.problem)


def _judge(tx: Transaction, record: Record | None, item: Item) -> Outcome:
    change = item.change
    if record is None and change.action not in CREATING:
        message = "这条更新先到，它的原始记录还没有到；到达后会自动合并。"
        return set_aside(tx, item, Verdict.WAITING, ProblemKind.WAITING, message)
    if record is None:
        return _create(tx, item)
    if record.type != change.type:
        return _of_another_list(tx, item)
    if change.action not in CREATING:
        return _revise(tx, record, item)
    if record.author != item.by.name and item.authority is None:
        message = "这个编号的记录已经存在，重复的新建已隔离，待人工判断。"
        return set_aside(tx, item, Verdict.QUARANTINED, ProblemKind.QUARANTINED, message)
    return _revise(tx, record, replace(item, change=replace(change, action="edit", base_version=0)))


def _of_another_list(tx: Transaction, item: Item) -> Outcome:
    message = "这个编号在另一份台账里已有记录，内容已隔离，待人工判断。"
    return set_aside(tx, item, Verdict.QUARANTINED, ProblemKind.QUARANTINED, message)


def _create(tx: Transaction, item: Item) -> Outcome:
    area, path, unknown = placement.decide(tx, item.change, item.by, item.submission)
    toward = _standing_by(item, path) or relation.toward_area(item.by, path)
    if toward is Standing.NONE:
        message = "填报人不负责这个网格，记录已隔离，待人工判断。"
        return set_aside(tx, item, Verdict.QUARANTINED, ProblemKind.QUARANTINED, message)
    asked = asked_of(tx, item, item.change, toward)
    birth = _birth(tx, item.change, path) if asked.type.kind is Kind.CASE else None
    revised = revise.create(asked, area=area, path=path, birth=birth)
    records.add(tx, revised.record)
    return keep(tx, item, None, revised, unknown)


def _birth(tx: Transaction, change: Change, path: str) -> Birth:
    status = workflow.born(change.action, spot_ok=_spot_ok(tx, change))
    number = None if status is Status.REPORTED else case_numbers.take(tx)
    return Birth(status, areas.village_name(tx, path), number)


def _revise(tx: Transaction, record: Record, item: Item) -> Outcome:
    type = type_of(forms.catalogue(tx).types, record.type)
    sight = base_state.of(tx, record, type, item.change, item.by, item.submission)
    change = sight.change
    toward = _standing_by(item, record.path) or relation.toward(item.by, record)
    asked = asked_of(tx, item, change, toward)
    if sight.base is not None:
        asked = replace(asked, base=sight.base, saw=sight.saw)
    history: list[Received | Settled] = []
    if sight.newest > change.dot.seq:
        history = record_history.received(revisions.list_of(tx, record.id), type)
    refusal: Refusal | None = None
    if toward is Standing.NONE:
        message = "填报人已不负责这条记录，内容已隔离，待人工判断。"
        revised = revise.keep(record, asked, Verdict.QUARANTINED, message, ProblemKind.QUARANTINED)
    elif change.action == "edit":
        revised = revise.edit(record, asked, history)
    elif change.action in settling.ACTIONS:
        revised, refusal = _settle(tx, record, asked, item.by)
    else:
        revised, refusal = _act(tx, record, asked, history, item)
    records.replace(tx, revised.record)
    outcome = keep(tx, item, record, revised, sight.problems)
    return outcome if refusal is None else replace(outcome, refusal=refusal)


def _standing_by(item: Item, path: str) -> Standing | None:
    """Return NOW where an officer stands in for the author, None where nobody does. Raises NotAllowed."""
    if item.authority is None:
        return None
    rights.require(item.authority, "problem", "settle", path)
    return Standing.NOW


def _act(
    tx: Transaction, record: Record, asked: Asked, history: list[Received | Settled], item: Item
) -> tuple[Revised, Refusal | None]:
    """Let a case take a step; what no longer fits its status is kept as a late fact, and nothing is refused."""
    if history and _is_implied(tx, record, asked.change):
        return revise.edit(record, asked, history), None
    try:
        judged = authorization.judge(tx, record, asked.change, item.by, item.authority)
    except Refusal as refusal:
        return _recorded(record, asked, refusal), refusal
    asked = replace(asked, late=asked.late or judged.late)
    return revise.act(record, asked, history, judged.act, judged.known, judged.who), None


def _settle(tx: Transaction, record: Record, asked: Asked, by: Actor) -> tuple[Revised, Refusal | None]:
    """Let who may settle problems here decide a conflict, or take that back; otherwise keep what was sent."""
    try:
        rights.require(by, "problem", "settle", record.path)
        settling.require_current(record, asked.change.base_version)
        who = roles.label(rights.grants(by, "problem", "settle", record.path)[0].role, tx.now)
        if asked.change.action == record_history.SETTLE:
            return settling.settle(record, asked, who), None
        return settling.unsettle(record, asked, list(revisions.list_of(tx, record.id)), who), None
    except Refusal as refusal:
        return _recorded(record, asked, refusal), refusal


def _is_implied(tx: Transaction, record: Record, change: Change) -> bool:
    """Say whether a later act of the same hand has moved the case on, which made this one part of its history.

    A step that comes after must not take the case back; a request or remark that its author has since acted upon
    is answered by that.
    """
    moving = {step.action for step in workflow.STEPS if step.target is not None}
    later = [
        each.action
        for each in revisions.list_of_hand(tx, record.id, change.dot.origin)
        if each.origin_seq > change.dot.seq and each.verdict in _DONE
    ]
    if change.action in moving:
        return not moving.isdisjoint(later)
    step = workflow.STEP_OF.get(change.action)
    return step is not None and record.status not in step.sources and not moving.isdisjoint(later)


_DONE = frozenset({Verdict.APPLIED, Verdict.MERGED, Verdict.LATE})


def _recorded(record: Record, asked: Asked, refusal: Refusal) -> Revised:
    step = workflow.STEP_OF.get(asked.change.action)
    named = _SETTLING.get(asked.change.action, asked.change.action) if step is None else step.label
    message = f"现场送来的“{named}”已留存，案件状态未变：{refusal.message}"
    return revise.keep(record, asked, Verdict.RECORDED, message, ProblemKind.RECORDED)


_SETTLING = {record_history.SETTLE: "核定", record_history.UNSETTLE: "撤销核定"}


def _release(tx: Transaction, record: Record) -> Record:
    """Apply what waited for a record that has now arrived, each hand's changes in the order it made them.

    Each is judged as of its own arrival: its author could not help that the record came later. Returns the record
    as it stands afterwards.
    """
    waiting = verdicts.list_waiting(tx, record.id)
    for stored, change, arrived_at in sorted(waiting, key=lambda each: (each[1].dot.origin, each[1].dot.seq)):
        by = replace(people.actor(tx, stored.author), at=arrived_at)
        item = Item(change, stored.content, by, stored.submission, stored.problem, arrived_at)
        outcome = _revise(tx, record, item) if record.type == change.type else _of_another_list(tx, item)
        record = outcome.record or record
    return record


def _spot_ok(tx: Transaction, change: Change) -> bool:
    write = change.fields.get(SPOT_FIELD)
    code = None if write is None else codes.current(tx, SPOT_LIST, write.new)
    return code is not None and code.extra.get(SPOT_COLUMN) == "1"
