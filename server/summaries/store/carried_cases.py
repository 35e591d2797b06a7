"""Read the cases that were taken over from an earlier year (上年结转), to know each of them again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import orjson

from server.db.transactions import Reading
from server.grid.domain.areas import code_of
from server.grid.domain.scope import Scope
from server.people.store import scopes
from server.people.store.display_names import batches


def each(reading: Reading) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield area and fields of every case that was taken over, for an import and never for an answer.

    What was taken back with its import is left out. What was made void by a decision is not: no list undoes that.
    """
    rows = reading.sql.tuples(
        """
        SELECT record.path, record.fields FROM record
         WHERE record.id IN (SELECT id FROM case_fact WHERE carried = 1)
           AND NOT EXISTS (SELECT 1 FROM revision WHERE revision.record = record.id AND revision.action = 'take_back')
        """
    )
    return ((code_of(path), orjson.loads(fields)) for path, fields in rows)


def numbers_here(reading: Reading, numbers: Iterable[str], scope: Scope) -> frozenset[str]:
    """Return those of some case numbers that cases inside ``scope`` have, whatever became of these."""
    inside, values = scopes.by_place(scope)
    found: set[str] = set()
    for listed, wanted in batches(numbers):
        rows = reading.sql.tuples(
            f"SELECT case_no FROM record WHERE {inside} AND case_no IN ({listed})", {**values, **wanted}
        )
        found |= {number for (number,) in rows}
    return frozenset(found)
