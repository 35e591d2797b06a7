"""Stores when each bucket of rows last changed, so that an unchanged list costs no query over rows."""

from __future__ import annotations

from collections.abc import Iterable

from server.db.transactions import Reading, Transaction
from server.grid.domain.scope import Scope
from server.records.domain.records import Record


def of(record: Record) -> set[str]:
    """Return the names of the buckets that hold ``record``: its area, its author, everyone who has or had it."""
    names = {f"area:{record.path}", f"person:{record.author}"}
    marks = [record.assignee] if record.assignee is not None else []
    marks += [each.mark for each in record.case.assignments] if record.case is not None else []
    return names | {of_mark(mark) for mark in marks}


def of_mark(mark: str) -> str:
    """Return the bucket of an assignee mark: ``user:<name>`` is the person's, ``body:<code>`` its own."""
    return f"person:{mark.removeprefix('user:')}" if mark.startswith("user:") else mark


def raise_all(tx: Transaction, type: str, names: Iterable[str], seq: int) -> None:
    """Mark ``names`` as changed at ``seq``: the buckets that a record is in, and those it has left."""
    for name in names:
        tx.raise_bucket(type, name, seq)


def newest_of_each(reading: Reading, scope: Scope) -> dict[str, int]:
    """Return the seq of the newest revision of any type in each bucket that ``scope`` entitles to, by bucket."""
    inside, values = _entitled(scope)
    rows = reading.sql.each(f"SELECT name, MAX(seq) AS seq FROM bucket WHERE {inside} GROUP BY name", values)
    return {row["name"]: row["seq"] for row in rows}


def newest_of_all(reading: Reading, scope: Scope) -> int:
    """Return the seq of the newest revision in all of them; 0 when there is none. An idle pull asks no more."""
    terms, values = _terms(scope)
    # One search of the index for each: joined by OR, SQLite would walk every bucket of the county.
    each = " UNION ALL ".join(f"SELECT MAX(seq) AS seq FROM bucket WHERE {term}" for term in terms)
    return int(reading.sql.value(f"SELECT COALESCE(MAX(seq), 0) FROM ({each}) AS found", values))


def newest(reading: Reading, type: str, scope: Scope) -> int:
    """Return the seq of the newest revision in any bucket that ``scope`` entitles to; 0 when there is none."""
    inside, values = _entitled(scope)
    return int(
        reading.sql.value(
            f"SELECT COALESCE(MAX(seq), 0) FROM bucket WHERE type = :type AND {inside}", {**values, "type": type}
        )
    )


def _entitled(scope: Scope) -> tuple[str, dict[str, str]]:
    """Return the condition that a bucket is one that ``scope`` entitles to, and its parameters."""
    terms, values = _terms(scope)
    return f"({' OR '.join(terms)})", values


def _terms(scope: Scope) -> tuple[list[str], dict[str, str]]:
    """Return conditions one of which a bucket meets that ``scope`` entitles to, and their parameters."""
    terms = ["1 = 0"]
    values: dict[str, str] = {}
    for number, place in enumerate(scope.places):
        low, high = place.bounds()
        terms.append(f"(name >= :low{number} AND name < :high{number})")
        values |= {f"low{number}": f"area:{low}", f"high{number}": f"area:{high}"}
    exact = [f"area:{path}" for path in scope.exact_paths]
    exact += [f"person:{scope.person}"] if scope.person else []
    exact += [f"body:{code}" for code in scope.bodies]
    for number, name in enumerate(exact):
        terms.append(f"name = :exact{number}")
        values[f"exact{number}"] = name
    return terms, values
