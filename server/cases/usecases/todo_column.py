"""Says what a phone's owner may do with each case now, so that forms filter and decide nothing (``todo``)."""

from __future__ import annotations

from collections.abc import Hashable

from server.cases.domain import workflow
from server.cases.usecases import authorization
from server.db.sql import Row
from server.db.transactions import Reading
from server.forms.domain.record_types import Kind
from server.people.domain.actors import Actor, Role
from server.people.store import people
from server.records.domain.case import Case
from server.records.domain.records import Record
from server.records.domain.status import ENDED
from server.records.store import case_json

OFFERED = {
    "accept": ("accept",),
    "feedback": ("feedback",),
    "ask_return": ("ask_return",),
    "ask_extension": ("ask_extension",),
    "check": ("close", "rework"),
    "site_check": ("site_check",),
    "register": ("register",),
    "reject": ("reject",),
    "merge": ("merge",),
    "assign": ("assign",),
    "withdraw": ("withdraw",),
    "note": ("note",),
}
"""Words of ``todo`` in their order, each with the actions that it stands for; whoever may take one may do the word."""

BY_HAND = frozenset({"note"})
"""Words offered only to those who reported the case or have it: everyone else has other work to look at."""


def actions(reading: Reading, record: Record, by: Actor) -> tuple[str, ...]:
    """Return every action that ``by`` may take on a case now, as far as person and status decide."""
    vacant = _vacant(reading, by)
    return tuple(
        action
        for action in workflow.ACTIONS
        if action not in workflow.BY_SERVER and authorization.allowed(reading, record, action, by, vacant)
    )


class TodoOfCaller:
    """Tells the ``todo`` of one caller's rows; what decides it is the same for many rows, and asked once.

    vacant: paths of the villages in which the caller stands in for an officer, None to find them.
    """

    def __init__(self, reading: Reading, by: Actor, vacant: frozenset[str] | None = None) -> None:
        self._reading = reading
        self._by = by
        self._vacant = _vacant(reading, by) if vacant is None else vacant
        self._known: dict[Hashable, str] = {}

    def todo(self, row: Row) -> str:
        """Return the words for one row of ``phone_rows``; empty when there is nothing to do, as for closed cases."""
        if row["status"] in ENDED:
            return ""
        case = case_json.from_text(row["case_state"])
        deciding = self._deciding(row, case)
        if deciding not in self._known:
            self._known[deciding] = self._told(_record(row, case))
        return self._known[deciding]

    def _deciding(self, row: Row, case: Case | None) -> Hashable:
        """Return all that the answer depends on, as far as it differs from row to row."""
        marks = self._by.scope.assignees
        had = frozenset(each for each in case.assignments if each.mark in marks) if case is not None else frozenset()
        return (
            row["status"],
            row["path"],
            row["author"] == self._by.name,
            row["assignee"],
            had,
            case is not None and self._by.name in case.processed_by,
            case is not None and case.major,
        )

    def _told(self, record: Record) -> str:
        mine = record.author == self._by.name or (
            record.case is not None and not set(record.case.marks).isdisjoint(self._by.scope.assignees)
        )
        return " ".join(
            word
            for word, actions in OFFERED.items()
            if (mine or word not in BY_HAND)
            and any(authorization.allowed(self._reading, record, action, self._by, self._vacant) for action in actions)
        )


def _vacant(reading: Reading, by: Actor) -> frozenset[str]:
    """Return the villages without an officer in which ``by`` stands in for one."""
    towns = (duty.place for duty in by.current if duty.role is Role.TOWN_STATION)
    return frozenset(path for town in towns for path in people.vacant_villages(reading, town))


def _record(row: Row, case: Case | None) -> Record:
    """Return as much of a record as the rules about persons ask for."""
    return Record(
        id=row["id"],
        type=row["type"],
        kind=Kind.CASE,
        area=row["area"],
        path=row["path"],
        label=row["label"],
        version=row["version"],
        seq=0,
        born_seq=0,
        author=row["author"],
        fields={},
        registers="",
        created_at="",
        updated_at="",
        status=row["status"],
        stage=row["stage"],
        assignee=row["assignee"],
        due_at=row["due_at"],
        closed_at=row["closed_at"],
        case=case,
    )
