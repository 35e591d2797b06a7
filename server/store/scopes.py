"""Turns a Scope into SQL, so that no query over county data is written without one."""

from __future__ import annotations

from server.domain.actors import Scope

Clause = tuple[str, dict[str, str]]


def by_place(scope: Scope, path: str = "path") -> Clause:
    """Return the condition that a row's ``path`` column lies inside the scope's places, with its parameters."""
    terms: list[str] = []
    values: dict[str, str] = {}
    for number, place in enumerate(scope.places):
        low, high = place.bounds()
        terms.append(f"({path} >= :low{number} AND {path} < :high{number})")
        values |= {f"low{number}": low, f"high{number}": high}
    for number, spot in enumerate(scope.spots):
        terms.append(f"{path} = :spot{number}")
        values[f"spot{number}"] = spot
    return _any(terms), values


def by_place_or_person(scope: Scope) -> Clause:
    """Return the condition that a record is inside the places, assigned to the reader, or written by them."""
    places, values = by_place(scope)
    terms = [] if places == _NOTHING else [places]
    for number, mark in enumerate(scope.assignees):
        terms.append(f"assignee = :mark{number}")
        values[f"mark{number}"] = mark
    if scope.person:
        terms.append("author = :person")
        values["person"] = scope.person
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


def _any(terms: list[str]) -> str:
    return "(" + " OR ".join(terms) + ")" if terms else _NOTHING
