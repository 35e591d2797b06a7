"""Computes what a caller may do with each case now (``todo``), so that forms filter by it and decide nothing."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from operator import attrgetter, itemgetter
from typing import Any

from server.cases.domain import workflow
from server.cases.domain.circumstances import may_be_reviewed
from server.cases.usecases import authorization
from server.db.sql import Row
from server.db.transactions import Reading
from server.forms.domain.record_types import Kind
from server.people.domain.actors import Actor, Role
from server.people.store import vacancies
from server.records.domain.case import Case
from server.records.domain.records import Record
from server.records.domain.status import ENDED
from server.records.store import case_json, columns
from server.records.store.columns import Projection

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


_READS = frozenset({"record.author", "case.assignments"}).union(
    *(authorization.reads_of(action) for actions in OFFERED.values() for action in actions)
)
"""All of a record that decides its ``todo``: what rules read of it, and what ``_words`` reads."""

_AS_CALLER_SEES: Mapping[str, Callable[[Actor, Any], Hashable]] = {
    "record.author": lambda by, author: author == by.name,
    "case.processed_by": lambda by, processed_by: frozenset(
        each for each in processed_by if each == by.name or each in by.scope.assignees
    ),
    "case.dispatchers": lambda by, dispatchers: by.name in dispatchers,
    "case.assignments": lambda by, assignments: frozenset(
        each for each in assignments if each.mark in by.scope.assignees
    ),
}
"""What the rules make of names in a record: they ask no more than whether the caller is among them."""


class TodoOfCaller:
    """The ``todo`` of one caller's rows. Rows that are alike in all that decides it are judged once.

    vacant: paths of the villages in which the caller stands in for an officer, None to find them.
    """

    def __init__(self, reading: Reading, by: Actor, vacant: frozenset[str] | None = None) -> None:
        self._reading = reading
        self._by = by
        self._vacant_given = vacant
        self._judged: dict[Hashable, str] = {}
        self._offered: dict[tuple[str, Hashable], bool] = {}
        self._taken: dict[Hashable, bool] = {}

    @property
    def reading(self) -> Reading:
        """The reading in which rows are judged."""
        return self._reading

    @cached_property
    def _vacant(self) -> frozenset[str]:
        # Found when the first row is judged: an idle pull has none.
        return _vacant(self._reading, self._by) if self._vacant_given is None else self._vacant_given

    def todo(self, row: Row) -> str:
        """Return the words for one row (``columns.select(TODO)``); empty when there is nothing to do."""
        if row["status"] in ENDED:
            return ""
        case = case_json.from_text(row["case_state"])
        deciding = self._deciding(row, case)
        if deciding not in self._judged:
            self._judged[deciding] = self._words(_record(row, case))
        return self._judged[deciding]

    def offers(self, row: Row, word: str) -> bool:
        """Say whether ``todo`` of one row has this word: cheaper than all of them."""
        if row["status"] in ENDED:
            return False
        case = case_json.from_text(row["case_state"])
        key = (word, self._deciding(row, case))
        if key not in self._offered:
            self._offered[key] = self._has(word, _record(row, case))
        return self._offered[key]

    def may_take(self, row: Row, wanted: Iterable[str]) -> bool:
        """Say whether the caller may take any of these actions on one row (``columns.select(TODO)``) now."""
        acts, case = frozenset(wanted), case_json.from_text(row["case_state"])
        key = (acts, self._deciding(row, case), *self._deciding_further(acts, row, case))
        if key not in self._taken:
            record = _record(row, case)
            self._taken[key] = any(
                authorization.allowed(self._reading, record, each, self._by, self._vacant) for each in acts
            )
        return self._taken[key]

    def obstacle(self, row: Row, action: str, inputs: Mapping[str, str]) -> str:
        """Return why the caller could not take an action with these inputs on one row now; empty where they could."""
        record = _record(row, case_json.from_text(row["case_state"]))
        return authorization.obstacle(self._reading, record, action, inputs, self._by, self._vacant)

    def _deciding(self, row: Row, case: Case | None) -> Hashable:
        """Return all that the answer depends on, as far as it differs from row to row."""
        by = self._by
        return (
            _row_values(row),
            None if case is None else _case_values(case),
            *(seen(by, row[name]) for name, seen in _SEEN_OF_ROW),
            *(seen(by, getattr(case, name)) for name, seen in _SEEN_OF_CASE if case is not None),
        )

    def _deciding_further(self, acts: frozenset[str], row: Row, case: Case | None) -> Iterator[Hashable]:
        """Yield what else decides whether one of ``acts`` may be taken: of a day of review, whether it has come."""
        for each in _further_reads(acts):
            source, _, name = each.partition(".")
            value = row[name] if source == "record" else getattr(case, name, None)
            yield may_be_reviewed(value, self._reading.now) if name == "review_due_at" else value

    def _words(self, record: Record) -> str:
        return " ".join(word for word in OFFERED if self._has(word, record))

    def _has(self, word: str, record: Record) -> bool:
        mine = record.author == self._by.name or (
            record.case is not None and not set(record.case.marks).isdisjoint(self._by.scope.assignees)
        )
        return (mine or word not in BY_HAND) and any(
            authorization.allowed(self._reading, record, action, self._by, self._vacant) for action in OFFERED[word]
        )


@lru_cache
def _further_reads(acts: frozenset[str]) -> tuple[str, ...]:
    """Return what the rules read of a record to judge ``acts`` besides what they read for a word of ``todo``."""
    return tuple(sorted(frozenset[str]().union(*map(authorization.reads_of, acts)) - _READS))


def _read(source: str) -> list[str]:
    """Return the names under ``source`` whose values decide as they are."""
    names = sorted(name for name in _READS - set(_AS_CALLER_SEES) if name.startswith(source))
    return [name.removeprefix(source) for name in names]


def _seen(source: str) -> list[tuple[str, Callable[[Actor, Any], Hashable]]]:
    found = sorted(name for name in _READS & set(_AS_CALLER_SEES) if name.startswith(source))
    return [(name.removeprefix(source), _AS_CALLER_SEES[name]) for name in found]


_row_values, _case_values = itemgetter(*_read("record.")), attrgetter(*_read("case."))
_SEEN_OF_ROW, _SEEN_OF_CASE = _seen("record."), _seen("case.")


def _vacant(reading: Reading, by: Actor) -> frozenset[str]:
    """Return the villages without an officer in which ``by`` stands in for one."""
    towns = (duty.place for duty in by.current if duty.role is Role.TOWN_STATION)
    return frozenset(path for town in towns for path in vacancies.vacant_villages(reading, town))


_TODO = tuple(name for name in columns.select(Projection.TODO).split(", ") if name != "case_state")
_UNREAD: Row = {"kind": Kind.CASE, "seq": 0, "born_seq": 0, "fields": {}, "registers": ""} | dict.fromkeys(
    ("created_at", "updated_at"), ""
)


def _record(row: Row, case: Case | None) -> Record:
    """Return as much of a record as the rules read."""
    return Record(**(_UNREAD | {name: row[name] for name in _TODO}), case=case)
