"""The name of each role and the levels of the grid it exists on: the dated table ``data/roles.csv``."""

from __future__ import annotations

from dataclasses import dataclass

from server import dated
from server.errors import Invalid
from server.grid.domain.areas import Level
from server.instants import Instant
from server.people.domain.actors import Role


@dataclass(frozen=True, slots=True)
class Description:
    """A role as of a day (``domain.md`` section 3.1).

    label, label_en: display names. levels: of the areas that a duty in this role may be for.
    acts_for_body: its holder acts for an organisation, so that a duty without one sees little.
    """

    role: Role
    label: str
    label_en: str
    levels: tuple[Level, ...]
    acts_for_body: bool


def list_roles(at: Instant) -> tuple[Description, ...]:
    """Return every role that is in force at ``at``."""
    return tuple(
        Description(
            Role(row["code"]),
            row["label"],
            row["label_en"],
            tuple(Level(level) for level in row["levels"].split()),
            row["acts_for_body"] == "yes",
        )
        for row in dated.rows_at("roles", at)
    )


def get(code: str, at: Instant) -> Description:
    """Return the role of this code. Raises Invalid that lists the codes when there is none at ``at``."""
    known = {described.role.value: described for described in list_roles(at)}
    if code not in known:
        raise Invalid(f"没有“{code}”这个角色；可选：{'、'.join(known)}。", field="role", value=code)
    return known[code]


def label(role: Role, at: Instant) -> str:
    """Return the Chinese name of a role as of ``at``; its code where the table has no name for that day."""
    return next((described.label for described in list_roles(at) if described.role is role), role.value)
