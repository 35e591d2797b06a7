"""The list of problems at the desk: what each is about, where, whose doing it is, and since when."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from server import instants
from server.db.transactions import Reading
from server.errors import NotFound
from server.grid.domain.areas import code_of
from server.grid.store import areas
from server.instants import Instant
from server.office import pages
from server.office import problem_kinds as kinds
from server.office.problem_kinds import Word
from server.people.store import display_names
from server.problems.domain.problems import ProblemKind
from server.problems.store.problems import StoredProblem
from server.records.domain.records import Record
from server.records.store import records
from server.records.usecases.disclosing import RecordMask
from server.settlement.usecases import masked_problems
from server.web import context


class Row(NamedTuple):
    """A problem in the list. days: how long it has been there."""

    id: str
    kind: str
    word: Word
    label: str
    area: str
    who: str
    days: int
    settled: str


def rows(reading: Reading, found: Iterable[StoredProblem], mask: RecordMask) -> list[Row]:
    """Return problems as rows of the list, in their order."""
    listed = list(found)
    names = areas.full_names(reading, (code_of(each.path) for each in listed if each.path))
    who = display_names.of_people(reading, (each.author for each in listed if each.author))
    shown = []
    for each in listed:
        kind = ProblemKind(each.kind)
        told = masked_problems.shown(mask, {"message": each.message}, each)
        settled = "" if each.settled_at is None else pages.moment(each.settled_at, reading.now)
        place = names.get(code_of(each.path), "") if each.path else ""
        # What is about no record that its reader may see is told by what happened; what to do stands beside it.
        label = _label(reading, each, mask) or str(told["message"]).replace("；", "，").partition("，")[0]
        shown.append(
            Row(each.id, each.kind, kinds.WORDS[kind], label, place, who.get(each.author or "", ""),
                days_since(reading, each.created_at), settled)
        )  # fmt: skip
    return shown


def days_since(reading: Reading, at: Instant) -> int:
    """Return how many days an instant lies back, by Beijing's calendar."""
    return max(0, -pages.days_until(reading.now, instants.local_day(at)))


def _label(reading: Reading, found: StoredProblem, mask: RecordMask) -> str:
    """Return what the record of a problem is called, as its reader sees it; empty for one that is not theirs to see."""
    record = None if found.record is None else _find(reading, found.record, mask)
    return "" if record is None else mask.label(record)


def _find(reading: Reading, id: str, mask: RecordMask) -> Record | None:
    try:
        return records.get(reading, id, context.caller().scope)
    except NotFound:
        return None
