"""Records the outcome of a change: revision, verdict, buckets, problems, and what follows for its case."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

import orjson

from server.cases.domain import workflow
from server.cases.domain.acts import Act, ActContext
from server.cases.store import calendars, case_numbers, former_handlers, rechecks
from server.cases.usecases import corrections, item_words
from server.changes.domain import revise
from server.changes.domain.revise import Revised
from server.changes.domain.write_context import WriteContext
from server.changes.store import named_files, verdicts
from server.changes.store.devices import DeviceOrigin
from server.changes.store.verdicts import Stored
from server.changes.usecases import conflict_problems
from server.db.transactions import Transaction
from server.errors import NotFound, Refusal
from server.forms.domain.record_types import RecordType
from server.forms.store import forms
from server.instants import Instant
from server.notices.usecases import telling
from server.people.domain.actors import Actor
from server.problems.domain.problems import Problem
from server.problems.store import problems
from server.records.domain.records import Record
from server.records.domain.relation import Relation
from server.records.domain.status import ENDED, STATUS_LABELS, Status
from server.records.store import buckets, epoch_raises, records, revisions
from server.summaries.domain import patrols
from server.summaries.store import figure_recording
from sync.changes import Change, Dot, FieldWrite, Verdict
from sync.values import frozen

SERVER = "server"
"""Author of what nobody did: it follows from something else."""


@frozen
class Outcome:
    """What became of a change: its stored verdict, and the record as it now is (None while there is none).

    refusal: the rule that said no, where one did; doors that may refuse raise it, phones get their verdict.
    message: what the problem says, None where it is to be read.
    """

    id: str
    verdict: Verdict
    version: int | None
    record: Record | None
    conflicts: tuple[str, ...] = ()
    problem: str | None = None
    refusal: Refusal | None = None
    message: str | None = None


@frozen
class PendingChange:
    """A change that is being applied: the change, its fingerprint, its author, the submission it came in.

    problem: id of the problem that was filed when it had to wait or was quarantined, and arrived_at when that was;
    None for one that has just arrived. settled_by: whose doing it is that it is judged again. authority: officer by
    whose rights it is carried out, None for the author's own. known: what was found of its device with it.
    """

    change: Change
    content: str
    by: Actor
    submission: str | None = None
    problem: str | None = None
    arrived_at: Instant | None = None
    settled_by: str = SERVER
    authority: Actor | None = None
    known: DeviceOrigin | None = None


def fingerprint(change: Change) -> str:
    """Return a hash of the change: the same change sent again has the same one, whatever the clock offset."""
    content = (
        change.record,
        change.type,
        change.action,
        tuple(change.dot),
        {name: tuple(change.fields[name]) for name in sorted(change.fields)},
        change.base_version,
        change.area,
        change.after,
        change.seen_status,
        change.form,
        change.form_version,
        change.made_at,
        tuple(tuple(attachment) for attachment in change.attachments),
    )
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_NAIVE_UTC)).hexdigest()


def store_revised(tx: Transaction, before: Record, revised: Revised) -> Revised:
    """Store the next version of a record, and return it with the mark of a correction that relaxes its limit."""
    revised = replace(revised, record=corrections.marked(tx, before, revised.record))
    records.replace(tx, revised.record)
    return revised


def record_revision(
    tx: Transaction, pending: PendingChange, before: Record | None, revised: Revised, more: tuple[Problem, ...]
) -> Outcome:
    """Write the revision, its verdict, its buckets, its problems, and what follows for its case."""
    record, revision = revised.record, revised.revision
    revisions.add(tx, revision)
    names = buckets.of(record) if before is None else buckets.of(before) | buckets.of(record)
    buckets.raise_all(tx, record.type, names, revision.seq)
    found = conflict_problems.unlisted(tx, before, (*revised.problems, *more))
    filed = [problems.add(tx, each if each.path else replace(each, path=record.path)) for each in found]
    joined = None if filed else conflict_problems.open_about(tx, record.id, revised.conflicts)
    stored = Stored(
        id=pending.change.id,
        record=record.id,
        type=record.type,
        author=revision.author,
        content=pending.content,
        verdict=revision.verdict,
        version=record.version,
        conflicts=revised.conflicts,
        problem=filed[0] if filed else None if joined is None else joined.id,
        submission=pending.submission,
    )
    named_files.add(tx, pending.change)
    if pending.problem is None:
        verdicts.add(tx, stored, tx.now, pending.change if revision.verdict is Verdict.QUARANTINED else None)
    else:
        verdicts.settle(tx, stored)
        problems.settle(tx, pending.problem, pending.settled_by)
    _update_dependents(tx, before, revised)
    if before is None:
        record = epoch_raises.raise_new(tx, record)
    message = found[0].message if found else None if joined is None else joined.message
    # Told is the version that the author goes on from, raised by now where the record is new.
    version = record.version
    return Outcome(stored.id, stored.verdict, version, record, stored.conflicts, stored.problem, message=message)


def _update_dependents(tx: Transaction, before: Record | None, revised: Revised) -> None:
    """Keep what follows from a revision: the figures, who has the case, what its duplicates' reporters are told."""
    after = revised.record
    if before is not None:
        conflict_problems.follow(tx, before, revised, server=SERVER)
    if after.type == patrols.TYPE:
        figure_recording.record_patrol(tx, before, after)
    if after.case is None:
        return
    was = None if before is None else before.case
    former_handlers.replace(tx, after.id, was, after.case)
    if was is not None and was.waits_for_recheck and not after.case.waits_for_recheck:
        rechecks.settle(tx, after.id)
    figure_recording.record(tx, None if was is None else was.facts, after.case.facts, revised.step, after.version)
    if before is None:
        return
    if revised.step is not None:
        telling.tell(tx, before, after, revised.revision.action, revised.revision.author)
    if after.status in ENDED and before.status not in ENDED:
        _notify_duplicates(tx, after)


