"""The rights of roles: the dated matrix ``data/rights.csv`` (``domain.md`` section 3.2), read for one actor.

A row is an action on an object, a column a role. A cell is empty (no) or a mark and limits: ``R`` reads,
``C`` creates facts, ``D`` decides, ``P`` may only propose. The limits (``handler``, ``not_handler``, ``own``,
``local``, …) depend on the record and are guarded by the workflow; area and role are judged here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from server import dated
from server.errors import NotAllowed
from server.grid.domain.scope import Scope
from server.instants import Instant
from server.people.domain import roles
from server.people.domain.actors import Actor, Duty, Role, scope_of


class Mark(StrEnum):
    """What a cell of the matrix grants."""

    READ = "R"
    CREATE = "C"
    DECIDE = "D"
    PROPOSE = "P"


@dataclass(frozen=True, slots=True)
class Grant:
    """A right that an actor has through one duty. limits: words that narrow it, judged by the workflow."""

    role: Role
    mark: Mark
    limits: frozenset[str] = frozenset()


NOWHERE: Set[str] = frozenset()


def allows(actor: Actor, subject: str, action: str, area_path: str, *, vacant: Set[str] = NOWHERE) -> bool:
    """Return whether a duty in force lets ``actor`` do this at ``area_path``; limits are left to the workflow.

    subject, action: a row of the matrix. vacant: paths of villages without an officer now, where the town may do
    what the village officer may (``design.md`` section 5). Raises LookupError for a row that does not exist.
    """
    return any(grant.mark is not Mark.PROPOSE for grant in grants(actor, subject, action, area_path, vacant=vacant))


def require(actor: Actor, subject: str, action: str, area_path: str, *, vacant: Set[str] = NOWHERE) -> None:
    """Do nothing when ``allows`` says yes; otherwise raise NotAllowed that names the action and who may do it."""
    if not allows(actor, subject, action, area_path, vacant=vacant):
        raise refusal(actor, subject, action)


def refusal(actor: Actor, subject: str, action: str) -> NotAllowed:
    """Return the refusal to somebody without this right, which names the action and who may do it.

    subject, action: a row of the matrix. Raises LookupError for a row that does not exist.
    """
    holders = holders_of(subject, action, actor.at)
    names = "、".join(roles.label(role, actor.at) for role in holders)
    return NotAllowed(
        f"您的岗位不能在这里“{_row(subject, action, actor.at)['label']}”；可以办理的有：{names}。",
        object=subject,
        action=action,
        may=[role.value for role in holders],
    )


def grants(actor: Actor, subject: str, action: str, area_path: str, *, vacant: Set[str] = NOWHERE) -> tuple[Grant, ...]:
    """Return every right that the actor's duties in force give at ``area_path``, proposals included."""
    row = _row(subject, action, actor.at)
    found = [
        grant
        for duty in actor.current
        if duty.covers(area_path)
        for role in _roles_of(duty, area_path, vacant)
        if (grant := _grant(role, row[role.value]))
    ]
    return tuple(dict.fromkeys(found))


def scope_for(actor: Actor, subject: str, action: str, *more: tuple[str, str]) -> Scope:
    """Return the part of the actor's scope in which their duties give the right to ``action`` on ``subject``.

    subject, action: a row of the matrix; a duty that may only propose gives nothing. more: further rows, as subject and
    action; a duty counts only where it gives every one of these rights.
    """
    granting = tuple(
        duty
        for duty in actor.current
        if all(
            allows(Actor(actor.name, actor.display, actor.at, (duty,)), *row, duty.place.path)
            for row in ((subject, action), *more)
        )
    )
    return scope_of(actor.name, granting)


def grants_anywhere(actor: Actor, subject: str, action: str) -> tuple[Grant, ...]:
    """Return the rights of the actor's duties wherever they lie: a case that one has or reported may lie elsewhere."""
    row = _row(subject, action, actor.at)
    found = (_grant(duty.role, row[duty.role.value]) for duty in actor.current)
    return tuple(dict.fromkeys(grant for grant in found if grant))


def require_anywhere(actor: Actor, rows: Sequence[tuple[str, str]]) -> None:
    """Do nothing when a duty in force gives one of these rights somewhere; otherwise raise NotAllowed.

    rows: rows of the matrix, as subject and action; the first is the one that the refusal names. A duty that may only
    propose gives nothing; in a village without an officer the town may do what that officer may (``allows``).
    """
    held = {duty.role for duty in actor.current}
    if Role.TOWN_STATION in held:
        held.add(Role.VILLAGE_OFFICER)
    if not any(_held_by(held, _row(*row, actor.at)) for row in rows):
        raise refusal(actor, *rows[0])


def holders_of(subject: str, action: str, at: Instant) -> tuple[Role, ...]:
    """Return the roles that may do this at all, without those that may only propose it."""
    return _held_by(Role, _row(subject, action, at))


def limits_of(subject: str, action: str) -> frozenset[str]:
    """Return every limit that narrows this right for some role on some day."""
    rows = (row for row in dated.table("rights") if (row["object"], row["action"]) == (subject, action))
    found = (_grant(role, row[role.value]) for row in rows for role in Role)
    return frozenset(limit for grant in found if grant for limit in grant.limits)


def _held_by(some: Iterable[Role], row: dated.Row) -> tuple[Role, ...]:
    """Return those of some roles that a row lets do more than propose."""
    found = ((role, _grant(role, row[role.value])) for role in some)
    return tuple(role for role, grant in found if grant and grant.mark is not Mark.PROPOSE)


def _row(subject: str, action: str, at: Instant) -> dated.Row:
    for row in dated.rows_at("rights", at):
        if (row["object"], row["action"]) == (subject, action):
            return row
    raise LookupError(f"no row {subject}/{action} in the rights in force at {at}")


def _roles_of(duty: Duty, area_path: str, vacant: Set[str]) -> tuple[Role, ...]:
    """Return the roles that a duty counts as at a place: the town stands in for a missing village officer."""
    village = "/".join(area_path.split("/")[:3])
    if duty.role is Role.TOWN_STATION and village in vacant:
        return duty.role, Role.VILLAGE_OFFICER
    return (duty.role,)


@cache
def _grant(role: Role, cell: str) -> Grant | None:
    if not cell:
        return None
    mark, *limits = cell.split()
    return Grant(role, Mark(mark), frozenset(limits))
