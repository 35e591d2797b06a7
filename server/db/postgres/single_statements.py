"""Carries out single statements that read, each on a connection of the pool and on the newest state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import psycopg

from server.db.postgres.failures import PostgresError, raised, refusal_of
from server.db.postgres.prefetched import Prefetched
from server.db.postgres.rows import WaitingRows
from server.db.postgres.statements import PgConnection, PostgresSql
from server.db.sql import Parameters, Row

_NONE: Parameters = {}


class PooledSql(PostgresSql):
    """Single statements, each on a connection of its own and on the newest state.

    borrowed: lends a connection for the length of one block; raises PostgresError where none can be had. forget: lets
    the pool drop connections that nobody uses, since one was lost.
    """

    __slots__ = ("_borrowed", "_forget")

    def __init__(
        self, borrowed: Callable[[], AbstractContextManager[PgConnection]], forget: Callable[[], object]
    ) -> None:
        self._borrowed = borrowed
        self._forget = forget
        self.pipeline = None
        self._prefetched = Prefetched()
        self._rows = WaitingRows()

    def stream(self, sql: str, parameters: Parameters = _NONE) -> Iterator[Row]:
        return self.each(sql, parameters)

    def run(self, sql: str, parameters: Parameters = _NONE) -> int:
        raise TypeError("single statements only read")

    def _all(self, sql: str, parameters: Parameters) -> tuple[list[str], list[tuple[Any, ...]]]:
        try:
            return self._read_twice(sql, parameters)
        except PostgresError as error:
            refusal = refusal_of(error)
            if refusal is None:
                raise
            raise refusal from error

    def _read_twice(self, sql: str, parameters: Parameters) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Read; do it again, since it only reads, where its connection was lost since it was last used.

        Where no connection could be had it is not tried again: whoever asks would wait twice as long.
        """
        with self._borrowed() as connection:
            try:
                return self._read(connection, sql, parameters)
            except PostgresError as error:
                if not error.is_failure:
                    raise
        self._forget()
        with self._borrowed() as connection:
            return self._read(connection, sql, parameters)

    def _read(
        self, connection: PgConnection, sql: str, parameters: Parameters
    ) -> tuple[list[str], list[tuple[Any, ...]]]:
        cursor = self._execute(connection, sql, parameters)
        try:
            return [column.name for column in cursor.description or ()], cursor.fetchall()
        except psycopg.Error as error:
            raise raised(error, parameters) from error
