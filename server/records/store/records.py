"""Stores the current version of records, in the same transaction as the revision that made it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from operator import itemgetter
from typing import Any, NamedTuple

import orjson

from server.db.sql import InsertInto, Row
from server.db.transactions import Reading, Transaction
from server.errors import NotFound
from server.forms.domain.record_types import Kind
from server.grid.domain.areas import Place
from server.grid.domain.scope import Scope
from server.instants import FOREVER, Instant
from server.people.store import scopes
from server.records.domain.records import Record
from server.records.domain.status import WITH_HANDLER
from server.records.store import case_json, columns
from server.records.store.columns import Written

_INSERT_CASE = InsertInto("record", *columns.NAMES)
# SQLite fills in the columns of a case by themselves; to bind a NULL for each of them takes a tenth of the statement.
_PLAIN = tuple(column.name for column in columns.COLUMNS if column.written is not Written.CASE)
_INSERT, _plain = InsertInto("record", *_PLAIN), columns.values(_PLAIN)
_case = columns.values(columns.NAMES)


def _updating(*written: Written) -> str:
    terms = ", ".join(f"{column.name} = :{column.name}" for column in columns.COLUMNS if column.written in written)
    return f"UPDATE record SET {terms} WHERE id = :id AND version = :version - 1"


_UPDATE_CASE = _updating(Written.ALWAYS, Written.CASE)
# SQLite looks at every index of a column that is written, whether its value changes or not.
_UPDATE = _updating(Written.ALWAYS)
_SELECT = f"SELECT {', '.join(columns.NAMES)} FROM record"
_SELECT_ONE = f"{_SELECT} WHERE id = :id"


def add(tx: Transaction, record: Record) -> None:
    """Keep a record that is new."""
    if record.kind is Kind.CASE:
        tx.sql.insert(_INSERT_CASE, _case(record))
    else:
        tx.sql.insert(_INSERT, _plain(record))


def replace(tx: Transaction, record: Record) -> None:
    """Keep a record that has moved on by exactly one version. Raises RuntimeError if it has not."""
    if tx.sql.run(_UPDATE if record.case is None else _UPDATE_CASE, _row(record)) != 1:
        raise RuntimeError(f"record {record.id} is not at version {record.version - 1}")


def find_for_writing(tx: Transaction, id: str) -> Record | None:
    """Return the record ``id`` wherever it lies: judging who may write needs the record first."""
    found = next(tx.sql.tuples(_SELECT_ONE, {"id": id}), None)
    return None if found is None else from_row(dict(zip(columns.NAMES, found, strict=True)))


def merged_into(tx: Transaction, id: str) -> list[Record]:
    """Return the cases that were merged into the case ``id``, oldest first."""
    rows = tx.sql.rows(f"{_SELECT} WHERE merged_into = :id ORDER BY born_seq", {"id": id})
    return [from_row(row) for row in rows]


def count_inside(reading: Reading, places: Iterable[Place]) -> int:
    """Return how many records lie inside ``places``, each counted once."""
    total = 0
    for place in places:
        low, high = place.bounds()
        total += int(
            reading.sql.value(
                "SELECT COUNT(*) FROM record WHERE path >= :low AND path < :high", {"low": low, "high": high}
            )
        )
    return total


class Brief(NamedTuple):
    """As much of a case as tells whether it is like another. fields: as JSON."""

    id: str
    created_at: Instant
    fields: str


_UNITS = f"""
    WITH RECURSIVE unit (unit_path) AS (
      SELECT MIN(path) FROM record WHERE kind = '{Kind.CASE.value}' AND path >= :near_low AND path < :near_high
       UNION ALL
      SELECT (SELECT MIN(path) FROM record
               WHERE kind = '{Kind.CASE.value}' AND path > unit_path AND path < :near_high)
        FROM unit WHERE unit_path IS NOT NULL)
"""
"""The paths of cases in a place, by hops from one to the next: of each, an index has those that are open or ended of
late (migration 0060). A CROSS JOIN keeps SQLite from walking all records in the order of the list instead."""

_OF_UNIT = f"""
    SELECT id, created_at, fields, born_seq FROM unit CROSS JOIN record
     WHERE path = unit_path AND kind = '{Kind.CASE.value}' AND (type = :type) IS TRUE
