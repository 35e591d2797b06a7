"""SQLite behind the seam of engines: one writer, a reader for each thread, and a checkpointer beside them."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TypeVar

from sqlite_utils import Database as SqliteDatabase

from server.db import folder as folders
from server.db import locks
from server.db.folder import FILE_NAME
from server.db.locks import WriteLock, exclusive_write
from server.db.migrations import migrations
from server.db.sql import Sql
from server.db.sqlite import connections
from server.errors import Busy, Damaged, DiskFull, Refusal

T = TypeVar("T")

CHECKPOINT_EVERY_S = 1.0
"""How often, in seconds: a log that stays short is read fast and leaves little to do after a crash."""

_FAILURES = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_BUSY,
)


class SqliteEngine:
    """Keeps a county in a file of ``folder``."""

    is_in_folder = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = str(folder / FILE_NAME)

    def place(self) -> str:
        return f"数据目录 {self.folder}"

    def create(self, epoch: str) -> None:
        if (self.folder / FILE_NAME).exists():
            raise Busy(f"数据目录 {self.folder} 里已有数据库；请换一个目录，或直接使用它。", folder=str(self.folder))
        with exclusive_write(self.folder):
            db = connections.connect(self.folder / FILE_NAME)
            migrations().apply(db)
            with db.atomic():
                for name in ("seq", "configuration"):
                    db.execute("INSERT INTO counter (name, value) VALUES (:name, 0)", {"name": name})
                db.execute("INSERT INTO setting (name, value) VALUES ('epoch', :epoch)", {"epoch": epoch})
            db.close()

    def migrate(self) -> None:
        connections.migrate(self.folder)

    def connect(self) -> SqliteConnection:
        return SqliteConnection(connections.connect(self.folder / FILE_NAME), self)

    def readers(self) -> SqliteReaders:
        return SqliteReaders(self.folder)

    def turn(self) -> WriteLock:
        return WriteLock(self.folder)

    def upkeep(self) -> Checkpointer:
        return Checkpointer(lambda: connections.connect(self.folder / FILE_NAME))

    def serving(self) -> AbstractContextManager[None]:
        return locks.serving(self.folder)

    def alone(self) -> AbstractContextManager[None]:
        return locks.alone(self.folder)

    def is_served_elsewhere(self) -> bool:
        return locks.is_served_elsewhere(self.folder)

    def one_at_a_time(self, task: str) -> AbstractContextManager[bool]:
        return nullcontext(True)  # one process serves the folder

    def secret(self) -> str:
        return folders.secret(self.folder)

    def set_secret(self, secret: str) -> None:
        folders.set_secret(self.folder, secret)

    def compact(self) -> bool:
        return connections.compact(self.folder)

    def drop(self) -> None:
        for name in (FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-shm"):
            (self.folder / name).unlink(missing_ok=True)

    def require_sound(self, stop: threading.Event) -> bool:
        return connections.require_sound(self.folder, stop)

    def require_writable(self, sql: Sql) -> None:
        sql.run("UPDATE counter SET value = value WHERE name = 'seq'")

    def size(self) -> int:
        return (self.folder / FILE_NAME).stat().st_size

    def is_failure(self, error: BaseException | None) -> bool:
        return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF in _FAILURES

    def is_damage(self, error: BaseException | None) -> bool:
        return connections.is_damage(error)

    def damaged(self) -> Damaged:
        return connections.damaged(self.folder)

    def refusal_of(self, error: BaseException | None) -> Refusal | None:
        if connections.is_full(error):
            return DiskFull()
        return self.damaged() if connections.is_damage(error) else None


class SqliteConnection:
    """The connection that writes. db: open, and for the thread that uses it."""

    __slots__ = ("_conn", "engine", "sql")

    def __init__(self, db: SqliteDatabase, engine: SqliteEngine) -> None:
        self._conn = db.conn
        self.engine = engine
        self.sql = Sql(db)

    def begin(self, *, queued: bool = False) -> None:
        self._conn.execute("BEGIN IMMEDIATE")

    def flush(self) -> None:
        """Do nothing: every statement is carried out at once."""

    def commit(self) -> None:
        self._conn.execute("COMMIT")

    def roll_back(self) -> None:
        if self._conn.in_transaction:
            self._conn.execute("ROLLBACK")

    def is_in_transaction(self) -> bool:
        return bool(self._conn.in_transaction)

    def optimize(self) -> None:
        self._conn.execute("PRAGMA optimize")

    def close(self) -> None:
        self._conn.close()


class SqliteReaders:
    """A connection for each thread that reads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._local = threading.local()
        self._opened: list[SqliteDatabase] = []
        self._lock = threading.Lock()

    @contextmanager
    def reading(self) -> Iterator[Sql]:
        sql = self.single()
        connection = self._local.connection
        connection.execute("BEGIN")
        try:
            yield sql
        finally:
            connection.execute("COMMIT")

    def single(self) -> Sql:
        sql: Sql | None = getattr(self._local, "sql", None)
        if sql is None:
            db = connections.connect(self._folder / FILE_NAME)
            db.conn.execute("PRAGMA query_only = ON")
            sql = self._local.sql = Sql(db)
            self._local.connection = db.conn
            with self._lock:
                self._opened.append(db)
        return sql

    def promptly(self, question: Callable[[Sql], T]) -> T:
        with self.reading() as sql:  # it waits for nobody
            return question(sql)

    def close(self) -> None:
        with self._lock:
            for db in self._opened:
                db.conn.close()
            self._opened.clear()


class Checkpointer:
    """A thread that moves what was committed from the log into the database, so that no commit waits for it.

    It checkpoints passively: it waits for nobody and makes nobody wait.
    """

    def __init__(self, connect: Callable[[], SqliteDatabase]) -> None:
        self._connect = connect
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="firegrid-checkpoints", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Finish the checkpoint that is under way."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        db = self._connect()
        while not self._stopping.wait(CHECKPOINT_EVERY_S):
            # On a full disk it fails; the log keeps what was committed, and the next round tries again.
            with suppress(sqlite3.OperationalError):
                db.conn.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        db.conn.close()
