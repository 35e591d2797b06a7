"""Reads when each record of a type was last visited: by a patrol that names it, or by a form filled in about it."""

from __future__ import annotations

from server.db.sql import Row
from server.db.transactions import Reading
from server.grid.domain.areas import Place
from server.grid.domain.scope import Scope
from server.people.store import scopes
from server.summaries.domain.periods import Day

_COLUMNS = "id, type, kind, area, path, author, assignee, label, version, fields"


def records_of(reading: Reading, scope: Scope, type: str, place: Place | None, most: int) -> list[Row]:
    """Return up to ``most`` records of a type inside the places of ``scope``, by area and id.

    place: subtree, None for all. Each row has ``filled_at``: when a form about it came in last, None for never.
    """
    inside, values = scopes.by_place(scope)
    within = ""
    if place is not None:
        within = " AND path >= :place_low AND path < :place_high"
        values["place_low"], values["place_high"] = place.bounds()
    return reading.sql.rows(
        f"""
        SELECT {_COLUMNS},
               (SELECT MAX(received_at) FROM revision WHERE revision.record = record.id AND form IS NOT NULL)
                 AS filled_at
          FROM record
         WHERE type = :type AND {inside}{within}
         ORDER BY path, id
         LIMIT :most
        """,
        {**values, "type": type, "most": most},
    )


def patrolled(reading: Reading, scope: Scope, place: Place | None) -> dict[tuple[str, str], Day]:
    """Return the last day on which a patrol was at each place it names, by the path of its area and the place.

    place: subtree, None for all of the places of ``scope``; the place is named as ``patrols.place_key`` has it.
    """
    inside, values = scopes.by_place(scope)
    within = ""
    if place is not None:
        within = " AND path >= :place_low AND path < :place_high"
        values["place_low"], values["place_high"] = place.bounds()
    rows = reading.sql.tuples(
        f"SELECT path, place, MAX(day) FROM patrol_fact WHERE place <> '' AND {inside}{within} GROUP BY path, place",
        values,
    )
    return {(path, named): int(day) for path, named, day in rows}
