"""Counts what lies in an area, by type and state: what a change of the grid would touch."""

from __future__ import annotations

from typing import NamedTuple

from server.db.transactions import Reading
from server.grid.domain.areas import Place
from server.grid.domain.scope import Scope
from server.people.store import scopes


class TypeCount(NamedTuple):
    """How many records of a type there are. kind: as of record types; open: of cases, those that are not over."""

    type: str
    kind: str
    total: int
    open: int


def by_type(reading: Reading, scope: Scope, place: Place) -> tuple[TypeCount, ...]:
    """Return how many records of each type ``scope`` shows at ``place`` and below, by type."""
    inside, values = scopes.by_place(scope)
    low, high = place.bounds()
    rows = reading.sql.rows(
        f"""
        SELECT type, kind, COUNT(*) AS total, COUNT(*) FILTER (WHERE kind = 'case' AND closed_at IS NULL) AS open
          FROM record
         WHERE path >= :at_low AND path < :at_high AND {inside}
         GROUP BY type, kind
         ORDER BY type
        """,
        {**values, "at_low": low, "at_high": high},
    )
    return tuple(TypeCount(row["type"], row["kind"], row["total"], row["open"]) for row in rows)
