"""Tells somebody whose act came too late who was faster, and how the case stood for them and stands now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from server import instants
from server.cases.domain import workflow
from server.db.transactions import Reading
from server.instants import Instant
from server.office import pages
from server.people.store import display_names
from server.records.domain.records import Record, Revision
from server.records.domain.status import STATUS_LABELS, Status


class Faster(NamedTuple):
    """Who was first. minutes: since then. was, now: status, handler and day of the limit, those there are."""

    who: str
    act: str
    at: str
    minutes: int
    mine: str
    was: tuple[str, ...]
    now: tuple[str, ...]


def told(reading: Reading, record: Record, history: Sequence[Revision], base: int | None, action: str) -> Faster | None:
    """Return who has changed a case since version ``base``; None where nobody has."""
    later = [each for each in history if base is not None and each.version > base]
    if not later:
        return None
    acts = [each for each in later if each.action in workflow.STEP_OF and each.action != "note"]
    first = (acts or later)[-1]
    step, mine = workflow.STEP_OF.get(first.action), workflow.STEP_OF.get(action)
    seen = _seen(history, base or 0)
    names = display_names.of_assignees(reading, {mark for mark in (seen["assignee"], record.assignee) if mark})
    age = instants.parse(reading.now) - instants.parse(first.received_at)
    return Faster(
        display_names.of_people(reading, [first.author])[first.author],
        first.action if step is None else step.label,
        pages.moment(first.received_at, reading.now),
        max(0, int(age.total_seconds() // 60)),
        action if mine is None else mine.label,
        _state(seen["status"], names.get(seen["assignee"] or "", ""), seen["due_at"], reading.now),
        _state(record.status, names.get(record.assignee or "", ""), record.due_at, reading.now),
    )


def _seen(history: Sequence[Revision], base: int) -> dict[str, str | None]:
    """Return what a case had at a version, from what its revisions changed."""
    found: dict[str, str | None] = {"status": None, "assignee": None, "due_at": None}
    for revision in history:
        if revision.version <= base:
            found |= {name: new for name, (_, new) in revision.diff.items() if name in found}
    return found


def _state(status: str | None, handler: str, due_at: str | None, now: Instant) -> tuple[str, ...]:
    word = STATUS_LABELS[Status(status)] if status else ""
    until = pages.day(instants.last_day(due_at), now) if due_at else ""
    return tuple(each for each in (word, handler, until) if each)
