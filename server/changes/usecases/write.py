"""The one path by which anything is written: authorised, merged, numbered, in one transaction.

What is true if we die after each step: nothing, until the commit that holds all of them.

1. The change's stored verdict is looked up; a repeat gets it again.
2. The author's relation to the record is determined.
3. ``revise`` makes the next revision; an act on a case is authorized first (``cases/usecases/authorization.py``).
4. Record, revision, verdict, buckets and problems are written.
5. Changes that waited for this record are applied the same way.
"""

from __future__ import annotations

from dataclasses import replace
from uuid import NAMESPACE_OID, uuid5

from server.cases.domain import workflow
from server.cases.store import calendars, case_numbers
from server.cases.usecases import authorization, late_acts
from server.changes.domain import record_history, revise, settling
from server.changes.domain.revise import NewCase, Revised
from server.changes.domain.write_context import WriteContext
from server.changes.store import verdicts
from server.changes.store.verdicts import Stored
from server.changes.usecases import base_state, hands, placement, quarantine
from server.changes.usecases.recording import (
    Outcome,
    PendingChange,
    context_of,
    fingerprint,
    record_revision,
    store_revised,
    type_of,
)
from server.db import training
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
from server.records.domain.relation import Relation
from server.records.domain.status import Status
from server.records.store import records, revisions
from sync.changes import CREATING, Change, FieldWrite, Verdict
from sync.replay import Entry

SPOT_LIST, SPOT_FIELD, SPOT_COLUMN = "hazard_items", "item", "spot_ok"
"""Where the code table says whether a hazard pending may be closed on the spot (``domain.md`` section 4.2)."""


def apply(
    tx: Transaction, change: Change, *, by: Actor, submission: str | None = None, content: str | None = None
) -> Outcome:
    """Judge ``change`` and carry it out as far as rules allow; nothing is lost and nothing refused.

    by: the author. submission: id of the submission it came in, None for other doors. content: a hash that
    tells one change from another of the same id, where the door has one already; else it is made here.
    Repeats return the stored verdict; the same id with other content is kept as a second, quarantined pending.
    Raises NotFound when the record type was never declared by any form.
    """
    here = verdicts.look(tx, change, by.name)
    marked, content = _mark_training(tx, change), content or fingerprint(change)
    pending = PendingChange(marked, content, by, submission, known=here.device)
    stored = verdicts.find(tx, change.id) if here.verdict else None
    if stored is not None and stored.content == pending.content:
        return _stored_outcome(tx, stored)
    if stored is not None:
        other = replace(change, id=str(uuid5(NAMESPACE_OID, f"{change.id} {pending.content}")))
        again = verdicts.find(tx, other.id)
        if again is not None:
            return _stored_outcome(tx, again)
        kept, message = replace(pending, change=other), "同一编号送来了两份不同的内容，第二份已隔离，待人工判断。"
        return quarantine.keep(tx, kept, Verdict.QUARANTINED, ProblemKind.QUARANTINED, message)
    record = records.find_for_writing(tx, change.record) if here.record else None
    outcome = _apply_pending(tx, record, pending)
    if here.waiting and outcome.record is not None:
        return replace(outcome, record=_apply_waiting(tx, outcome.record))
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


def apply_quarantined(
    tx: Transaction, kept: tuple[Stored, Change, Instant], *, problem: str, settled_by: str, authority: Actor | None
) -> Outcome:
    """Judge a change that was quarantined once more, as its author stands now, or by an officer's rights.

    kept: as ``verdicts.find_unapplied`` gives it. problem: id of the one that was filed then. settled_by: user name of
    the officer. authority: the officer by whose rights it is carried out, None for the author's own; the author stays
    the author. Raises NotAllowed when the officer may not settle problems where the record lies.
    """
    stored, change, arrived_at = kept
    author = people.actor(tx, stored.author)
    pending = PendingChange(
        change, stored.content, author, stored.submission, problem, arrived_at, settled_by, authority
    )
    outcome = _apply_pending(tx, records.find_for_writing(tx, change.record), pending)
    if outcome.record is None or outcome.verdict is Verdict.QUARANTINED:
        return outcome
    return replace(outcome, record=_apply_waiting(tx, outcome.record))


