"""Inserts plain rows many at a time: those that works of one commit put wait for the next statement of another kind.

A statement costs a send and a wake-up of PostgreSQL whatever it carries. No table that is filled by an ``InsertInto``
has a key to another table (a test looks), so it does no harm that the rows of one table go before those of another.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import psycopg
from psycopg.types.numeric import FloatDumper, Int8Dumper
from psycopg.types.string import BytesBinaryDumper, StrDumperUnknown

from server.db.sql import InsertInto

ROWS_MAX = 32
"""How many rows wait at most: PostgreSQL inserts them while the next works are carried out."""

_SIZES = (16, 8, 4, 2, 1)
"""How many rows one statement carries: each number is a prepared statement of its own."""

_TEXTS_MAX = 256


class WaitingRows:
    """Rows that were put and not sent yet."""

    __slots__ = ("_count", "_rows")

    def __init__(self) -> None:
        self._rows: dict[str, list[tuple[Any, ...]]] = {}
        self._count = 0

    def add(self, statement: InsertInto, values: tuple[Any, ...]) -> bool:
        """Let a row wait; return whether as many wait now as may."""
        self._rows.setdefault(statement.text, []).append(values)
        self._count += 1
        return self._count >= ROWS_MAX

    def taken(self) -> Iterator[tuple[bytes, tuple[Any, ...]]]:
        """Yield the statements that insert all that waits, each with its values; nothing waits then."""
        waiting, self._rows, self._count = self._rows, {}, 0
        for text, rows in waiting.items():
            at = 0
            for size in _SIZES:
                while len(rows) - at >= size:
                    yield inserting_rows(text, size), tuple(value for row in rows[at : at + size] for value in row)
                    at += size

    def clear(self) -> None:
        """Forget what waits: it is undone with its transaction."""
        self._rows, self._count = {}, 0


@lru_cache(_TEXTS_MAX)
def inserting_rows(text: str, rows: int) -> bytes:
    """Return the statement that inserts ``rows`` rows by one. text: of an InsertInto."""
    head, _, marks = text.partition(" VALUES ")
    width = marks.count("?")
    numbers = [[f"${row * width + column + 1}" for column in range(width)] for row in range(rows)]
    return f"{head} VALUES {', '.join('(' + ', '.join(each) + ')' for each in numbers)}".encode()


def inserting_cursor(connection: psycopg.Connection[tuple[Any, ...]]) -> psycopg.RawCursor[tuple[Any, ...]]:
    """Return a cursor that leaves the types of values to the columns that they go into.

    Otherwise a NULL would have another type than a text, and each set of types make a prepared statement of its own.
    """
    cursor = psycopg.RawCursor(connection)
    for type, dumper in ((str, StrDumperUnknown), (bytes, _Bytes), (int, _Int), (bool, _Bool), (float, _Float)):
        cursor.adapters.register_dumper(type, dumper)
    return cursor


class _Int(Int8Dumper):
    oid = 0


class _Bool(_Int):
    def dump(self, obj: Any) -> Any:
        return super().dump(int(obj))


class _Float(FloatDumper):
    oid = 0


class _Bytes(BytesBinaryDumper):
    oid = 0
