"""Finds records for lists and exports: newest first, page by page, always inside a scope."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from server.domain.actors import Scope
from server.domain.areas import Place
from server.domain.instants import Instant
from server.domain.record_types import Kind
from server.store import scopes
from server.store.database import Reading
from server.store.sql import Row

_COLUMNS = (
    "id", "type", "kind", "area", "label", "version", "born_seq", "status", "stage", "case_no", "assignee", "author",
    "due_at", "closed_at", "flags", "fields", "created_at", "updated_at",
)  # fmt: skip
_VILLAGE_DEPTH = 2
"""Slashes in the path of a village: what is no larger is found by its path and sorted, a few thousand rows at most."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is narrowed to; None leaves a filter out.

    place: subtree. assignee: ``user:<name>`` or ``body:<code>``. overdue: whether an open case is past its due
    instant. conflict: whether fields have heads that differ. q: part of the label, in either case of ASCII letters,
    or a whole case number or record id.
    """

    type: str | None = None
    place: Place | None = None
    status: str | None = None
    stage: str | None = None
    assignee: str | None = None
    overdue: bool | None = None
    conflict: bool | None = None
    q: str | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A record as lists show it, without its registers. fields_json: the fields as they are stored, as JSON text."""

    id: str
    type: str
    kind: Kind
    area: str
    label: str
    version: int
    born_seq: int
    status: str | None
    stage: str | None
    case_no: str | None
    assignee: str | None
    author: str
    due_at: Instant | None
    closed_at: Instant | None
    conflicts: tuple[str, ...]
    flags: tuple[str, ...]
    fields_json: str
    created_at: Instant
    updated_at: Instant

    @property
    def fields(self) -> orjson.Fragment:
        """Return the fields for orjson to put in as they are: reading them first would cost as much again."""
        return orjson.Fragment(self.fields_json)


def page(reading: Reading, scope: Scope, wanted: Wanted, *, before: int | None, limit: int) -> list[Listed]:
    """Return up to ``limit`` records inside ``scope``, newest first.

    before: ``born_seq`` of the last record of the page before, None for the first page. A record keeps its
    ``born_seq`` for ever, so that paging shows each one once, whatever is written meanwhile.
    """
    return [_listed(row) for row in _rows(reading, scope, wanted, before, limit)]


def _rows(reading: Reading, scope: Scope, wanted: Wanted, before: int | None, limit: int) -> Iterator[Row]:
    terms, values = _conditions(reading, scope, wanted)
    if before is not None:
        terms.append("born_seq < :before")
        values["before"] = before
    return reading.sql.each(
        f"""
        SELECT {", ".join(_COLUMNS)}
          FROM record
         WHERE {" AND ".join(terms)}
         ORDER BY born_seq DESC
         LIMIT :limit
        """,
        {**values, "limit": limit},
    )


def _conditions(reading: Reading, scope: Scope, wanted: Wanted) -> tuple[list[str], dict[str, Any]]:
    inside, values = scopes.by_place_or_person(scope)
    narrow_filter = wanted.place is not None and _is_narrow(wanted.place)
    narrow_scope = not narrow_filter and all(_is_narrow(place) for place in scope.places)
    terms = [inside if narrow_scope else _checked_row_by_row(inside)]
    found: dict[str, Any] = dict(values)
    if wanted.place is not None:
        low, high = wanted.place.bounds()
        among = "path >= :area_low AND path < :area_high"
        terms.append(among if narrow_filter else _checked_row_by_row(among))
        found |= {"area_low": low, "area_high": high}
    for column in ("type", "status", "stage", "assignee"):
        value = getattr(wanted, column)
        if value is not None:
            terms.append(f"{column} = :filter_{column}")
            found[f"filter_{column}"] = value
    for term, more in (_overdue(wanted.overdue, reading.now), _conflict(wanted.conflict), _search(wanted.q)):
        if term:
            terms.append(term)
            found |= more
    return terms, found


def _is_narrow(place: Place) -> bool:
    return place.path.count("/") >= _VILLAGE_DEPTH


def _checked_row_by_row(condition: str) -> str:
    """Keep the planner from collecting and sorting a town's or county's rows where it can walk the newest ones."""
    return f"({condition}) IS TRUE"


def _overdue(asked: bool | None, now: Instant) -> tuple[str, dict[str, Any]]:
    if asked is None:
        return "", {}
    if asked:
        return "due_at < :now AND closed_at IS NULL", {"now": now}
    return "(due_at IS NULL OR due_at >= :now OR closed_at IS NOT NULL)", {"now": now}


def _conflict(asked: bool | None) -> tuple[str, dict[str, Any]]:
    if asked is None:
        return "", {}
    return ("conflicted = 1" if asked else "conflicted = 0"), {}


def _search(text: str | None) -> tuple[str, dict[str, Any]]:
    if text is None:
        return "", {}
    if _is_uuid(text):
        return "id = :q", {"q": text.lower()}
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    # LOWER on both sides, because LIKE minds the case on some engines and not on others.
    return "(LOWER(label) LIKE LOWER(:part) ESCAPE '\\' OR case_no = :q)", {"part": f"%{escaped}%", "q": text}


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


def _listed(row: Row) -> Listed:
    conflicts, *flags = row.pop("flags").split("|")  # names of conflicting fields first, as records.py writes them
    return Listed(
        kind=Kind(row.pop("kind")),
        fields_json=row.pop("fields"),
        conflicts=tuple(conflicts.split()),
        flags=tuple(flags),
        **row,
    )
