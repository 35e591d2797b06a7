"""Reads what handlers asked for and what was decided about it, from the history of cases."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import orjson

from server.cases.domain import decisions
from server.cases.domain.decisions import Asked, Decided
from server.db.sql import Row
from server.db.transactions import Reading
from server.grid.domain.scope import Scope
from server.people.store import scopes
from server.people.store.display_names import batches
from server.records.store import columns
from server.records.store.columns import Projection

_CASE = columns.select(Projection.API | Projection.CSV, "born_seq")
_STANDS = "verdict IN ('applied', 'merged', 'late')"


def _listed(actions: Iterable[str]) -> str:
    return ", ".join(f"'{action}'" for action in sorted(actions))


# Written out, by OR and in this order: the index of decisions holds these rows alone (migration 0055).
DECIDING = "(" + " OR ".join(f"action = '{action}'" for action in sorted(decisions.DECIDING)) + ")"
_TOLD = f"action IN ({_listed({*decisions.DECIDING, *decisions.ASKING})})"


class DecidedFilter(NamedTuple):
    """What a list of decisions is narrowed to. actions: of these; author: by this person; bounds: paths of cases."""

    actions: frozenset[str] = decisions.DECIDING
    author: str | None = None
    bounds: tuple[str, str] | None = None


def asked_of(reading: Reading, records: Iterable[str]) -> dict[tuple[str, str], Asked]:
    """Return the newest request of each kind, by record and action; the caller has found the records in a scope."""
    return {(each.record, each.action): each for each in _history(reading, records) if isinstance(each, Asked)}


def list_decided(
    reading: Reading, scope: Scope, wanted: DecidedFilter, *, before: int | None, limit: int
) -> list[Decided]:
    """Return up to ``limit`` decisions about cases inside ``scope``, newest first, each with what had been asked for.

    before: seq of the last one of the page before, None for the first page.
    """
    inside, values = scopes.by_place_or_person(scope, reading.now)
    terms = [DECIDING, _STANDS, f"record IN (SELECT id FROM record WHERE record.id = revision.record AND {inside})"]
    terms.append(f"action IN ({_listed(wanted.actions)})")
    numbers: dict[str, int] = {"limit": limit}
    if wanted.author is not None:
        terms.append("author = :decided_by")
        values["decided_by"] = wanted.author
    if wanted.bounds is not None:
        terms.append(
            "record IN (SELECT id FROM record WHERE record.id = revision.record"
            " AND path >= :from_path AND path < :to_path)"
        )
        values |= {"from_path": wanted.bounds[0], "to_path": wanted.bounds[1]}
    if before is not None:
        terms.append("seq < :before")
        numbers["before"] = before
    sql = f"SELECT record, seq FROM revision WHERE {' AND '.join(terms)} ORDER BY seq DESC LIMIT :limit"
    found = [(str(record), int(seq)) for record, seq in reading.sql.tuples(sql, {**values, **numbers})]
    told = decisions.with_requests(_history(reading, (record for record, _ in found)))
    return [told[seq] for _, seq in found]


def cases(reading: Reading, ids: Iterable[str]) -> dict[str, Row]:
    """Return the rows of cases, as lists have them, by id; the caller has found them inside a scope."""
    found: dict[str, Row] = {}
    for listed, values in batches(ids):
        found |= {
            row["id"]: row for row in reading.sql.each(f"SELECT {_CASE} FROM record WHERE id IN ({listed})", values)
        }
    return found


def _history(reading: Reading, records: Iterable[str]) -> list[Asked | Decided]:
    """Return requests and decisions of these cases, those of each in their order."""
    found: list[Asked | Decided] = []
    for listed, values in batches(records):
        rows = reading.sql.tuples(
            f"""
            SELECT record, version, seq, action, author, received_at, received, diff
              FROM revision
             WHERE record IN ({listed}) AND {_TOLD} AND {_STANDS}
             ORDER BY record, version
            """,
            values,
        )
        found += (_told(*row) for row in rows)
    return found


def _told(
    record: str, version: int, seq: int, action: str, author: str, at: str, received: str, diff: str
) -> Asked | Decided:
    inputs = {name: write[1] for name, write in orjson.loads(received).items() if write[1]}
    if action in decisions.ASKING:
        return Asked(record, action, author, at, inputs)
    due = orjson.loads(diff).get("due_at", (None, None))
    return Decided(record, seq, action, author, at, inputs, (due[0], due[1]), None)
