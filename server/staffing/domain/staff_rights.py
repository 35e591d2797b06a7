"""Who may give and end which duty: the row ``staff``/``edit`` of the matrix, narrowed by what the duty is.

The county's administrator fills every role. A town fills the roles that ``data/roles.csv`` marks ``by_town``, in its
own villages and units, and no other (``domain.md`` section 3.2, ADR 0042): the limit ``village_roles`` says so.
"""

from __future__ import annotations

from collections.abc import Iterable

from server.errors import NotAllowed
from server.grid.domain.areas import Place
from server.people.domain import rights, roles
from server.people.domain.actors import Actor, Duty, Role
from server.people.domain.rights import Mark

SUBJECT, ACTION = "staff", "edit"
VILLAGE_ROLES = "village_roles"
_VILLAGE_SLASHES = 2
"""In the path of a village: county/town/village."""


def may_fill(actor: Actor, role: Role, path: str) -> bool:
    """Return whether ``actor`` may give and end duties in ``role`` at ``path``."""
    by_town = {described.role for described in roles.list_roles(actor.at) if described.by_town}
    is_of_village = path.count("/") >= _VILLAGE_SLASHES and role in by_town
    return any(
        grant.mark is Mark.DECIDE and (is_of_village or VILLAGE_ROLES not in grant.limits)
        for grant in rights.grants(actor, SUBJECT, ACTION, path)
    )


def require(actor: Actor, role: Role, path: str) -> None:
    """Do nothing when ``may_fill`` says yes. Raises NotAllowed that says what a town may fill."""
    if may_fill(actor, role, path):
        return
    rights.require(actor, SUBJECT, ACTION, path)
    names = "、".join(described.label for described in fillable(actor))
    raise NotAllowed(
        f"乡镇只能任免本乡镇村和单元的岗位（{names}）；其他岗位请找县级管理员办理。",
        object=SUBJECT,
        action=ACTION,
        may=[Role.COUNTY_ADMIN.value],
    )


def require_all(actor: Actor, duties: Iterable[Duty]) -> None:
    """Do nothing when ``actor`` may fill every one of ``duties``; of people who hold none, nobody may. NotAllowed."""
    held = tuple(duties)
    if not held:
        rights.require(actor, SUBJECT, ACTION, "")
    for duty in held:
        require(actor, duty.role, duty.place.path)


def fillable(actor: Actor) -> tuple[roles.Description, ...]:
    """Return the roles that ``actor`` may fill somewhere, in the order of the table."""
    grants = rights.grants_anywhere(actor, SUBJECT, ACTION)
    decides = [grant for grant in grants if grant.mark is Mark.DECIDE]
    any_role = any(VILLAGE_ROLES not in grant.limits for grant in decides)
    return tuple(each for each in roles.list_roles(actor.at) if decides and (any_role or each.by_town))


def places(actor: Actor) -> tuple[Place, ...]:
    """Return the areas in which ``actor`` fills duties; empty for who fills none."""
    return rights.scope_for(actor, SUBJECT, ACTION).places
