"""Steps that the server takes itself: unassigns cases of people whose duty has ended, resumes suspended cases.

A case on a person returns to be assigned anew; one on a body stays with it (``design.md`` section 5). Whoever ends a
duty has it done at once; for a duty that ends at an instant to come, ``housekeeping`` does it when that has come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from server import instants
from server.cases.store import former_handlers
from server.changes.usecases.recording import apply_by_server
from server.db.transactions import Transaction
from server.errors import ITEM_ERRORS
from server.people.store import people
from server.records.domain import relation
from server.records.domain.case import Assignment
from server.records.domain.records import Record
from server.records.domain.status import WITH_HANDLER
from server.records.store import records

NOTE = "承办人岗位已变动，案件退回，待重新派遣"
HELPERS_NOTE = "协办人岗位已变动，不再协办"


class Stuck(NamedTuple):
    """A record that could not be written, and the name of the error that said so."""

    record: str
    problem: str


class AutomaticSteps(NamedTuple):
    """done: how many cases moved on. stuck: those that could not."""

    done: int
    stuck: tuple[Stuck, ...]


def from_person(tx: Transaction, name: str) -> AutomaticSteps:
    """Take back what ``name`` can no longer look after."""
    return each(tx, former_handlers.of_leavers(tx, name), _released)


def from_everybody(tx: Transaction) -> AutomaticSteps:
    """Take back what anybody can no longer look after."""
    return each(tx, former_handlers.of_leavers(tx), _released)


def suspended(tx: Transaction, limit: int) -> AutomaticSteps:
    """Take up at most ``limit`` suspended cases again whose plan should be done by now."""
    return each(tx, records.plan_over(tx), _resumed, limit)


def each(
    tx: Transaction, ids: Iterable[str], step: Callable[[Transaction, Record], bool], limit: int | None = None
) -> AutomaticSteps:
    """Do ``step`` to each record, at most ``limit`` times; one that cannot be written keeps nobody else waiting."""
    done, stuck = 0, []
    for id in ids:
        if done == limit:
            break
        try:
            with tx.savepoint():
                record = records.find_for_writing(tx, id)
                done += record is not None and step(tx, record)
        except ITEM_ERRORS as error:
            stuck.append(Stuck(id, type(error).__name__))
    return AutomaticSteps(done, tuple(stuck))


def _resumed(tx: Transaction, record: Record) -> bool:
    note = f"整治计划到期（{instants.last_day(record.due_at or tx.now)}），自动恢复处置"
    apply_by_server(tx, record, "resume", note)
    return True


def _released(tx: Transaction, record: Record) -> bool:
    current = (
        ()
        if record.case is None
        else tuple(assignment for assignment in record.case.assignments if assignment.until is None)
    )
    gone = {assignment.mark for assignment in current if _is_gone(tx, record, assignment)}
    if any(assignment.lead for assignment in current if assignment.mark in gone) and record.status in WITH_HANDLER:
        apply_by_server(tx, record, "release", NOTE)
        return True
    helpers = [assignment.mark for assignment in current if not assignment.lead]
    staying = [mark for mark in helpers if mark not in gone]
    if staying != helpers:
        apply_by_server(tx, record, "release_helpers", HELPERS_NOTE, helpers=" ".join(staying))
    return staying != helpers


def _is_gone(tx: Transaction, record: Record, assignment: Assignment) -> bool:
    kind, _, name = assignment.mark.partition(":")
    return kind == "user" and relation.has_lost_case(people.duties_of(tx, name), record.path, assignment.since, tx.now)