def _mark_training(tx: Transaction, change: Change) -> Change:
    """Return ``change`` with a label that says what is only practice (``server/db/training.py``)."""
    label = change.fields.get(LABEL)
    if label is None or not label.new.strip() or not training.is_on(tx):
        return change
    seen = training.marked(label.seen) if label.seen else label.seen  # or a device would not know its own label
    return replace(change, fields={**change.fields, LABEL: FieldWrite(seen, training.marked(label.new))})


def _stored_outcome(tx: Transaction, stored: Stored) -> Outcome:
    record = records.find_for_writing(tx, stored.record)
    return Outcome(stored.id, stored.told or stored.verdict, stored.raised, record, stored.conflicts, stored.problem)


def _apply_pending(tx: Transaction, record: Record | None, pending: PendingChange) -> Outcome:
    change = pending.change
    if record is None and change.action not in CREATING:
        return quarantine.keep(tx, pending, Verdict.WAITING, ProblemKind.WAITING, quarantine.NOT_HERE)
    if record is None:
        return _create(tx, pending)
    relation_now = _relation_of_authority(pending, record.path) or relation.to_record(pending.by, record)
    if relation_now is Relation.NONE:
        return quarantine.keep_of_stranger(tx, pending)
    if record.type != change.type:
        return _quarantine_type_mismatch(tx, pending)
    if change.action not in CREATING:
        return _revise(tx, record, pending, relation_now)
    if record.author != pending.by.name and pending.authority is None:
        return quarantine.keep(tx, pending, Verdict.QUARANTINED, ProblemKind.QUARANTINED, quarantine.ID_IN_USE)
    edit = replace(change, action="edit", base_version=0)
    return _revise(tx, record, replace(pending, change=edit), relation_now)


def _quarantine_type_mismatch(tx: Transaction, pending: PendingChange) -> Outcome:
    message = "这个编号在另一份台账里已有记录，内容已隔离，待人工判断。"
    return quarantine.keep(tx, pending, Verdict.QUARANTINED, ProblemKind.QUARANTINED, message)


def _create(tx: Transaction, pending: PendingChange) -> Outcome:
    area, path, unknown = placement.area_of_new_record(tx, pending.change, pending.by, pending.submission)
    relation_now = _relation_of_authority(pending, path) or relation.to_area(pending.by, path)
    if relation_now is Relation.NONE:
        return quarantine.keep(tx, pending, Verdict.QUARANTINED, ProblemKind.QUARANTINED, quarantine.NOT_IN_CHARGE)
    hand = hands.of_change(tx, pending)
    change, told = hands.first_of(pending.change, hand, path)
    context = context_of(tx, pending, change, relation_now)
    new_case = _new_case(tx, change, path) if context.type.kind is Kind.CASE else None
    revised = revise.create(context, area=area, path=path, new_case=new_case)
    records.add(tx, revised.record)
    outcome = record_revision(tx, pending, None, revised, (*unknown, *told))
    hands.follow(tx, hand, change)
    return outcome


def _new_case(tx: Transaction, change: Change, path: str) -> NewCase:
    status = workflow.initial_status(change.action, spot_ok=_spot_ok(tx, change))
    number = None if status is Status.REPORTED else case_numbers.take(tx)
    return NewCase(status, calendars.calendar(tx), areas.village_name(tx, path), number)


def _revise(tx: Transaction, record: Record, pending: PendingChange, relation_now: Relation) -> Outcome:
    catalogue = forms.catalogue(tx)
    type = type_of(catalogue.types, record.type)
    hand = hands.of_change(tx, pending)
    state = base_state.resolve(tx, record, type, catalogue.rules[record.type], pending, hand)
    change = workflow.in_handlers_name(workflow.photos_as_evidence(state.change), record.assignee)
    context = context_of(tx, pending, change, relation_now)
    if state.base is not None:
        context = replace(context, base=state.base, seen_members=state.seen_members)
    history = [] if state.past is None else state.past.history
    if state.past is not None:
        context = replace(context, shared=state.past.shared)
    refusal: Refusal | None = None
    if relation_now is Relation.ONCE:
        message = "填报人已不负责这条记录，内容已隔离，待人工判断。"
        revised = revise.keep_in_history(record, context, Verdict.QUARANTINED, message, ProblemKind.QUARANTINED)
    elif change.action == "edit":
        revised = revise.edit(record, context, history)
    elif change.action in settling.ACTIONS:
        revised, refusal = _settle(tx, record, context, pending.by)
    else:
        revised, refusal = _act(tx, record, context, history, pending)
    revised = store_revised(tx, record, revised)
    outcome = record_revision(tx, pending, record, revised, state.problems)
    if hands.follow(tx, state.hand, change):
        outcome = replace(outcome, record=records.find_for_writing(tx, record.id))
    return outcome if refusal is None else replace(outcome, refusal=refusal)


