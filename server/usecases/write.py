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
from server.domain.instants import Instant
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


def apply(
    tx: Transaction, change: Change, *, by: Actor, submission: str | None = None, content: str | None = None
) -> Outcome:
    """Judge ``change`` and carry it out as far as rules allow; nothing is lost and nothing refused.

    by: the author. submission: id of the submission it came in, None for other doors. content: a hash that
    tells one change from another of the same id, where the door has one already; else it is made here.
    Repeats return the stored verdict; the same id with other content is kept as a second, quarantined item.
    Raises NotFound when the record type was never declared by any form.
    """
    item = Item(change, content or fingerprint(change), by, submission)
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
        return _set_aside(tx, replace(item, change=other), Verdict.QUARANTINED, ProblemKind.QUARANTINED, message)
    record = records.find_for_writing(tx, change.record) if here.record else None
    outcome = _judge(tx, record, item)
    if here.waiting and outcome.record is not None:
        return replace(outcome, record=_release(tx, outcome.record))
    return outcome


@dataclass(frozen=True, slots=True)
class Item:
    """A change on its way: what was asked, its fingerprint, its author, the submission it came in.

    problem: id of the problem that was filed when it had to wait, and arrived_at when that was; None for one that
    has just arrived.
    """

    change: Change
    content: str
    by: Actor
    submission: str | None = None
    problem: str | None = None
    arrived_at: Instant | None = None


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


def _judge(tx: Transaction, record: Record | None, item: Item) -> Outcome:
    change = item.change
    if record is None and change.action not in CREATING:
        message = "这条更新先到，它的原始记录还没有到；到达后会自动合并。"
        return _set_aside(tx, item, Verdict.WAITING, ProblemKind.WAITING, message)
    if record is None:
        return _create(tx, item)
    if record.type != change.type:
        return _of_another_list(tx, item)
    if change.action not in CREATING:
        return _revise(tx, record, item)
    if record.author != item.by.name:
        message = "这个编号的记录已经存在，重复的新建已隔离，待人工判断。"
        return _set_aside(tx, item, Verdict.QUARANTINED, ProblemKind.QUARANTINED, message)
    return _revise(tx, record, replace(item, change=replace(change, action="edit", base_version=0)))


def _of_another_list(tx: Transaction, item: Item) -> Outcome:
    message = "这个编号在另一份台账里已有记录，内容已隔离，待人工判断。"
    return _set_aside(tx, item, Verdict.QUARANTINED, ProblemKind.QUARANTINED, message)


def _create(tx: Transaction, item: Item) -> Outcome:
    area, path, unknown = birthplace.decide(tx, item.change, item.by, item.submission)
    toward = standing.toward_area(item.by, path)
    if toward is Standing.NONE:
        message = "填报人不负责这个网格，记录已隔离，待人工判断。"
        return _set_aside(tx, item, Verdict.QUARANTINED, ProblemKind.QUARANTINED, message)
    revised = revise.create(
        _asked(tx, item, item.change, toward), area=area, path=path, spot_ok=_spot_ok(tx, item.change)
    )
    records.add(tx, revised.record)
    return _keep(tx, item, buckets.of(revised.record), revised, unknown)


def _revise(tx: Transaction, record: Record, item: Item) -> Outcome:
    type = _type(forms.catalogue(tx).types, record.type)
    sight = phone_sight.of(tx, record, type, item.change, item.by, item.submission)
    change = sight.change
    toward = standing.toward(item.by, record)
    asked = replace(_asked(tx, item, change, toward), base=sight.base, saw=sight.saw)
    if toward is Standing.NONE:
        message = "填报人已不负责这条记录，内容已隔离，待人工判断。"
        revised = revise.keep(record, asked, Verdict.QUARANTINED, message, ProblemKind.QUARANTINED)
    elif change.action != "edit":
        message = f"现场送来的操作“{change.action}”已留存，案件状态未变，请人工处理。"
        revised = revise.keep(record, asked, Verdict.RECORDED, message, ProblemKind.RECORDED)
    elif revisions.newest_of_hand(tx, record.id, change.dot.origin) > change.dot.seq:
        revised = revise.edit(record, asked, replay.received(revisions.list_of(tx, record.id), type))
    else:
        revised = revise.edit(record, asked)
    records.replace(tx, revised.record)
    return _keep(tx, item, buckets.of(record) | buckets.of(revised.record), revised, sight.problems)


def _keep(tx: Transaction, item: Item, names: set[str], revised: Revised, more: tuple[Problem, ...]) -> Outcome:
    """Write the revision, its verdict, its buckets and its problems."""
    record, revision = revised.record, revised.revision
    revisions.add(tx, revision)
    buckets.raise_all(tx, record.type, names, revision.seq)
    filed = [
        problems.add(tx, replace(problem, path=problem.path or record.path)) for problem in (*revised.problems, *more)
    ]
    stored = Stored(
        id=item.change.id,
        record=record.id,
        type=record.type,
        author=revision.author,
        content=item.content,
        verdict=revision.verdict,
        version=record.version,
        conflicts=revised.conflicts,
        problem=filed[0] if filed else None,
        submission=item.submission,
    )
    if item.problem is None:
        verdicts.add(tx, stored, tx.now, item.change if revision.verdict is Verdict.QUARANTINED else None)
    else:
        verdicts.settle(tx, stored)
        problems.settle(tx, item.problem, "server")
    return Outcome(stored.id, stored.verdict, stored.version, record, stored.conflicts, stored.problem)


def _set_aside(tx: Transaction, item: Item, verdict: Verdict, kind: ProblemKind, message: str) -> Outcome:
    """Keep a change whole without applying it, with a problem that says why."""
    change = item.change
    problem = problems.add(
        tx,
        Problem(
            kind,
            standing.home(item.by) or "",
            message,
            record=change.record,
            type=change.type,
            submission=item.submission,
            change=change.id,
            author=item.by.name,
        ),
    )
    stored = Stored(
        change.id,
        change.record,
        change.type,
        item.by.name,
        item.content,
        verdict,
        None,
        problem=problem,
        submission=item.submission,
    )
    if item.problem is None:
        verdicts.add(tx, stored, tx.now, change)
    else:
        verdicts.settle(tx, stored)
        problems.settle(tx, item.problem, "server")
    return Outcome(change.id, verdict, None, records.find_for_writing(tx, change.record), (), problem)


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


def _asked(tx: Transaction, item: Item, change: Change, toward: Standing) -> Asked:
    catalogue = forms.catalogue(tx)
    type = _type(catalogue.types, change.type)
    return Asked(
        change,
        type,
        catalogue.rules[change.type],
        item.by.name,
        tx.now,
        tx.next_seq(),
        late=toward is Standing.RECENT,
        submission=item.submission,
        arrived_at=item.arrived_at,
    )


def _type(types: Mapping[str, RecordType], name: str) -> RecordType:
    if name not in types:
        raise NotFound(f"没有名为“{name}”的台账；请先发布保存到它的表单。", type=name)
    return types[name]


def _spot_ok(tx: Transaction, change: Change) -> bool:
    write = change.fields.get(SPOT_FIELD)
    code = None if write is None else codes.current(tx, SPOT_LIST, write.new)
    return code is not None and code.extra.get(SPOT_COLUMN) == "1"
