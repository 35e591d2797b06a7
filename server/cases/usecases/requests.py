"""What handlers have asked for (申请): the open requests that a person sees, oldest first, and those decided."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from server.cases.domain import decisions, workflow
from server.cases.domain.decisions import Asked, Consequence, Kind
from server.cases.store import calendars, requests
from server.cases.usecases import todo_column
from server.db.sql import Row
from server.db.transactions import Reading
from server.grid.domain.areas import Place
from server.instants import Instant
from server.people.domain.actors import Actor
from server.people.domain.roles import DecisionLevel
from server.records.domain.case import Case, Request
from server.records.domain.records import Record
from server.records.domain.status import OPEN
from server.records.store import case_json, record_lists
from server.records.store.record_lists import Filters

PAGE_ROWS = 1_000
"""How many cases with an open request are read at once."""


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """A request that nobody has decided. row: its case, as ``record_lists.page_by_due`` has it.

    asked: what was said, as the history keeps it. level: that it waits for; decide_by: until when that is to decide.
    actions: acts by which the reader may decide it now. obstacle: why granting it as it was asked for would be refused,
    empty where it would not.
    """

    row: Row
    kind: Kind
    request: Request
    asked: Asked
    consequence: Consequence
    level: DecisionLevel
    decide_by: Instant
    actions: tuple[str, ...]
    obstacle: str = ""

    @property
    def granted_with(self) -> dict[str, str]:
        """The inputs of granting it as it was asked for."""
        return decisions.granted_with(self.kind, self.asked.inputs)


def list_open(
    reading: Reading,
    by: Actor,
    *,
    kind: str | None = None,
    place: Place | None = None,
    decidable: bool = False,
    overdue: bool = False,
) -> list[OpenRequest]:
    """Return the open requests in the scope of ``by``, the oldest first.

    kind: a name of ``decisions.KINDS``. place: where the cases lie. decidable: only those that ``by`` may decide.
    overdue: only those that should have been decided by now.
    """
    statuses = tuple(status.value for status in OPEN)
    filters = Filters(statuses=statuses, has_request=True, place=place)
    todo = todo_column.TodoOfCaller(reading, by)
    found: list[OpenRequest] = []
    for rows in _pages(reading, by, filters):
        asked = requests.asked_of(reading, (row["id"] for row in rows))
        found += [each for row in rows for each in _of_case(row, asked, todo) if kind in (None, each.kind.name)]
    wanted = (
        each for each in found if (each.actions or not decidable) and (each.decide_by <= reading.now or not overdue)
    )
    return sorted(wanted, key=lambda each: (each.request.at, each.row["id"]))


def _pages(reading: Reading, by: Actor, filters: Filters) -> Iterator[list[Row]]:
    after = None
    while rows := record_lists.page_by_due(reading, by.scope, filters, after=after, limit=PAGE_ROWS):
        yield rows
        if len(rows) < PAGE_ROWS:
            return
        after = record_lists.due_position(rows[-1])


def open_of(reading: Reading, by: Actor, record: str, kind: str) -> OpenRequest | None:
    """Return the open request of one kind on a case in the scope of ``by``; None when there is none, or no more."""
    filters = Filters(statuses=tuple(status.value for status in OPEN), has_request=True, q=record)
    rows = record_lists.page_by_due(reading, by.scope, filters, after=None, limit=1)
    asked = requests.asked_of(reading, (row["id"] for row in rows))
    todo = todo_column.TodoOfCaller(reading, by)
    found = (each for row in rows for each in _of_case(row, asked, todo) if each.kind.name == kind)
    return next(islice(found, 1), None)


def grants_of(reading: Reading, record: Record) -> dict[str, dict[str, str]]:
    """Return the acts that would grant the open requests of a case, each with the inputs that were asked for.

    record: one that the caller has found inside a scope.
    """
    open_requests = record.case.requests if record.case is not None else ()
    if not open_requests:
        return {}
    asked = requests.asked_of(reading, [record.id])
    found = {}
    for each in open_requests:
        kind, said = decisions.BY_ACTION[each.action], asked.get((record.id, each.action))
        found[kind.grant] = decisions.granted_with(kind, {"until": each.until} if said is None else said.inputs)
    return found


def _of_case(row: Row, asked: dict[tuple[str, str], Asked], todo: todo_column.TodoOfCaller) -> list[OpenRequest]:
    case = case_json.from_text(row["case_state"])
    return [] if case is None else [_open(row, case, each, asked, todo) for each in case.requests]


def _open(
    row: Row, case: Case, request: Request, asked: dict[tuple[str, str], Asked], todo: todo_column.TodoOfCaller
) -> OpenRequest:
    kind = decisions.BY_ACTION[request.action]
    said = asked.get((row["id"], request.action))
    if said is None:  # carried out under another verdict: what the case itself remembers is left
        said = Asked(row["id"], request.action, request.author, request.at, {"until": request.until})
    meant = decisions.consequence(kind, case, row["due_at"], request.until)
    level = decisions.decider(kind, request, case, todo.reading.now)
    until = decisions.decide_by(level, request, calendars.calendar(todo.reading))
    shown = OpenRequest(row, kind, request, said, meant, level, until, ())
    if not todo.may_take(row, [kind.decline]):  # a decline stands only where the request is open
        return shown
    actions, obstacle = _ways(row, kind, said, todo)
    return replace(shown, actions=actions, obstacle=obstacle)


def _ways(row: Row, kind: Kind, said: Asked, todo: todo_column.TodoOfCaller) -> tuple[tuple[str, ...], str]:
    """Return the acts by which a request may be decided, and why it would not be granted as it was asked for.

    Whoever may decline a request need not be able to grant it: to them it may be too long, or be granted no more.
    """
    inputs, both = decisions.granted_with(kind, said.inputs), (kind.grant, kind.decline)
    if any(name not in inputs for name in workflow.STEP_OF[kind.grant].needs):
        return (both if todo.may_take(row, [kind.grant]) else (kind.decline,)), ""
    obstacle = todo.obstacle(row, kind.grant, inputs)
    least = decisions.least_granted(kind, row["due_at"], inputs) if obstacle else inputs
    return ((kind.decline,) if todo.obstacle(row, kind.grant, least) else both), obstacle
