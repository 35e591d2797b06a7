"""Judges whether an author may act on a record: now, lately, or not at all (``sync.md`` section 4)."""

from __future__ import annotations

from enum import StrEnum

from server.domain.actors import Actor, Scope
from server.domain.areas import narrowest
from server.domain.records import Record


class Standing(StrEnum):
    """When an author's duty, assignment or authorship covered a record."""

    NOW = "now"
    RECENT = "recent"
    NONE = "none"


def toward(actor: Actor, record: Record) -> Standing:
    """Return the standing of ``actor`` toward an existing record."""
    if record.author == actor.name or _reaches(actor.scope, record):
        return Standing.NOW
    return Standing.RECENT if _reaches(actor.recent_scope(), record) else Standing.NONE


def toward_area(actor: Actor, path: str) -> Standing:
    """Return the standing of ``actor`` toward a record that is to be created at ``path``."""
    if actor.scope.covers(path):
        return Standing.NOW
    return Standing.RECENT if actor.recent_scope().covers(path) else Standing.NONE


def home(actor: Actor) -> str | None:
    """Return the path where an actor's work belongs when they did not say: their one area, or what holds all.

    Duties in force count first, then those of the last 30 days, then any they ever had (``design.md`` section 5).
    """
    if actor.current:
        return narrowest([duty.place.path for duty in actor.current])
    recent = [place.path for place in actor.recent_scope().places]
    return narrowest(recent or [duty.place.path for duty in actor.duties])


def _reaches(scope: Scope, record: Record) -> bool:
    return scope.covers(record.path) or record.assignee in scope.assignees