def _notify_duplicates(tx: Transaction, ended: Record) -> None:
    label = STATUS_LABELS[Status(ended.status or "")]
    note = f"主案件{ended.case_no or ''}{label}。{ended.office_note}"
    notified: list[str] = [ended.id]
    for master in notified:  # grows: duplicates of a duplicate are notified as well
        for duplicate in records.merged_into(tx, master):
            apply_by_server(tx, duplicate, "tell", note)
            notified.append(duplicate.id)


def apply_by_server(tx: Transaction, record: Record, action: str, note: str, **more: str) -> Outcome:
    """Let the server itself write to a case: ``tell`` its reporter something, ``renew`` it, or take a step.

    note: what people read of it. more: other inputs of the step. Raises IllegalStep when the case is not where the
    step can be taken from.
    """
    dot = Dot("server", record.version + 1)
    inputs = {"note": note, **more}
    fields = {name: FieldWrite(None, value) for name, value in inputs.items()}
    change = Change(tx.new_id(), record.id, record.type, action, dot, fields, record.version)
    pending = PendingChange(change, fingerprint(change), Actor(SERVER, SERVER, tx.now))
    context = context_of(tx, pending, change, Relation.NOW)
    if action == "tell":
        revised = revise.notify(record, context, note)
    elif action == "renew":
        revised = revise.bump_version(record, context)
    else:
        workflow.require_legal(workflow.STEP_OF[action], Status(record.status or ""))
        act = Act(action, inputs, SERVER, tx.now)
        number = case_numbers.take(tx) if action == "carry_over" else ""
        known = ActContext(calendar=calendars.calendar(tx), rect=item_words.repair_of(tx, record), case_no=number)
        revised = revise.act(record, context, (), act, known, "系统")
    records.replace(tx, revised.record)
    return record_revision(tx, pending, record, revised, ())


def context_of(tx: Transaction, pending: PendingChange, change: Change, relation_now: Relation) -> WriteContext:
    catalogue = forms.catalogue(tx)
    type = type_of(catalogue.types, change.type)
    return WriteContext(
        change,
        type,
        catalogue.rules[change.type],
        pending.by.name,
        tx.now,
        tx.next_seq(),
        late=relation_now is Relation.RECENT,
        submission=pending.submission,
        arrived_at=pending.arrived_at,
    )


def type_of(types: Mapping[str, RecordType], name: str) -> RecordType:
    if name not in types:
        raise NotFound(f"没有名为“{name}”的台账；请先发布保存到它的表单。", type=name)
    return types[name]
