"""Makes the list of handlers to whom a caller may assign a case, so that a phone can dispatch without a PC."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from server import dated, instants
from server.cases.domain import assignable
from server.db.transactions import Reading
from server.forms.usecases.entity_rules import SERVER_LISTS
from server.grid.domain.areas import Place, code_of, path_of
from server.grid.domain.scope import Scope
from server.grid.store import areas
from server.people.domain import rights, roles
from server.people.domain.actors import Actor
from server.people.domain.people import Body
from server.people.domain.rights import Grant, Mark
from server.people.store import bodies, people
from server.people.store.people import OnDuty

LIST = "handlers"
COLUMNS = SERVER_LISTS[LIST]

_BODIES_MAX = 10_000


class Handler(NamedTuple):
    """One row: ``name`` as an assignee is written, its Chinese label, and the role or kind of body it has."""

    name: str
    label: str
    kind: str


def rows(reading: Reading, by: Actor) -> list[Handler]:
    """Return those to whom ``by`` may assign now, by the row ``case,assign`` of the rights; none for most callers.

    People come first, the caller before all others, then bodies; each is there once, whatever duties they hold.
    People are only those whose role may accept a case.
    """
    takers = frozenset(rights.holders_of("case", "accept", reading.now))
    found: dict[str, tuple[str, Handler]] = {}
    for place, grant in _assign_grants(by):
        around = Scope(places=(place,), exact_paths=_ancestors(place.path))
        on_duty = [
            each
            for each in people.on_duty(reading, around)
            if each.role in takers and assignable.person(grant, place, each.role, path_of(each.area))
        ]
        near = [
            body
            for body in bodies.list_bodies(reading, around, limit=_BODIES_MAX)
            if assignable.body(grant, place, body.kind, path_of(body.area))
        ]
        codes = {*(each.area for each in on_duty), *(body.area for body in near)}
        names = _area_names(reading, codes, place)
        handlers = [*_people(on_duty, names, by), *_bodies(near, names, reading.now)]
        for order, handler in handlers:
            found.setdefault(handler.name, (order, handler))
    return [handler for _, handler in sorted(found.values())]


def tag(reading: Reading, by: Actor) -> tuple[object, ...]:
    """Return what the list depends on: the caller's duties, the last change of any duty, and the configuration."""
    changed = people.last_duty_change(reading)
    return (LIST, by.name, by.current, changed, instants.local_day(reading.now), reading.configuration_version())


def _assign_grants(by: Actor) -> Iterator[tuple[Place, Grant]]:
    """Yield where and within which limits the duties of ``by`` let them assign."""
    for duty in by.current:
        granted = rights.grants(by, "case", "assign", duty.place.path)
        yield from ((duty.place, grant) for grant in granted if grant.mark is not Mark.PROPOSE)


def _people(on_duty: list[OnDuty], names: dict[str, str], by: Actor) -> Iterator[tuple[str, Handler]]:
    for each in on_duty:
        role = roles.label(each.role, by.at)
        order = "0" if each.name == by.name else f"1{path_of(each.area)} {each.name}"
        label = f"{each.display}｜{role}｜{names[each.area]}"
        yield order, Handler(f"user:{each.name}", label, each.role.value)


def _bodies(near: list[Body], names: dict[str, str], at: instants.Instant) -> Iterator[tuple[str, Handler]]:
    kinds = {row["code"]: row["label"] for row in dated.rows_at("body_kinds", at)}
    for body in near:
        label = f"{body.name}｜{kinds.get(body.kind, body.kind)}｜{names[body.area]}"
        yield f"2{path_of(body.area)} {body.code}", Handler(f"body:{body.code}", label, body.kind)


def _area_names(reading: Reading, codes: set[str], place: Place) -> dict[str, str]:
    """Return the name of each area beside a handler: its village, and whose town where the caller has several."""
    villages = {code: code_of("/".join(path_of(code).split("/")[:3])) for code in codes}
    names = areas.full_names(reading, villages.values())
    inside_a_town = "/" in place.path
    visible = {code: name.split(" ", 1)[-1] if inside_a_town else name for code, name in names.items()}
    return {code: visible.get(village, village) for code, village in villages.items()}


def _ancestors(path: str) -> tuple[str, ...]:
    steps = path.split("/")
    return tuple("/".join(steps[:depth]) for depth in range(1, len(steps)))
