"""Finds the villages where nobody is village officer, whose town stands in, and when that may become otherwise."""

from __future__ import annotations

from server.db.transactions import Reading
from server.grid.domain.areas import Place
from server.instants import Instant
from server.people.domain.actors import Role


def vacant_villages(reading: Reading, place: Place) -> frozenset[str]:
    """Return the paths of villages in force inside ``place`` where nobody is village officer now."""
    low, high = place.bounds()
    rows = reading.sql.each(
        """
        SELECT path
          FROM area
         WHERE level = 'village' AND path >= :low AND path < :high AND valid_from <= :now AND valid_to > :now
           AND NOT EXISTS (SELECT 1 FROM duty
                            WHERE duty.area = area.code AND duty.role = :officer
                              AND duty.starts_at <= :now AND duty.ends_at > :now)
        """,
        {"low": low, "high": high, "now": reading.now, "officer": Role.VILLAGE_OFFICER.value},
    )
    return frozenset(row["path"] for row in rows)


def vacancies_change_at(reading: Reading, place: Place) -> list[Instant]:
    """Return the instants, in order, at which ``vacant_villages`` of ``place`` may become another."""
    low, high = place.bounds()
    rows = reading.sql.tuples(
        """
        SELECT valid_from FROM area WHERE level = 'village' AND path >= :low AND path < :high
         UNION
        SELECT valid_to FROM area WHERE level = 'village' AND path >= :low AND path < :high
         UNION
        SELECT duty.starts_at FROM duty JOIN area ON area.code = duty.area
         WHERE duty.role = :officer AND area.path >= :low AND area.path < :high
         UNION
        SELECT duty.ends_at FROM duty JOIN area ON area.code = duty.area
         WHERE duty.role = :officer AND area.path >= :low AND area.path < :high
        """,
        {"low": low, "high": high, "officer": Role.VILLAGE_OFFICER.value},
    )
    return sorted(at for (at,) in rows)
