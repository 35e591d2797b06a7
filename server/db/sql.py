"""Runs written-out SQL with named parameters, so that stores never see an engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from sqlite3 import DatabaseError as SqliteError
from typing import Any, NamedTuple, TypeAlias

from sqlite_utils import Database as SqliteDatabase


class EngineError(Exception):
    """What a statement raises on another engine than SQLite.

    is_failure: the engine or the way to it failed, so that it says nothing of what is kept.
    """

    is_failure = False


class CommitUnknown(EngineError):
    """The connection was lost at COMMIT: nobody knows whether the transaction was kept."""


ENGINE_ERRORS = (SqliteError, EngineError)
"""What a statement raises when the engine cannot carry it out, or cannot read what it keeps."""

SQLITE, POSTGRES = "sqlite", "postgres"
"""Names of the engines, for the few texts that differ."""

Row: TypeAlias = dict[str, Any]
Parameters: TypeAlias = dict[str, Any]

_NONE: Parameters = {}


class Lookup(NamedTuple):
    """A statement that a transaction is going to ask; ``Sql.prefetch`` may ask it before.

    keys: values by which each row that its answer depends on can be told. A row that is inserted later and has none of
    them does not change the answer. Without any, each row of the tables that it reads may.
    """

    sql: str
    parameters: Parameters = _NONE
    keys: tuple[Any, ...] = ()


class InsertInto:
    """The INSERT of a row whose values come in the order of ``names``; ``Sql.insert`` carries it out.

    It binds values by their position, which for a wide table costs half of what binding them by name does. That is
    written here once, since engines differ in how they mark a position.
    """

    __slots__ = ("text",)

    def __init__(self, table: str, *names: str) -> None:
        self.text = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"


class Sql:
    """One connection's statements; belongs to the thread that opened it."""

    __slots__ = ("_conn",)

    dialect = SQLITE

    def __init__(self, db: SqliteDatabase) -> None:
        self._conn = db.conn

    def each(self, sql: str, parameters: Parameters = _NONE) -> Iterator[Row]:
        """Yield rows as dicts; what may be long is asked for by ``stream``."""
        cursor = self._conn.execute(sql, parameters)
        names = [column[0] for column in cursor.description]
        return (dict(zip(names, row)) for row in cursor)  # noqa: B905 - an engine's rows have its columns; strict costs

    def rows(self, sql: str, parameters: Parameters = _NONE) -> list[Row]:
        """Return all rows as dicts."""
        return list(self.each(sql, parameters))

    def tuples(self, sql: str, parameters: Parameters = _NONE) -> Iterator[tuple[Any, ...]]:
        """Yield rows as tuples: for sums over many thousand, where making a dict of each takes longest."""
        cursor: Iterator[tuple[Any, ...]] = self._conn.execute(sql, parameters)
        return cursor

    def stream(self, sql: str, parameters: Parameters = _NONE) -> Iterator[Row]:
        """Yield the rows of a long answer, such as an export, at constant memory on every engine.

        What it yields belongs to the snapshot or transaction in which it was asked for.
        """
        return self.each(sql, parameters)

    def find(self, sql: str, parameters: Parameters = _NONE) -> Row | None:
        """Return the first row as a dict, None when there is none."""
        cursor = self._conn.execute(sql, parameters)
        row = cursor.fetchone()
        return None if row is None else dict(zip([column[0] for column in cursor.description], row, strict=True))

    def value(self, sql: str, parameters: Parameters = _NONE) -> Any:
        """Return the first column of the first row, None when there is no row."""
        row = self._conn.execute(sql, parameters).fetchone()
        return None if row is None else row[0]

    def run(self, sql: str, parameters: Parameters = _NONE) -> int:
        """Carry out a statement; return how many rows it touched."""
        return int(self._conn.execute(sql, parameters).rowcount)

    def put(self, sql: str, parameters: Parameters = _NONE) -> None:
        """Carry out a statement of whose outcome nothing is needed.

        An engine may wait with it for the next statement that is answered: what it fails by may be raised there.
        """
        self._conn.execute(sql, parameters)

    def insert(self, statement: InsertInto, values: tuple[Any, ...]) -> None:
        """Insert one row as ``put`` does; ``values`` are those of its columns, in their order."""
        self._conn.execute(statement.text, values)

    def load(self, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
        """Insert many rows at constant memory; each is the values of ``columns`` in their order."""
        self._conn.executemany(InsertInto(table, *columns).text, rows)

    def prefetch(self, lookups: Iterable[Lookup]) -> None:
        """Say what is going to be asked, by these very texts and parameters, in the transaction that has just begun.

        Where waiting for each answer costs, an engine waits once for all of them, and until the transaction has its
        lock; what is written meanwhile and might change an answer has it asked anew. Here nothing waits, and nothing is
        done.
        """

    def run_each(self, sql: str, parameters: Iterable[Parameters]) -> None:
        """Carry out one statement for each set of parameters, as ``put`` does."""
        self._conn.executemany(sql, parameters)

    def patient(self) -> None:
        """Let the transaction that is open take as long as it needs, and look at keys when it ends."""
        self.run("PRAGMA defer_foreign_keys = ON")

    def faults(self) -> Iterator[tuple[str, str]]:
        """Yield what the engine itself finds wrong in what it keeps: the name of the check, and what it says."""
        for check in ("integrity_check", "foreign_key_check"):
            for row in self.each(f"PRAGMA {check}"):
                finding = " ".join(str(value) for value in row.values())
                if finding != "ok":
                    yield f"SQLite {check}", finding


def inserting(table: str, columns: Sequence[str]) -> str:
    """Return the INSERT statement that fills ``columns`` of ``table`` from parameters of the same names."""
    names = ", ".join(columns)
    values = ", ".join(f":{column}" for column in columns)
    return f"INSERT INTO {table} ({names}) VALUES ({values})"
