"""Remembers when each bucket of rows last changed, so that an unchanged list costs no query over rows."""

from __future__ import annotations

from collections.abc import Iterable

from server.domain.actors import Scope
from server.domain.records import Record
from server.store.database import Reading, Transaction


def of(record: Record) -> set[str]:
    """Return the names of the buckets that hold ``record``: its area, its author, everyone who has or had it."""
    names = {f"area:{record.path}", f"person:{record.author}"}
    marks = [record.assignee] if record.assignee is not None else []
    marks += [each.mark for each in record.case.given] if record.case is not None else []
    for mark in marks:
        names.add(f"person:{mark.removeprefix('user:')}" if mark.startswith("user:") else mark)
    return names


def raise_all(tx: Transaction, type: str, names: Iterable[str], seq: int) -> None:
    """Mark ``names`` as changed at ``seq``: the buckets that a record is in, and those it has left."""
    for name in names:
        tx.raise_bucket(type, name, seq)


def newest(reading: Reading, type: str, scope: Scope) -> int:
    """Return the seq of the newest revision in any bucket that ``scope`` entitles to; 0 when there is none."""
    terms: list[str] = []
    values: dict[str, str] = {"type": type}
    for number, place in enumerate(scope.places):
        low, high = place.bounds()
        terms.append(f"(name >= :low{number} AND name < :high{number})")
        values |= {f"low{number}": f"area:{low}", f"high{number}": f"area:{high}"}
    exact = [f"area:{spot}" for spot in scope.spots]
    exact += [f"person:{scope.person}"] if scope.person else []
    exact += [f"body:{code}" for code in scope.bodies]
    for number, name in enumerate(exact):
        terms.append(f"name = :exact{number}")
        values[f"exact{number}"] = name
    if not terms:
        return 0
    return int(
        reading.sql.value(
            f"SELECT COALESCE(MAX(seq), 0) FROM bucket WHERE type = :type AND ({' OR '.join(terms)})", values
        )
    )