def _relation_of_authority(pending: PendingChange, path: str) -> Relation | None:
    """Return NOW where an officer stands in for the author, None where nobody does. Raises NotAllowed."""
    if pending.authority is None:
        return None
    rights.require(pending.authority, "problem", "settle", path)
    return Relation.NOW


def _act(
    tx: Transaction, record: Record, context: WriteContext, history: list[Entry], pending: PendingChange
) -> tuple[Revised, Refusal | None]:
    """Let a case take a step; what no longer fits its status is kept as a late fact, and nothing is refused."""
    if history and late_acts.is_superseded(tx, record, context.change):
        return revise.edit(record, context, history), None
    try:
        if pending.authority is None:
            late_acts.require_seen(tx, record, context.change, pending.by)
        authorized = authorization.evaluate(tx, record, context.change, pending.by, pending.authority)
    except Refusal as refusal:
        return _keep_refused(record, context, refusal), refusal
    context = replace(context, late=context.late or authorized.late)
    return revise.act(record, context, history, authorized.act, authorized.context, authorized.role_label), None


def _settle(tx: Transaction, record: Record, context: WriteContext, by: Actor) -> tuple[Revised, Refusal | None]:
    """Let who may settle problems here decide a conflict, or take that back; otherwise keep what was sent."""
    try:
        rights.require(by, "problem", "settle", record.path)
        settling.require_current(record, context.change.base_version)
        who = roles.label(rights.grants(by, "problem", "settle", record.path)[0].role, tx.now)
        if context.change.action == record_history.SETTLE:
            return settling.settle(record, context, who), None
        context = replace(context, shared=hands.past_of(tx, record, context.type).shared)
        return settling.unsettle(record, context, list(revisions.list_of(tx, record.id)), who), None
    except Refusal as refusal:
        return _keep_refused(record, context, refusal), refusal


def _keep_refused(record: Record, context: WriteContext, refusal: Refusal) -> Revised:
    step = workflow.STEP_OF.get(context.change.action)
    named = _SETTLING.get(context.change.action, context.change.action) if step is None else step.label
    message = f"现场送来的“{named}”已留存，案件状态未变：{refusal.message}"
    is_done = workflow.is_done_already(record, context.change.action, context.author)
    return revise.keep_in_history(record, context, Verdict.RECORDED, message, None if is_done else ProblemKind.RECORDED)


_SETTLING = {record_history.SETTLE: "核定", record_history.UNSETTLE: "撤销核定"}


def _apply_waiting(tx: Transaction, record: Record) -> Record:
    """Apply what waited for a record that has now arrived, each origin's changes in the order it made them.

    Each is judged as of its own arrival: its author could not help that the record came later. Returns the record
    as it stands afterwards.
    """
    waiting = verdicts.list_waiting(tx, record.id)
    for stored, change, arrived_at in sorted(waiting, key=lambda each: (each[1].dot.origin, each[1].dot.seq)):
        by = replace(people.actor(tx, stored.author), at=arrived_at)
        pending = PendingChange(change, stored.content, by, stored.submission, stored.problem, arrived_at)
        outcome = _apply_pending(tx, record, pending)
        record = outcome.record or record
    return record


def _spot_ok(tx: Transaction, change: Change) -> bool:
    write = change.fields.get(SPOT_FIELD)
    code = None if write is None else codes.current(tx, SPOT_LIST, write.new)
    return code is not None and code.extra.get(SPOT_COLUMN) == "1"