"""


def open_cases_near(
    reading: Reading, scope: Scope, type: str, place: Place, between: tuple[Instant, Instant]
) -> list[Brief]:
    """Return open cases of ``type`` inside ``place`` in ``scope``, reported between two instants, oldest first."""
    inside, values = scopes.by_place_or_person(scope, reading.now)
    low, high = place.bounds()
    since, until = between
    rows = reading.sql.tuples(
        f"""
        {_UNITS}
        {_OF_UNIT} AND closed_at IS NULL AND created_at >= :since AND created_at <= :until AND ({inside}) IS TRUE
         ORDER BY born_seq
        """,
        {**values, "near_low": low, "near_high": high, "type": type, "since": since, "until": until},
    )
    return [Brief(*row[:3]) for row in rows]


def cases_in(reading: Reading, scope: Scope, type: str, place: Place, since: Instant) -> list[Brief]:
    """Return cases of ``type`` inside ``place`` in ``scope`` that are open, or ended after ``since``; newest first."""
    inside, values = scopes.by_place_or_person(scope, reading.now)
    low, high = place.bounds()
    rows = reading.sql.tuples(
        f"""
        {_UNITS}
        {_OF_UNIT} AND closed_at IS NULL AND ({inside}) IS TRUE
         UNION ALL
        {_OF_UNIT} AND closed_at >= :since AND ({inside}) IS TRUE
         ORDER BY born_seq DESC
        """,
        {**values, "near_low": low, "near_high": high, "type": type, "since": since},
    )
    return [Brief(*row[:3]) for row in rows]


def open_of(reading: Reading, mark: str, scope: Scope | None = None) -> list[Record]:
    """Return every open case whose assignee is ``mark`` (``user:<name>`` or ``body:<code>``), oldest first.

    scope: of whoever asks, None for the server's own sake.
    """
    inside, values = scopes.EVERYWHERE if scope is None else scopes.by_place_or_person(scope, reading.now)
    sql = f"{_SELECT} WHERE assignee = :held_by AND closed_at IS NULL AND {inside} ORDER BY born_seq"
    return [from_row(row) for row in reading.sql.rows(sql, {"held_by": mark, **values})]


def count_in_hand(reading: Reading, scope: Scope, marks: Iterable[str]) -> dict[str, int]:
    """Return how many cases inside ``scope`` each of ``marks`` is to work on now; who has none is missing.

    marks: ``user:<name>`` and ``body:<code>``, a few of them.
    """
    wanted = {f"mark{number}": mark for number, mark in enumerate(marks)}
    if not wanted:
        return {}
    inside, values = scopes.by_place_or_person(scope, reading.now)
    statuses = {f"status{number}": status.value for number, status in enumerate(sorted(WITH_HANDLER))}
    rows = reading.sql.tuples(
        f"""
        SELECT assignee, COUNT(*)
          FROM record
         WHERE assignee IN ({", ".join(f":{name}" for name in wanted)}) AND closed_at IS NULL
           AND status IN ({", ".join(f":{name}" for name in statuses)}) AND (({inside}) IS TRUE)
         GROUP BY assignee
        """,
        {**values, **wanted, **statuses},
    )
    return {str(mark): int(count) for mark, count in rows}


def helped_by(reading: Reading, mark: str, scope: Scope) -> list[Record]:
    """Return every open case that ``mark`` has a part in without leading it (协办), oldest first.

    scope: of whoever asks.
    """
    inside, values = scopes.by_place_or_person(scope, reading.now)
    rows = reading.sql.rows(
        f"""
        {_SELECT} WHERE closed_at IS NULL AND COALESCE(assignee, '') <> :helper AND {inside}
           AND id IN (SELECT record FROM case_hand WHERE mark = :helper AND until = :always)
         ORDER BY born_seq
        """,
        {"helper": mark, "always": FOREVER, **values},
    )
    return [from_row(row) for row in rows]


def plan_over(reading: Reading) -> list[str]:
    """Return the ids of suspended cases whose plan should be done by now, oldest first."""
    sql = "SELECT id FROM record WHERE status = 'suspended' AND due_at <= :now ORDER BY born_seq"
    return [id for (id,) in reading.sql.tuples(sql, {"now": reading.now})]


def case_number(reading: Reading, id: str) -> str | None:
    """Return the number of a case wherever it lies, None for none: for the server's own commands."""
    found: str | None = reading.sql.value("SELECT case_no FROM record WHERE id = :id", {"id": id})
    return found


def exists(tx: Transaction, id: str) -> bool:
    """Say whether there is a record ``id`` anywhere."""
    return tx.sql.value("SELECT 1 FROM record WHERE id = :id", {"id": id}) is not None


def get(reading: Reading, id: str, scope: Scope) -> Record:
    """Return the record ``id`` inside ``scope``. Raises NotFound when there is none there."""
    inside, values = scopes.by_place_or_person(scope, reading.now)
    row = reading.sql.find(f"{_SELECT} WHERE id = :id AND {inside}", {"id": id, **values})
    if row is None:
        raise NotFound("没有这条记录，或它不在您的管辖范围内。", record=id)
    return from_row(row)


def label_of(reading: Reading, id: str, scope: Scope) -> str | None:
    """Return what the record ``id`` is called, None when there is none inside ``scope``."""
    inside, values = scopes.by_place_or_person(scope, reading.now)
    sql = f"SELECT label FROM record WHERE id = :id AND {inside}"
    found: str | None = reading.sql.value(sql, {"id": id, **values})
    return found


_ATTRIBUTES = {field.name for field in fields(Record)} - {"kind"}
_SAME = tuple(each.name for each in columns.COLUMNS if each.of is None and each.name in _ATTRIBUTES)
_same = itemgetter(*_SAME)


def from_row(row: Row) -> Record:
    """Return the record that a full row of the table holds."""
    same: dict[str, Any] = dict(zip(_SAME, _same(row), strict=True))
    return Record(
        **same,
        kind=Kind(row["kind"]),
        fields=orjson.loads(row["fields"]),
        conflicts=tuple(columns.conflicts(row["flags"])),
        flags=tuple(columns.flags(row["flags"])),
        case=case_json.from_text(row["case_state"]),
        placed=row["placed"] == 1,
    )


_row = columns.storing(columns.NAMES)
