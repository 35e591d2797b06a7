"""Reads the rows that one caller's phone may hold, for its entity lists and their integrity answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from server.db.sql import Row
from server.db.transactions import Reading
from server.forms.domain.record_types import Kind, RecordType
from server.grid.domain.scope import Scope
from server.instants import BEGINNING, Instant
from server.people.store import scopes
from server.records.store import columns
from server.records.store.columns import Projection

_ENTITY = ("id", "label", "list_label", "version", "fields")
_SELECT = f"SELECT {columns.select(Projection.PHONE | Projection.TODO, *_ENTITY)} FROM record"

Condition = tuple[str, dict[str, str]]


def each(reading: Reading, type: RecordType, scope: Scope, *, closed_after: Instant) -> Iterator[Row]:
    """Yield the rows of ``type`` that ``scope`` entitles a phone to, newest first.

    closed_after: cases closed or given on before this instant are left out (they stay 30 days in the lists).
    """
    inside, values = _entitled(reading, type, scope, closed_after)
    return reading.sql.stream(f"{_SELECT} WHERE {inside} ORDER BY born_seq DESC", values)


def ids_within(reading: Reading, type: RecordType, scope: Scope, ids: Sequence[str]) -> set[str]:
    """Return which of ``ids`` are records of ``type`` inside ``scope``, closed ones and those once handled too."""
    inside, values = scopes.since(scope, BEGINNING)
    return _among(reading, (f"type = :type AND {inside}", {**values, "type": type.name}), ids)


def entitled_ids(
    reading: Reading, type: RecordType, scope: Scope, ids: Sequence[str], *, closed_after: Instant
) -> set[str]:
    """Return which of ``ids`` the phone may hold."""
    return _among(reading, _entitled(reading, type, scope, closed_after), ids)


def all_ids(reading: Reading, type: RecordType, scope: Scope, *, closed_after: Instant) -> list[str]:
    """Return the id of every row that the phone may hold."""
    inside, values = _entitled(reading, type, scope, closed_after)
    return [row["id"] for row in reading.sql.each(f"SELECT id FROM record WHERE {inside} ORDER BY born_seq", values)]


def _entitled(reading: Reading, type: RecordType, scope: Scope, closed_after: Instant) -> Condition:
    # Both ends of 30 days come at midnight, so that a list never changes under a tag that names the day.
    inside, values = scopes.since(scope, closed_after)
    terms = f"type = :type AND {inside}"
    values = {**values, "type": type.name}
    if type.kind is Kind.CASE:
        terms += " AND (closed_at IS NULL OR closed_at >= :closed_after)"
        values["closed_after"] = closed_after
    return terms, values


_CHUNK = 500


def _among(reading: Reading, condition: Condition, ids: Sequence[str]) -> set[str]:
    # In chunks, because engines bound the number of parameters of one statement.
    found: set[str] = set()
    for start in range(0, len(ids), _CHUNK):
        chunk = {f"id{number}": id for number, id in enumerate(ids[start : start + _CHUNK])}
        listed = ", ".join(f":{name}" for name in chunk)
        rows = reading.sql.each(
            f"SELECT id FROM record WHERE id IN ({listed}) AND {condition[0]}", {**condition[1], **chunk}
        )
        found |= {row["id"] for row in rows}
    return found
