"""Carries out the SQL of the stores on PostgreSQL, each text translated once.

- ``:name`` becomes ``$1``, ``$2`` …, the same name the same number; a cast (``::``), a literal and a comment stay.
- ``LIKE`` becomes ``ILIKE``: SQLite takes the letters of ASCII in either case, and under the collation "C" so does
  ``ILIKE``.
- ``?`` of an ``InsertInto`` becomes ``$1``, ``$2`` … by its position.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import count
from typing import Any, NamedTuple

import psycopg
from psycopg import abc
from psycopg import sql as composed
from psycopg.types.numeric import FloatDumper, Int8Dumper
from psycopg.types.string import StrDumper

from server.db.postgres.failures import raised
from server.db.postgres.prefetched import Prefetched
from server.db.postgres.rows import WaitingRows, inserting_cursor, inserting_rows
from server.db.sql import POSTGRES, InsertInto, Lookup, Parameters, Row, Sql

PgConnection = psycopg.Connection[tuple[Any, ...]]

STREAMED_ROWS = 2_000
"""How many rows of a long answer are fetched at once."""

_NONE: Parameters = {}

_STREAMS = count()
"""Names of cursors: of two answers that are read side by side each has its own."""

TEXTS_MAX = 4_096
"""How many texts are remembered; filters are composed, so there are some thousand."""

_PARTS = re.compile(
    r"""(?P<literal>'(?:[^']|'')*')|(?P<quoted>"[^"]*")|(?P<comment>--[^\n]*)|(?P<cast>::)"""
    r"""|:(?P<name>[A-Za-z_]\w*)|(?P<like>\bLIKE\b)|(?P<mark>\?)""",
)


class Translated(NamedTuple):
    """A text for PostgreSQL. names: of its parameters in the order of their numbers; empty where they have none."""

    text: str
    names: tuple[str, ...]


@lru_cache(TEXTS_MAX)
def translated(text: str) -> Translated:
    """Return ``text`` for PostgreSQL."""
    numbers: dict[str, int] = {}
    marks = 0

    def replace(found: re.Match[str]) -> str:
        nonlocal marks
        if (name := found["name"]) is not None:
            return f"${numbers.setdefault(name, len(numbers) + 1)}"
        if found["like"]:
            return "ILIKE"
        if found["mark"]:
            marks += 1
            return f"${marks}"
        return found[0]

    return Translated(_PARTS.sub(replace, text), tuple(numbers))


