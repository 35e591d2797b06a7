"""The name of each role and the levels of the grid it exists on: the dated table ``data/roles.csv``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from server import dated, instants
from server.errors import Invalid
from server.grid.domain.areas import Level
from server.instants import Instant
from server.people.domain.actors import Role


class DecisionLevel(StrEnum):
    """The levels at which requests are decided, the lowest first; whoever decides nothing asks from the lowest."""

    UNIT = "unit"
    VILLAGE = "village"
    TOWN = "town"
    BRIGADE = "brigade"
    COUNTY = "county"

    @property
    def rank(self) -> int:
        """How high the level lies, 0 for the lowest."""
        return tuple(DecisionLevel).index(self)


@dataclass(frozen=True, slots=True)
class Description:
    """A role as of a day (``domain.md`` section 3.1).

    label, label_en: display names. levels: of the areas that a duty in this role may be for.
    acts_for_body: its holder acts for an organisation, so that a duty without one sees little.
    by_town: a town may fill it inside of itself, for villages and their units (section 3.2, ADR 0042).
    decides_at: the level at which its holder decides what the level below asks for (ADR 0054).
    """

    role: Role
    label: str
    label_en: str
    levels: tuple[Level, ...]
    acts_for_body: bool
    by_town: bool
    decides_at: DecisionLevel = DecisionLevel.UNIT


def list_roles(at: Instant) -> tuple[Description, ...]:
    """Return every role that is in force at ``at``."""
    return _on(instants.local_day(at))


@cache
def _on(day: str) -> tuple[Description, ...]:
    """Return the roles of a Beijing day: what each case says of its acts names many."""
    return tuple(
        Description(
            Role(row["code"]),
            row["label"],
            row["label_en"],
            tuple(Level(level) for level in row["levels"].split()),
            row["acts_for_body"] == "yes",
            row["by_town"] == "yes",
            DecisionLevel(row["decides_at"] or DecisionLevel.UNIT),
        )
        for row in dated.rows_on("roles", day)
    )


def get(code: str, at: Instant) -> Description:
    """Return the role of this code. Raises Invalid that lists the codes when there is none at ``at``."""
    known = {described.role.value: described for described in list_roles(at)}
    if code not in known:
        raise Invalid(f"没有“{code}”这个角色；可选：{'、'.join(known)}。", field="role", value=code)
    return known[code]


def find(word: str, at: Instant) -> Description | None:
    """Return the role that people mean by ``word``: its code, its label, or a part of it between slashes.

    ``村干部`` and ``社区干部`` are ``村/社区干部``; None for what names no role at ``at``.
    """
    said = "".join(word.split())
    for described in list_roles(at):
        if said in (described.role.value, described.label, described.label_en, *_parts(described.label)):
            return described
    return None


def _parts(label: str) -> tuple[str, ...]:
    """Return the shorter names in a label with a slash: of 村/社区干部, both kinds of 干部."""
    first, slash, second = label.partition("/")
    if not slash:
        return ()
    return (f"{first}{second[-2:]}", second) if len(first) == 1 else (first, second)


def label(role: Role, at: Instant) -> str:
    """Return the Chinese name of a role as of ``at``; its code where the table has no name for that day."""
    return next((described.label for described in list_roles(at) if described.role is role), role.value)


def level(held: Iterable[Role], at: Instant) -> DecisionLevel:
    """Return the highest level at which any of these roles decides; the lowest for none of them.

    Standing in for a vacant post raises nobody: the roles are those of one's own duties.
    """
    known = {described.role: described.decides_at for described in list_roles(at)}
    return max((known.get(role, DecisionLevel.UNIT) for role in held), key=_rank, default=DecisionLevel.UNIT)


def _rank(level: DecisionLevel) -> int:
    return level.rank
