"""The one path by which anything is written: judged, merged, numbered, in one transaction.

What is true if we die after each step: nothing, until the commit that holds all of them.

1. The change's stored verdict is looked up; a repeat gets it again.
2. The author's standing toward the record is judged.
3. ``revise`` makes the next revision.
4. Record, revision, verdict, buckets and problems are written.
5. Changes that waited for this record are applied the same way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import NAMESPACE_OID, uuid5

import orjson

from server.domain import replay, revise, standing
from server.domain.actors import Actor
from server.domain.errors import NotFound
from server.domain.problems import Problem, ProblemKind
from server.domain.record_types import RecordType
from server.domain.records import Record
from server.domain.revise import Asked, Revised
from server.domain.standing import Standing
from server.domain.workflow import CREATING
from server.store import buckets, codes, forms, people, problems, records, revisions, verdicts
from server.store.database import Transaction
from server.store.verdicts import Stored
from server.usecases import birthplace, phone_sight
from sync.changes import Change, Verdict

SPOT_LIST, SPOT_FIELD, SPOT_COLUMN = "hazard_items", "item", "spot_ok"
"""Where the code table says whether a hazard item may be closed on the spot (``domain.md`` section 4.2)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a change: its stored verdict, and the record as it now is (None while there is none)."""

    id: str
    verdict: Verdict
    version: int | None
    record: Record | None
    conflicts: tuple[str, ...] = ()
    problem: str | None = None


def apply(tx: Transaction, change: Change, *, by: Actor, submission: str | None = None) -> Outcome:
    """Judge ``change`` and carry it out as far as rules allow; nothing is lost and nothing refused.

    by: the author. submission: id of the submission it came in, None for other doors.
    Repeats return the stored verdict; the same id with other content is kept as a second, quarantined item.
    Raises NotFound when the record type was never declared by any form.
    """
    content = fingerprint(change)
    stored = verdicts.find(tx, change.id)
    if stored is not None and stored.content == content:
        return _again(tx, stored)
    if stored is not None:
        other = replace(change, id=str(uuid5(NAMESPACE_OID, f"{change.id} {content}")))
        again = verdicts.find(tx, other.id)
        if again is not None:
            return _again(tx, again)
        return _quarantine(
            tx, other, content, by, submission, "同一编号送来了两份不同的内容，第二份已隔离，待人工判断。"
        )
    record = records.find_for_writing(tx, change.record)
    outcome = _judge(tx, record, change, content, by, submission)
    if record is None and outcome.record is not None:
        _release(tx, outcome.record.id)
        return replace(outcome, record=records.find_for_writing(tx, change.record))
    return outcome


def fingerprint(change: Change) -> str:
    """Return a hash of what was asked: the same change sent again has the same one, whatever the clock offset."""
    asked = (
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
    return hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_NAIVE_UTC)).hexdigest()


def _again(tx: Transaction, stored: Stored) -> Outcome:
    record = records.find_for_writing(tx, stored.record)
    return Outcome(stored.id, stored.verdict, stored.version, record, stored.conflicts, stored.problem)


def _judge(
    tx: Transaction, record: Record | None, change: Change, content: str, by: Actor, submission: str | None
) -> Outcome:
    if record is None and change.action not in CREATING:
        return _wait(tx, change, content, by, submission)
    if record is None:
        return _create(tx, change, content, by, submission)
    if change.action in CREATING:
        if record.author != by.name or record.type != change.type:
            return _quarantine(
                tx, change, content, by, submission, "这个编号的记录已经存在，重复的新建已隔离，待人工判断。"
            )
        change = replace(change, action="edit", base_version=0)
    return _revise(tx, record, change, content, by, submission)


def _create(tx: Transaction, change: Change, content: str, by: Actor, submission: str | None) -> Outcome:
    area, path, unknown = birthplace.decide(tx, change, by, submission)
    toward = standing.toward_area(by, path)
    if toward is Standing.NONE:
        return _quarantine(tx, change, content, by, submission, "填报人不负责这个网格，记录已隔离，待人工判断。")
    asked = _asked(tx, change, by, submission, toward)
    revised = revise.create(asked, area=area, path=path, spot_ok=_spot_ok(tx, change))
    records.add(tx, revised.record)
    return _keep(tx, None, replace(revised, problems=(*revised.problems, *unknown)), content, change)


def _revise(
    tx: Transaction, record: Record, change: Change, content: str, by: Actor, submission: str | None
) -> Outcome:
    change, reused = phone_sight.own_dot(tx, record, change, by, submission)
    change, saw, baseless = phone_sight.derived(tx, record, change, by, submission)
    toward = standing.toward(by, record)
    asked = replace(_asked(tx, change, by, submission, toward), saw=saw)
    if toward is Standing.NONE:
        message = "填报人已不负责这条记录，内容已隔离，待人工判断。"
        revised = revise.keep(record, asked, Verdict.QUARANTINED, message, ProblemKind.QUARANTINED)
    elif change.action != "edit":
        message = f"现场送来的操作“{change.action}”已留存，案件状态未变，请人工处理。"
        revised = revise.keep(record, asked, Verdict.RECORDED, message, ProblemKind.RECORDED)
    elif revisions.newest_of_hand(tx, record.id, change.dot.origin) > change.dot.seq:
        history = replay.received(revisions.list_of(tx, record.id))
        revised = revise.edit(record, asked, history)
    else:
        revised = revise.edit(record, asked)
    records.replace(tx, revised.record)
    return _keep(tx, record, replace(revised, problems=(*revised.problems, *reused, *baseless)), content, change)


def _keep(tx: Transaction, before: Record | None, revised: Revised, content: str, change: Change) -> Outcome:
    """Write the revision, its verdict, its buckets and its problems."""
    record, revision = revised.record, revised.revision
    revisions.add(tx, revision)
    names = buckets.of(record) | (buckets.of(before) if before is not None else set())
    buckets.raise_all(tx, record.type, names, revision.seq)
    filed = [problems.add(tx, replace(problem, path=problem.path or record.path)) for problem in revised.problems]
    stored = Stored(
        id=change.id,
        record=record.id,
        type=record.type,
        author=revision.author,
        content=content,
        verdict=revision.verdict,
        version=record.version,
        conflicts=revised.conflicts,
        problem=filed[0] if filed else None,
        submission=revision.submission,
    )
    unapplied = change if revision.verdict is Verdict.QUARANTINED else None
    if verdicts.find(tx, change.id) is None:
        verdicts.add(tx, stored, tx.now, unapplied)
    else:
        verdicts.settle(tx, stored)
    return Outcome(stored.id, stored.verdict, stored.version, record, stored.conflicts, stored.problem)


def _wait(tx: Transaction, change: Change, content: str, by: Actor, submission: str | None) -> Outcome:
    message = "这条更新先到，它的原始记录还没有到；到达后会自动合并。"
    return _set_aside(tx, change, content, by, submission, Verdict.WAITING, ProblemKind.WAITING, message)


def _quarantine(
    tx: Transaction, change: Change, content: str, by: Actor, submission: str | None, message: str
) -> Outcome:
    return _set_aside(tx, change, content, by, submission, Verdict.QUARANTINED, ProblemKind.QUARANTINED, message)


def _set_aside(
    tx: Transaction,
    change: Change,
    content: str,
    by: Actor,
    submission: str | None,
    verdict: Verdict,
    kind: ProblemKind,
    message: str,
) -> Outcome:
    """Keep a change whole without applying it, with a problem that says why."""
    problem = problems.add(
        tx,
        Problem(
            kind,
            standing.home(by) or "",
            message,
            record=change.record,
            type=change.type,
            submission=submission,
            change=change.id,
            author=by.name,
        ),
    )
    stored = Stored(change.id, change.record, change.type, by.name, content, verdict, None, (), problem, submission)
    verdicts.add(tx, stored, tx.now, change)
    return Outcome(change.id, verdict, None, records.find_for_writing(tx, change.record), (), problem)


def _release(tx: Transaction, record_id: str) -> None:
    """Apply what waited for a record that has now arrived, each hand's changes in the order it made them."""
    waiting = verdicts.list_waiting(tx, record_id)
    for stored, change, _ in sorted(waiting, key=lambda each: (each[1].dot.origin, each[1].dot.seq)):
        record = records.find_for_writing(tx, record_id)
        if record is None:
            raise RuntimeError(f"record {record_id} vanished while changes waited for it")
        by = people.actor(tx, stored.author)
        _revise(tx, record, change, stored.content, by, stored.submission)
        if stored.problem is not None:
            problems.settle(tx, stored.problem, "server")


def _asked(tx: Transaction, change: Change, by: Actor, submission: str | None, toward: Standing) -> Asked:
    catalogue = forms.catalogue(tx)
    type = _type(catalogue.types, change.type)
    return Asked(
        change,
        type,
        catalogue.rules[change.type],
        by.name,
        tx.now,
        tx.next_seq(),
        late=toward is Standing.RECENT,
        submission=submission,
    )


def _type(types: Mapping[str, RecordType], name: str) -> RecordType:
    if name not in types:
        raise NotFound(f"没有名为“{name}”的台账；请先发布保存到它的表单。", type=name)
    return types[name]


def _spot_ok(tx: Transaction, change: Change) -> bool:
    write = change.fields.get(SPOT_FIELD)
    code = None if write is None else codes.current(tx, SPOT_LIST, write.new)
    return code is not None and code.extra.get(SPOT_COLUMN) == "1"
