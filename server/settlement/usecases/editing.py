"""Edits a record at a desk: whoever may settle a conflict and writes over it has settled it, and can take that back.

An edit alone leaves the other value standing, since what a phone wrote is not lost by what somebody writes who has not
seen it. Here the author has: the page shows every value beside the field. What came after the page was opened they
have not seen: that field is edited as by anybody else, and both values stand.

What is true if we die after each step: nothing, until the commit. 1. The record is found in the author's scope.
2. The fields in conflict whose values they have all seen, and which they may settle, are told from the others, which
are edited (``server.changes.usecases.interactive``). 3. Those are chosen (``server.settlement.usecases.settle``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID, uuid5

from server.changes.usecases import interactive
from server.changes.usecases.interactive import ChangeRequest
from server.db.transactions import Reading, Transaction
from server.people.domain import rights
from server.people.domain.actors import Actor
from server.problems.domain.settlements import Choice, How, SettlementRequest
from server.problems.store import problems
from server.records.domain.records import Record
from server.records.store import records
from server.settlement.usecases import settle
from sync import registers
from sync.changes import FieldWrite


@dataclass(frozen=True, slots=True)
class Edited:
    """What became of an edit. conflicts: fields in which another value stands beside its own. settled: the problems
    that it settled, oldest first.
    """

    conflicts: frozenset[str]
    settled: tuple[str, ...]


def edit(tx: Transaction, record_id: str, request: ChangeRequest, *, by: Actor) -> Edited:
    """Edit a record, settle the conflicts that are written over, and return what became of it.

    The same request again changes nothing and returns the same. request: an ``edit`` with the version that was looked
    at. Raises what ``interactive.change`` and ``settle.settle`` raise; nothing of it is kept then.
    """
    record = records.get(tx, record_id, by.scope)
    values = {name: each.new if isinstance(each, FieldWrite) else each for name, each in request.fields.items()}
    chosen = _settled_before(tx, record, request, values) or _chosen(tx, record, request, values, by)
    settled = {name for names in chosen.values() for name in names}
    rest = {name: each for name, each in request.fields.items() if name not in settled}
    conflicts = frozenset[str]()
    if rest or not chosen:
        outcome = interactive.change(tx, record_id, replace(request, fields=rest), by=by)
        conflicts = frozenset(outcome.conflicts) & rest.keys()
    for problem, names in chosen.items():
        choices = {name: Choice(value=values[name]) for name in names}
        settle.settle(tx, problem, SettlementRequest(How.CHOOSE, choices, change=_change_id(request, problem)), by=by)
    return Edited(conflicts, tuple(chosen))


def settles(reading: Reading, record: Record, by: Actor) -> frozenset[str]:
    """Return the fields in conflict that ``by`` settles by writing over them."""
    return frozenset(record.conflicts) if rights.allows(by, "problem", "settle", record.path) else frozenset()


def _chosen(
    tx: Transaction, record: Record, request: ChangeRequest, values: Mapping[str, str], by: Actor
) -> dict[str, list[str]]:
    """Return, by open problem, the fields that are chosen by being written over."""
    seen = record.version if request.base_version is None else request.base_version
    named = {each.name for each in request.attachments}
    photos = {name for name, value in values.items() if value in named}  # a photo comes with an edit alone
    kept, may = registers.from_json(record.registers), settles(tx, record, by)
    written = (may & values.keys() & kept.keys()) - photos
    over = {name for name in written if all(head.version <= seen for head in kept[name].heads)}
    found: dict[str, list[str]] = {}
    for problem in problems.conflicts_of(tx, record.id):
        if problem.settled_at is None and (names := sorted(over & problem.fields)):
            found[problem.id] = names
            over -= set(names)
    return found


def _settled_before(
    tx: Transaction, record: Record, request: ChangeRequest, values: Mapping[str, str]
) -> dict[str, list[str]]:
    """Return what this very request has settled already, as ``_chosen`` does; nothing for one that comes first."""
    if request.id is None:
        return {}
    return {
        problem.id: sorted(problem.settlement.choices)
        for problem in problems.conflicts_of(tx, record.id)
        if problem.settlement is not None
        and problem.settlement.change == _change_id(request, problem.id)
        and problem.settlement.choices.keys() <= values.keys()
    }


def _change_id(request: ChangeRequest, problem: str) -> str | None:
    """Return the id of the change by which a request settles a problem: the same one each time."""
    return None if request.id is None else str(uuid5(UUID(request.id), problem))