class PostgresSql(Sql):
    """Statements on PostgreSQL. connection: the one that is used now, which may be another one after a failure."""

    __slots__ = ("_connection", "_inserting", "_prefetched", "_rows", "pipeline")

    dialect = POSTGRES

    def __init__(self, connection: Callable[[], PgConnection]) -> None:
        self._connection = connection
        self.pipeline: psycopg.Pipeline | None = None
        """Where statements wait, while a transaction is queued."""
        self._prefetched = Prefetched()
        self._rows = WaitingRows()
        self._inserting: psycopg.RawCursor[Any] | None = None

    def queue(self, pipeline: psycopg.Pipeline | None) -> None:
        """Let statements wait from now on, or wait no more where ``pipeline`` is None: a transaction begins or ends."""
        self.pipeline = pipeline
        self._prefetched.clear()
        self._rows.clear()

    def prefetch(self, lookups: Iterable[Lookup]) -> None:
        if self.pipeline is not None:
            for each in lookups:
                self._prefetched.add(each, self._execute(self._connection(), each.sql, each.parameters))
            # Works read the clock next: before the county's lock is held, another process may date its writes later.
            self.flush()

    def each(self, sql: str, parameters: Parameters = _NONE) -> Iterator[Row]:
        names, rows = self._all(sql, parameters)
        return (dict(zip(names, row, strict=True)) for row in rows)

    def tuples(self, sql: str, parameters: Parameters = _NONE) -> Iterator[tuple[Any, ...]]:
        return iter(self._all(sql, parameters)[1])

    def stream(self, sql: str, parameters: Parameters = _NONE) -> Iterator[Row]:
        text, names = translated(sql)
        connection = self._connection()
        if self.pipeline is not None or connection.info.transaction_status is psycopg.pq.TransactionStatus.IDLE:
            return self.each(sql, parameters)
        return self._fetched(psycopg.RawServerCursor(connection, f"rows_{next(_STREAMS)}"), text, names, parameters)

    def find(self, sql: str, parameters: Parameters = _NONE) -> Row | None:
        names, rows = self._all(sql, parameters)
        return dict(zip(names, rows[0], strict=True)) if rows else None

    def value(self, sql: str, parameters: Parameters = _NONE) -> Any:
        _, rows = self._all(sql, parameters)
        return rows[0][0] if rows else None

    def run(self, sql: str, parameters: Parameters = _NONE) -> int:
        cursor = self._execute(self._connection(), sql, parameters)
        self.flush(parameters)
        return cursor.rowcount

    def put(self, sql: str, parameters: Parameters = _NONE) -> None:
        self._execute(self._connection(), sql, parameters)

    def flush(self, parameters: Parameters = _NONE) -> None:
        """Wait until all that was put is carried out; raise what it failed by."""
        if self.pipeline is not None:
            self._send_rows()
            try:
                self.pipeline.sync()
            except psycopg.Error as error:
                raise raised(error, parameters) from error

    def insert(self, statement: InsertInto, values: tuple[Any, ...]) -> None:
        self._prefetched.note_row(statement.text, values)
        if self.pipeline is None:
            self._insert(inserting_rows(statement.text, 1), values)
        elif self._rows.add(statement, values):
            self._send_rows()

    def load(self, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
        names = composed.SQL(", ").join(map(composed.Identifier, columns))
        text = composed.SQL("COPY {} ({}) FROM STDIN").format(composed.Identifier(table), names)
        row: tuple[Any, ...] = ()
        self._prefetched.clear()
        self._send_rows()
        try:
            with psycopg.Cursor(self._connection()) as cursor, cursor.copy(text) as copy:
                for row in rows:
                    copy.write_row(row)
        except psycopg.Error as error:
            raise raised(error, row) from error

    def run_each(self, sql: str, parameters: Iterable[Parameters]) -> None:
        text, names = translated(sql)
        rows = list(parameters)
        if not rows:
            return
        self._prefetched.note(sql)
        self._send_rows()
        cursor = psycopg.RawCursor(self._connection())
        try:
            cursor.executemany(text.encode(), [[row[name] for name in names] for row in rows])
        except psycopg.Error as error:
            raise raised(error, tuple(value for row in rows for value in row.values())) from error

    def patient(self) -> None:
        self.value("SELECT set_config('idle_in_transaction_session_timeout', '0', true)")

    def faults(self) -> Iterator[tuple[str, str]]:
        """Yield nothing: keys are held with every statement, and pages are looked after by checksums and amcheck."""
        return iter(())

    def _all(self, sql: str, parameters: Parameters) -> tuple[list[str], list[tuple[Any, ...]]]:
        try:
            known = self._prefetched.answer(sql, parameters)
            if known is None:
                cursor = self._execute(self._connection(), sql, parameters)
                known = cursor, cursor.fetchall()
        except psycopg.Error as error:  # of this statement, or of one that waited before it
            raise raised(error, parameters) from error
        cursor, rows = known
        return [column.name for column in cursor.description or ()], rows

    def _send_rows(self) -> None:
        for text, values in self._rows.taken():
            self._insert(text, values)

    def _insert(self, text: bytes, values: tuple[Any, ...]) -> None:
        connection = self._connection()
        if self._inserting is None or self._inserting.connection is not connection:
            self._inserting = inserting_cursor(connection)
        try:
            self._inserting.execute(text, values)
        except psycopg.Error as error:
            raise raised(error, values) from error

    def _execute(self, connection: PgConnection, sql: str, parameters: Parameters) -> psycopg.RawCursor[Any]:
        text, names = translated(sql)
        self._prefetched.note(sql)
        self._send_rows()
        try:
            cursor = psycopg.RawCursor(connection)
            return cursor.execute(text.encode(), [parameters[name] for name in names])
        except psycopg.Error as error:
            raise raised(error, parameters) from error

    def _fetched(
        self, cursor: psycopg.RawServerCursor[Any], text: str, names: tuple[str, ...], parameters: Parameters
    ) -> Iterator[Row]:
        cursor.itersize = STREAMED_ROWS
        try:
            with cursor:
                cursor.execute(text.encode(), [parameters[name] for name in names])
                columns = [column.name for column in cursor.description or ()]
                for row in cursor:
                    yield dict(zip(columns, row, strict=True))
        except psycopg.Error as error:
            raise raised(error, parameters) from error


def speak_as_stores_do(connection: abc.AdaptContext) -> None:
    """Let values go and come on a connection as SQLite has them.

    Whole numbers go as 64 bits whatever their size, since each type would make a prepared statement of its own, and
    texts as texts. A sum of whole numbers comes back as one, and a comparison as 0 or 1.
    """
    adapters = connection.adapters
    for type, dumper in ((int, Int8Dumper), (float, FloatDumper), (str, StrDumper), (bool, _BoolDumper)):
        adapters.register_dumper(type, dumper)
    adapters.register_loader("numeric", _NumericLoader)
    adapters.register_loader("bool", _BoolLoader)


class _BoolDumper(Int8Dumper):
    def dump(self, obj: Any) -> abc.Buffer | None:
        return super().dump(int(obj))


class _NumericLoader(psycopg.adapt.Loader):
    def load(self, data: abc.Buffer) -> int | float:
        text = bytes(data).decode()
        return int(text) if text.lstrip("-").isdecimal() else float(text)


class _BoolLoader(psycopg.adapt.Loader):
    def load(self, data: abc.Buffer) -> int:
        return int(bytes(data) == b"t")
