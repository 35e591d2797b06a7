"""Read the cases that were taken over from an earlier year (上年结转), to know each of them again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import orjson

from server.db.transactions import Reading
from server.grid.domain.areas import code_of


def each(reading: Reading) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield area and fields of every case that was taken over and is not void: for an import, never for an answer."""
    rows = reading.sql.tuples(
        """
        SELECT record.path, record.fields FROM record
         WHERE record.id IN (SELECT id FROM case_fact WHERE carried = 1) AND record.status <> 'void'
        """
    )
    return ((code_of(path), orjson.loads(fields)) for path, fields in rows)
