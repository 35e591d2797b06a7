"""Store how many premises each patrol inspected, and read those of a period, now or as of an instant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from server.db.sql import Row, Sql, inserting
from server.db.transactions import Reading
from server.instants import Instant
from server.records.domain.records import Record
from server.summaries.domain import patrols, periods
from server.summaries.domain.patrols import Patrol
from server.summaries.domain.periods import Period
from server.summaries.store.counted_cases import Condition

COLUMNS = ("id", "received_at", "path", "place", "premises")
_KEEP = (
    f"{inserting('patrol_fact', (*COLUMNS, 'day'))} "
    "ON CONFLICT (id) DO UPDATE SET place = excluded.place, premises = excluded.premises"
)
_FIELDS = (patrols.PREMISES, patrols.PLACE)


def keep(sql: Sql, before: Record | None, after: Record) -> None:
    """Keep what a patrol tells now; before: the record as it was, None for a new one."""
    if before is not None and all(before.fields.get(name) == after.fields.get(name) for name in _FIELDS):
        return
    sql.put(_KEEP, row_of(of_fields(after.id, after.created_at, after.path, after.fields)))


def of_fields(id: str, received_at: Instant, path: str, fields: Mapping[str, str]) -> Patrol:
    """Return the patrol that a record's fields tell."""
    return Patrol(id, received_at, path, patrols.place_key(fields), patrols.premises_in(fields))


def row_of(patrol: Patrol) -> Row:
    """Return the row that stores a patrol."""
    return {**patrol._asdict(), "day": periods.day_number(patrol.received_at)}


def premises(reading: Reading, inside: Condition, period: Period, as_of: Instant) -> int:
    """Return how many premises the patrols of a period inspected, each once, as they told by an instant."""
    if as_of < reading.now:
        return sum(patrol.premises for patrol in counted(reading, inside, period, as_of))
    of_period = f"FROM patrol_fact WHERE day BETWEEN :first AND :last{inside.sql}"
    total: int = reading.sql.value(
        f"""
        SELECT COALESCE(SUM(premises), 0)
          FROM (SELECT MAX(premises) AS premises {of_period} AND place <> '' GROUP BY path, place
                 UNION ALL
                SELECT premises {of_period} AND place = '') AS each_once
        """,
        _values(inside, period),
    )
    return total


def counted(reading: Reading, inside: Condition, period: Period, as_of: Instant) -> list[Patrol]:
    """Return the patrols that count in a period, as they told by an instant; see ``patrols.counted``."""
    values = {**_values(inside, period), "as_of": as_of}
    rows = reading.sql.tuples(
        f"""
        SELECT {", ".join(COLUMNS)} FROM patrol_fact
         WHERE day BETWEEN :first AND :last AND received_at <= :as_of AND id NOT IN ({CHANGED}){inside.sql}
        """,
        values,
    )
    changed = _changed_since(reading, inside, values) if as_of < reading.now else ()
    return patrols.counted([*map(Patrol._make, rows), *changed])


CHANGED = "SELECT id FROM record WHERE type = 'patrols' AND updated_at > :as_of"
"""The patrols that have changed since an instant. Their type is written out, as their index has it."""


def _changed_since(reading: Reading, inside: Condition, values: dict[str, Any]) -> Iterable[Patrol]:
    """Yield the patrols received by an instant that have changed since, as they told then."""
    rows = reading.sql.rows(
        f"""
        SELECT id, received_at, path FROM patrol_fact
         WHERE id IN ({CHANGED}) AND day BETWEEN :first AND :last AND received_at <= :as_of{inside.sql}
        """,
        values,
    )
    for row in rows:
        yield of_fields(row["id"], row["received_at"], row["path"], _told(reading, row["id"], values["as_of"]))


def _told(reading: Reading, record: str, as_of: Instant) -> dict[str, str]:
    """Return what a patrol told at an instant of its premises and its place."""
    sql = "SELECT diff FROM revision WHERE record = :record AND received_at <= :as_of ORDER BY version"
    told: dict[str, str] = {}
    for (diff,) in reading.sql.tuples(sql, {"record": record, "as_of": as_of}):
        changed = orjson.loads(diff)
        told |= {name: changed[name][1] or "" for name in _FIELDS if name in changed}
    return told


def _values(inside: Condition, period: Period) -> dict[str, Any]:
    return {"first": periods.number(period.first), "last": periods.number(period.last), **inside.values}
