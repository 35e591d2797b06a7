"""The relation of an author to a record: responsible now, within the last 30 days, or not (``sync.md`` section 4)."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from server import instants
from server.grid.domain.areas import common_ancestor
from server.grid.domain.scope import Scope
from server.instants import BEGINNING, Instant
from server.people.domain.actors import GRACE, Actor, Duty, scope_of
from server.records.domain.records import Record


class Relation(StrEnum):
    """When an author's duty, assignment or authorship covered a record.

    ONCE: more than 30 days ago, or by a duty that is still to begin. NONE: never, so that they do not know it.
    """

    NOW = "now"
    RECENT = "recent"
    ONCE = "once"
    NONE = "none"


def to_record(actor: Actor, record: Record) -> Relation:
    """Return the relation of ``actor`` to an existing record."""
    if record.author == actor.name or _reaches(actor.scope, record, actor.at):
        return Relation.NOW
    if _reaches(actor.recent_scope(), record, instants.later(actor.at, -GRACE)):
        return Relation.RECENT
    return Relation.ONCE if _reaches(scope_of(actor.name, actor.duties), record, BEGINNING) else Relation.NONE


def to_area(actor: Actor, path: str) -> Relation:
    """Return the relation of ``actor`` to a record that is to be created at ``path``."""
    if any(duty.covers(path) for duty in actor.current):
        return Relation.NOW
    return Relation.RECENT if any(duty.covers(path) for duty in actor.with_recent_duties().current) else Relation.NONE


def home_path(actor: Actor) -> str | None:
    """Return the path where an actor's work belongs when they did not say: their one area, or what holds all.

    Duties in force count first, then those of the last 30 days, then any they ever had (``design.md`` section 5).
    """
    if actor.current:
        return common_ancestor([duty.place.path for duty in actor.current])
    recent = [place.path for place in actor.recent_scope().places]
    return common_ancestor(recent or [duty.place.path for duty in actor.duties])


def handles(scope: Scope, record: Record, since: Instant) -> bool:
    """Say whether someone with ``scope`` has the case, or had it at ``since`` or later."""
    if record.case is None:
        return record.assignee in scope.assignees
    return not record.case.had_since(since).isdisjoint(scope.assignees)


def has_lost_case(duties: Collection[Duty], path: str, since: Instant, now: Instant) -> bool:
    """Say whether a person can no longer look after a case at ``path`` that they were given at ``since``.

    No duty in force covers the place, and one has ended since then or none is in force at all. Who was given work
    beyond their places keeps it for as long as their duties last.
    """
    held = [duty for duty in duties if duty.holds_at(now)]
    ended = any(since < duty.ends_at <= now and duty.starts_at < duty.ends_at for duty in duties)
    return (ended or not held) and not any(duty.covers(path) for duty in held)


def _reaches(scope: Scope, record: Record, since: Instant) -> bool:
    return scope.covers(record.path) or handles(scope, record, since)
