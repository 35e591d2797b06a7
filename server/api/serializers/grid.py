"""Turns areas of the grid into JSON objects, and paths into area codes."""

from __future__ import annotations

from server.api.responses import Json
from server.grid.domain.areas import Area, code_of
from server.instants import BEGINNING, FOREVER, Instant


def area(found: Area, at: Instant) -> Json:
    """Return a node of the grid, and whether it is in force at ``at``."""
    return {
        "code": found.code,
        "name": found.name,
        "level": found.level.value,
        "parent": found.parent,
        "path": found.path,
        "valid_from": start(found.valid_from),
        "valid_to": end(found.valid_to),
        "successor": found.successor,
        "in_force": found.in_force(at),
    }


def area_at(path: str) -> str | None:
    """Return the code of the area at ``path``; what a person without any duty sent belongs nowhere."""
    return code_of(path) if path else None


def start(instant: Instant) -> Instant | None:
    """Return when something begins to hold, None when it always has."""
    return None if instant == BEGINNING else instant


def end(instant: Instant) -> Instant | None:
    """Return when something ends, None when it stays."""
    return None if instant == FOREVER else instant
