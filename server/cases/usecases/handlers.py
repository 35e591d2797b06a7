"""Finds to whom somebody may assign a case: people on duty and bodies around, as far as their right reaches."""

from __future__ import annotations

from collections.abc import Iterator

from server.cases.domain import assignable
from server.cases.domain.suggestion import Candidate
from server.db.transactions import Reading
from server.grid.domain.areas import Place, path_of
from server.grid.domain.scope import Scope
from server.people.domain import rights
from server.people.domain.actors import Actor
from server.people.domain.rights import Grant, Mark
from server.people.store import bodies, people

_BODIES_MAX = 10_000


def candidates(reading: Reading, by: Actor) -> Iterator[tuple[Place, Candidate]]:
    """Yield those to whom ``by`` may assign now, by the row ``case,assign`` of the rights; none for most callers.

    Each comes with the place of the duty that reaches them; who is reached twice comes twice. People are only those
    whose role may accept a case.
    """
    takers = frozenset(rights.holders_of("case", "accept", reading.now))
    for place, grant in _assign_grants(by):
        around = Scope(places=(place,), exact_paths=_ancestors(place.path))
        for each in people.on_duty(reading, around):
            if each.role in takers and assignable.person(grant, place, each.role, path_of(each.area)):
                yield place, Candidate(f"user:{each.name}", each.display, each.role.value, each.area)
        for body in bodies.list_bodies(reading, around, limit=_BODIES_MAX):
            if assignable.body(grant, place, body.kind, path_of(body.area)):
                yield place, Candidate(f"body:{body.code}", body.name, body.kind, body.area)


def _assign_grants(by: Actor) -> Iterator[tuple[Place, Grant]]:
    """Yield where and within which limits the duties of ``by`` let them assign."""
    for duty in by.current:
        granted = rights.grants(by, "case", "assign", duty.place.path)
        yield from ((duty.place, grant) for grant in granted if grant.mark is not Mark.PROPOSE)


def _ancestors(path: str) -> tuple[str, ...]:
    steps = path.split("/")
    return tuple("/".join(steps[:depth]) for depth in range(1, len(steps)))
