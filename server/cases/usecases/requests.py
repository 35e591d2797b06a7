"""What handlers have asked for (申请): the open requests that a person sees, oldest first, and those decided."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from server.cases.domain import decisions
from server.cases.domain.decisions import Asked, Consequence, Kind
from server.cases.store import requests
from server.cases.usecases import todo_column
from server.db.sql import Row
from server.db.transactions import Reading
from server.grid.domain.areas import Place
from server.people.domain.actors import Actor
from server.records.domain.case import Case, Request
from server.records.domain.status import WITH_HANDLER
from server.records.store import case_json, record_lists
from server.records.store.record_lists import Filters

CASES_MOST = 1_000
"""How many cases with an open request are looked at: a county with more of them has other worries than a list."""


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """A request that nobody has decided. row: its case, as ``record_lists.page_by_due`` has it.

    asked: what was said, as the history keeps it. actions: acts by which the reader may decide it now.
    """

    row: Row
    kind: Kind
    request: Request
    asked: Asked
    consequence: Consequence
    actions: tuple[str, ...]

    @property
    def granted_with(self) -> dict[str, str]:
        """The inputs of granting it as it was asked for."""
        return decisions.granted_with(self.kind, self.asked.inputs)


def list_open(
    reading: Reading, by: Actor, *, kind: str | None = None, place: Place | None = None, decidable: bool = False
) -> list[OpenRequest]:
    """Return the open requests in the scope of ``by``, the oldest first.

    kind: a name of ``decisions.KINDS``. place: where the cases lie. decidable: only those that ``by`` may decide.
    """
    statuses = tuple(status.value for status in WITH_HANDLER)
    filters = Filters(statuses=statuses, has_request=True, place=place)
    rows = record_lists.page_by_due(reading, by.scope, filters, after=None, limit=CASES_MOST)
    asked = requests.asked_of(reading, (row["id"] for row in rows))
    todo = todo_column.TodoOfCaller(reading, by)
    found = [each for row in rows for each in _of_case(row, asked, todo) if kind in (None, each.kind.name)]
    wanted = (each for each in found if each.actions or not decidable)
    return sorted(wanted, key=lambda each: (each.request.at, each.row["id"]))


def open_of(reading: Reading, by: Actor, record: str, kind: str) -> OpenRequest | None:
    """Return the open request of one kind on a case in the scope of ``by``; None when there is none, or no more."""
    filters = Filters(statuses=tuple(status.value for status in WITH_HANDLER), has_request=True, q=record)
    rows = record_lists.page_by_due(reading, by.scope, filters, after=None, limit=1)
    asked = requests.asked_of(reading, (row["id"] for row in rows))
    todo = todo_column.TodoOfCaller(reading, by)
    found = (each for row in rows for each in _of_case(row, asked, todo) if each.kind.name == kind)
    return next(islice(found, 1), None)


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
    # Whoever may decline a request may grant it (``data/rights.csv``), and a decline stands only where it is open.
    actions = (kind.grant, kind.decline) if todo.may_take(row, [kind.decline]) else ()
    meant = decisions.consequence(kind, case, row["due_at"], request.until)
    return OpenRequest(row, kind, request, said, meant, actions)
