"""Ranks who might handle a case, so that an officer need not look for them: a suggestion with its reason, never more.

The column ``lead`` of the hazard items says by whom an item is handled (``domain.md`` section 4.2), by codes of the
list of departments: the premises themselves, the village, property management, or departments. Where nobody of these is
within the officer's reach, those who are nearest come instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from itertools import islice
from typing import NamedTuple

from server.grid.domain.areas import Place, path_of
from server.people.domain.actors import Role

MOST = 3
"""How many are suggested; the list of all stands beside."""

UNIT, VILLAGE, PROPERTY, TOWN, POLICE = "unit", "village", "property", "town", "police"
"""Leads that are found by where they are; every other is a department, found by its name."""

_BODY = "body:"


class Candidate(NamedTuple):
    """Somebody to whom a case may be assigned. mark: as an assignee is written; kind: role, or kind of body."""

    mark: str
    name: str
    kind: str
    area: str

    @property
    def is_body(self) -> bool:
        return self.mark.startswith(_BODY)

    @property
    def path(self) -> str:
        return path_of(self.area)


class Lead(NamedTuple):
    """By whom an item is handled: a code of the list of departments, and its label."""

    code: str
    label: str


class Hazard(NamedTuple):
    """What decides who is suggested. former: marks of those who have or had the case."""

    path: str
    place: str
    item: str
    leads: tuple[Lead, ...]
    former: frozenset[str] = frozenset()


class Why(StrEnum):
    """By what rule somebody is suggested, as a sentence about ``{place}``, ``{item}`` and ``{lead}``."""

    PLACE = "登记的责任主体就是“{place}”"
    LEAD = "按“{item}”的承办规则：{lead}"
    UNIT = "本单元的网格员"
    VILLAGE = "本村的网格长、村干部"


class Suggested(NamedTuple):
    """Somebody who is suggested, and why. lead: the label of the rule that names them, empty where none does."""

    candidate: Candidate
    why: Why
    lead: str = ""


def ranked(hazard: Hazard, candidates: Iterable[Candidate]) -> list[Suggested]:
    """Return up to ``MOST`` of ``candidates`` who might handle a hazard, the likeliest first, each once."""
    able = [each for each in candidates if each.mark not in hazard.former]
    found: dict[str, Suggested] = {}
    for each in _in_order(hazard, able):
        found.setdefault(each.candidate.mark, each)
    return list(islice(found.values(), MOST))


def unreached(hazard: Hazard, suggested: Iterable[Suggested]) -> str:
    """Return who should handle a hazard by the rule while none of them is suggested; empty where somebody is.

    Premises that nobody has entered as a body are beyond nobody's reach: whoever is near sees to it with them.
    """
    if any(each.why in (Why.PLACE, Why.LEAD) for each in suggested):
        return ""
    return "、".join(lead.label for lead in hazard.leads if lead.code != UNIT)


def _in_order(hazard: Hazard, able: list[Candidate]) -> Iterator[Suggested]:
    for lead in hazard.leads:
        fits = _FITS.get(lead.code)
        if lead.code == UNIT:
            yield from (Suggested(each, Why.PLACE) for each in able if _is_premises(hazard, each))
        elif fits is not None:
            yield from (Suggested(each, Why.LEAD, lead.label) for each in able if fits(hazard, each))
        else:
            yield from (Suggested(each, Why.LEAD, lead.label) for each in able if _is_department(lead, each))
    for each in able:
        if each.kind == Role.GRID_WORKER and Place(each.path).holds(hazard.path):
            yield Suggested(each, Why.UNIT)
    for each in able:
        if _looks_after_village(hazard, each):
            yield Suggested(each, Why.VILLAGE)


def _is_premises(hazard: Hazard, each: Candidate) -> bool:
    return each.kind == "premises" and bool(each.name) and each.name == hazard.place and _is_near(hazard, each)


def _is_department(lead: Lead, each: Candidate) -> bool:
    return each.kind == "department" and (lead.label in each.name or each.mark == f"{_BODY}{lead.code}")


def _looks_after_village(hazard: Hazard, each: Candidate) -> bool:
    return each.kind in (Role.GRID_LEADER, Role.VILLAGE_OFFICER) and Place(each.path).holds(hazard.path)


def _is_villages(hazard: Hazard, each: Candidate) -> bool:
    return (each.kind == "village_committee" and _is_near(hazard, each)) or _looks_after_village(hazard, each)


def _is_property(hazard: Hazard, each: Candidate) -> bool:
    return each.kind == "property" and _is_near(hazard, each)


def _is_towns(hazard: Hazard, each: Candidate) -> bool:
    return each.kind == "town" and Place(each.path).holds(hazard.path)


def _is_police(hazard: Hazard, each: Candidate) -> bool:
    return each.kind in ("police_station", Role.POLICE) and Place(each.path).holds(hazard.path)


def _is_near(hazard: Hazard, each: Candidate) -> bool:
    """Say whether somebody is in the village of a hazard."""
    return Place("/".join(hazard.path.split("/")[:3])).holds(each.path)


_FITS: dict[str, Callable[[Hazard, Candidate], bool]] = {
    VILLAGE: _is_villages,
    PROPERTY: _is_property,
    TOWN: _is_towns,
    POLICE: _is_police,
}
