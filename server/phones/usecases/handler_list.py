"""Makes the list of handlers to whom a caller may assign a case, so that a phone can dispatch without a PC."""

from __future__ import annotations

from typing import NamedTuple

from server import dated, instants
from server.cases.domain.suggestion import Candidate
from server.cases.usecases import handlers
from server.db.transactions import Reading
from server.forms.usecases.entity_rules import SERVER_LISTS
from server.grid.domain.areas import Place, code_of, path_of
from server.grid.store import areas
from server.people.domain import roles
from server.people.domain.actors import Actor, Role
from server.people.store import people

LIST = "handlers"
COLUMNS = SERVER_LISTS[LIST]


class Handler(NamedTuple):
    """One row: ``name`` as an assignee is written, its Chinese label, and the role or kind of body it has."""

    name: str
    label: str
    kind: str


def rows(reading: Reading, by: Actor) -> list[Handler]:
    """Return those to whom ``by`` may assign now; none for most callers.

    People come first, the caller before all others, then bodies; each is there once, whatever duties they hold.
    """
    reached = list(handlers.candidates(reading, by))
    places = {place for place, _ in reached}
    names = {place: _area_names(reading, {each.area for at, each in reached if at == place}, place) for place in places}
    kinds = {row["code"]: row["label"] for row in dated.rows_at("body_kinds", reading.now)}
    found: dict[str, tuple[str, Handler]] = {}
    for place, each in reached:
        kind = kinds.get(each.kind, each.kind) if each.is_body else roles.label(Role(each.kind), by.at)
        label = f"{each.name}｜{kind}｜{names[place][each.area]}"
        found.setdefault(each.mark, (_order(each, by), Handler(each.mark, label, each.kind)))
    return [handler for _, handler in sorted(found.values())]


def tag(reading: Reading, by: Actor) -> tuple[object, ...]:
    """Return what the list depends on: the caller's duties, the last change of any duty, and the configuration."""
    changed = people.last_duty_change(reading)
    return (LIST, by.name, by.current, changed, instants.local_day(reading.now), reading.configuration_version())


def _order(each: Candidate, by: Actor) -> str:
    _, _, name = each.mark.partition(":")
    if each.is_body:
        return f"2{path_of(each.area)} {name}"
    return "0" if name == by.name else f"1{path_of(each.area)} {name}"


def _area_names(reading: Reading, codes: set[str], place: Place) -> dict[str, str]:
    """Return the name of each area beside a handler: its village, and whose town where the caller has several."""
    villages = {code: code_of("/".join(path_of(code).split("/")[:3])) for code in codes}
    names = areas.full_names(reading, villages.values())
    inside_a_town = "/" in place.path
    visible = {code: name.split(" ", 1)[-1] if inside_a_town else name for code, name in names.items()}
    return {code: visible.get(village, village) for code, village in villages.items()}
