"""Compose SQL conditions from a Scope, so that no query over county data is written without one."""

from __future__ import annotations

from server import instants
from server.grid.domain.scope import Scope
from server.instants import Instant
from server.people.domain.actors import GRACE

Clause = tuple[str, dict[str, str]]


def by_place(scope: Scope, path: str = "path") -> Clause:
    """Return the condition that a row's ``path`` column lies inside the scope's places, with its parameters."""
    terms: list[str] = []
    values: dict[str, str] = {}
    for number, place in enumerate(scope.places):
        low, high = place.bounds()
        terms.append(f"({path} >= :low{number} AND {path} < :high{number})")
        values |= {f"low{number}": low, f"high{number}": high}
    for number, exact in enumerate(scope.exact_paths):
        terms.append(f"{path} = :exact{number}")
        values[f"exact{number}"] = exact
    return _any(terms), values


def by_place_or_person(scope: Scope, now: Instant) -> Clause:
    """Return the condition that a record is the reader's to see at ``now``.

    It is inside the places, assigned to the reader, written by them, or they had it within the last 30 days.
    """
    return since(scope, instants.later(now, -GRACE))


def since(scope: Scope, had_since: Instant) -> Clause:
    """Return the same condition for whoever had a record after ``had_since``."""
    places, values = by_place(scope)
    terms = [] if places == _NOTHING else [places]
    for number, assignee in enumerate(scope.assignees):
        terms.append(f"assignee = :assignee{number}")
        values[f"assignee{number}"] = assignee
    if scope.person:
        terms.append("author = :person")
        values["person"] = scope.person
    if scope.assignees:
        assignees = ", ".join(f":assignee{number}" for number in range(len(scope.assignees)))
        # A list of ids, found once by its own index, not a condition checked for every row.
        terms.append(f"id IN (SELECT record FROM case_hand WHERE mark IN ({assignees}) AND until > :had_since)")
        values["had_since"] = had_since
    return _any(terms), values


def by_place_or_author(scope: Scope) -> Clause:
    """Return the condition that a submission or problem is inside the places, or from the reader."""
    places, values = by_place(scope)
    terms = [] if places == _NOTHING else [places]
    if scope.person:
        terms.append("author = :person")
        values["person"] = scope.person
    return _any(terms), values


_NOTHING = "1 = 0"
EVERYWHERE: Clause = ("1 = 1", {})
"""The condition that holds for every row, for the server's own work."""


def _any(terms: list[str]) -> str:
    return "(" + " OR ".join(terms) + ")" if terms else _NOTHING
