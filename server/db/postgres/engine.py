"""PostgreSQL behind the seam of engines: one connection that writes, and a pool of connections that read.

Whoever writes locks the row of the county's counter first, so that numbers follow the order of commits whatever
number of processes writes, and everything that a work reads is the newest. Under the lock a work has the same world as
under SQLite's one writer. What is true if we die after each step: PostgreSQL forgets whatever was not committed.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg

from server.db.postgres import connections, failures, locks, reasons, schema
from server.db.postgres.attempts import Attempts
from server.db.postgres.connections import NoTurn, PostgresConnection, PostgresReaders
from server.db.postgres.failures import PostgresError
from server.db.postgres.locks import Presence
from server.db.postgres.statements import PgConnection, speak_as_stores_do
from server.db.sql import Sql
from server.errors import Busy, Damaged, Refusal

IDLE_MAX = "60s"
"""How long a process that has stopped in the middle of a transaction keeps others from writing."""

LOCK_MAX = "20s"
"""How long a commit waits for those of other processes."""


class PostgresEngine:
    """Keeps a county in a schema.

    url: ``postgresql://…`` of the database. county: its code, six digits. folder: for what is local, and for photos.
    """

    is_in_folder = False

    def __init__(self, url: str, county: str, folder: Path) -> None:
        self._url = url
        self.folder = folder
        self.schema = self.name = f"c{county}"
        self._attempts = Attempts(self._connect)

    def place(self) -> str:
        return f"数据库 {connections.shown(self._url)} 的 schema {self.schema}"

    def create(self, epoch: str) -> None:
        with self._refusing(), self._opened() as connection:
            schema.create(connection, self.schema, epoch)

    def migrate(self) -> None:
        with self._refusing(), self._opened() as connection:
            schema.migrate(connection, self.schema)

    @contextmanager
    def serving(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o750)  # any number of processes, each with a folder
        with self._refusing(), closing(Presence(self.open, self.schema)) as presence:
            _SERVED_HERE[self.name] = presence
            try:
                yield
            finally:
                del _SERVED_HERE[self.name]

    @contextmanager
    def alone(self) -> Iterator[None]:
        with self._refusing(), self._present() as connection, locks.alone(connection, self.schema) as is_alone:
            if not is_alone:
                raise Busy(f"另一个 firegrid serve 正在使用 {self.schema}；请先停止它。", schema=self.schema)
            yield

    def is_served_elsewhere(self) -> bool:
        with self._refusing(), self._present() as connection, locks.unserved(connection, self.schema) as is_unserved:
            return not is_unserved

    @contextmanager
    def one_at_a_time(self, task: str) -> Iterator[bool]:
        with self._refusing(), self.open() as connection, locks.held(connection, self.schema, task) as is_held:
            yield is_held

    def secret(self) -> str:
        with self._refusing(), self._opened() as connection:
            return schema.secret(connection)

    def set_secret(self, secret: str) -> None:
        with self._refusing(), self._opened() as connection:
            schema.set_secret(connection, secret)

    def compact(self) -> bool:
        with self._refusing(), self._opened() as connection:
            schema.compact(connection, self.schema)
        return True

    def drop(self) -> None:
        with self._refusing(), self._opened() as connection:
            schema.drop(connection, self.schema)

    def connect(self) -> PostgresConnection:
        return PostgresConnection(self, self.open)

    def open(self) -> PgConnection:
        """Open a connection that works in the schema of the county. Raises psycopg.Error."""
        return self._attempts.open()

    def readers(self) -> PostgresReaders:
        return PostgresReaders(self.open)

    def turn(self) -> NoTurn:
        return NoTurn()

    def upkeep(self) -> None:
        """Do nothing: autovacuum and the checkpointer are the server's own."""

    def require_sound(self, stop: threading.Event) -> bool:
        return True  # pages are looked after by the database's own checksums and amcheck

    def require_writable(self, sql: Sql) -> None:
        schema.require_writable(sql, self.schema)

    def size(self) -> int:
        with self._refusing(), self._opened() as connection:
            return schema.size(connection, self.schema)

    def is_failure(self, error: BaseException | None) -> bool:
        return failures.is_failure(error)

    def is_damage(self, error: BaseException | None) -> bool:
        return isinstance(error, PostgresError) and error.sqlstate in ("XX001", "XX002")

    def damaged(self) -> Damaged:
        message = f"数据库里 {self.schema} 的数据已损坏。请先停止服务，请数据库管理员查看日志，再从备份恢复。"
        return Damaged(message, schema=self.schema)

    def refusal_of(self, error: BaseException | None) -> Refusal | None:
        return self.damaged() if self.is_damage(error) else failures.refusal_of(error)

    def _connect(self) -> PgConnection:
        connection = psycopg.connect(connections.address(self._url), autocommit=True)
        try:
            speak_as_stores_do(connection)
            connection.execute(
                "SELECT set_config('search_path', %s, false), set_config('lock_timeout', %s, false),"
                " set_config('idle_in_transaction_session_timeout', %s, false)",
                (f"{self.schema}, extensions", LOCK_MAX, IDLE_MAX),
            )
        except psycopg.Error:
            connection.close()
            raise
        return connection

    @contextmanager
    def _present(self) -> Iterator[PgConnection]:
        """Lend the connection by which this process says that it serves, or another where it does not."""
        if self.name in _SERVED_HERE:
            yield _SERVED_HERE[self.name].connection()
            return
        with self.open() as connection:
            yield connection

    @contextmanager
    def _opened(self) -> Iterator[PgConnection]:
        with self.open() as connection:
            yield connection

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            refusal = reasons.refusal_of(error, self.schema) or failures.refusal_of(PostgresError(error))
            if refusal is None:
                raise
            raise refusal from error


_SERVED_HERE: dict[str, Presence] = {}
"""Schemas that this very process serves, with the connection that holds its place among those that do."""
