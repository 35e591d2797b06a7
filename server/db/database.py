"""Opens the SQLite file, and hands out readings and transactions on it."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from sqlite_utils import Database as SqliteDatabase

from server import instants
from server.db.commits import Batch, Begin
from server.db.engine import connect, damaged, is_damage, is_full, migrate, raising_damaged
from server.db.folder import FILE_NAME
from server.db.locks import WriteLock, exclusive_write
from server.db.migrations import migrations
from server.db.sql import Sql
from server.db.transactions import Cache, Commit, Reading, Transaction
from server.db.writer import Failed, InlineWriter, Request, RequestRunner, ThreadWriter, Writer
from server.errors import Busy, Damaged, DiskFull, Unavailable
from server.instants import Instant

T = TypeVar("T")
Clock = Callable[[], datetime]

CHECKPOINT_EVERY_S = 1.0
"""How often, in seconds: a log that stays short is read fast and leaves little to do after a crash."""


class Database:
    """The store of one county: one writer, a reader for each thread, one folder on disk."""

    def __init__(
        self, folder: Path, writer: Writer, clock: Clock, cache: Cache, checkpointer: Checkpointer | None = None
    ) -> None:
        self.folder = folder
        self._writer = writer
        self._clock = clock
        self._cache = cache
        self._checkpointer = checkpointer
        self._local = threading.local()
        self._readers: list[SqliteDatabase] = []
        self._readers_lock = threading.Lock()
        self._refuses_writes = False
        self.is_taken_as_it_is = False
        """Whether writes go on when the file is found broken: whoever runs the server has said so."""

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Carry ``work`` out in a savepoint of the next commit and return its result once that is durable.

        ``work`` runs in the writer's thread and must touch nothing of the request. Whatever it raises
        undoes this work alone and is raised here. Raises Unavailable when the commit itself failed, and Damaged from
        when the file was found broken: each further write would break more of it.
        """
        if self._refuses_writes:
            raise damaged(self.folder)
        try:
            return self._writer.write(work)
        except (sqlite3.DatabaseError, Unavailable) as error:
            if is_damage(error) or is_damage(error.__cause__):
                self.note_damage()
                raise damaged(self.folder) from error
            if is_full(error):
                raise DiskFull from error
            raise

    def write_later(self, work: Callable[[Transaction], object], failed: Failed) -> None:
        """Carry ``work`` out in the next commit without waiting for it; what must not be lost is written by ``write``.

        failed: called, in whichever thread, with what kept the work from being stored; it must not raise.
        """
        if self._refuses_writes:
            failed(damaged(self.folder))
            return

        def told(error: BaseException) -> None:
            if is_damage(error) or is_damage(error.__cause__):
                self.note_damage()
            failed(error)

        self._writer.write_later(work, told)

    def note_damage(self) -> None:
        """Refuse every write from now on, unless the file is taken as it is; what can be read is read."""
        self._refuses_writes = not self.is_taken_as_it_is

    def run_in_writer(self, request: Request) -> None:
        """Run ``request`` in the writer's own thread, beside others; its writes cost no handing over.

        The database must have been opened with a runner. Raises Unavailable when it is closing.
        """
        self._writer.run_in_writer(request)

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """Hold one snapshot of the database on this thread's own connection. Raises Damaged."""
        try:
            with raising_damaged(self.folder):
                db = self._reader()
                db.conn.execute("BEGIN")
                try:
                    yield Reading(Sql(db), self.now(), self._cache)
                finally:
                    db.conn.execute("COMMIT")
        except Damaged:
            self.note_damage()
            raise

    def single_read(self) -> Reading:
        """Return a view for one single statement, which needs no snapshot: every phone request begins with one."""
        return Reading(Sql(self._reader()), self.now(), self._cache)

    def now(self) -> Instant:
        """Return this instant by the clock of every transaction; it opens no file, which a full disk can refuse."""
        return instants.text(self._clock())

    def queue_length(self) -> int:
        """Return how many writes wait for the writer."""
        return self._writer.queue_length()

    def close(self) -> None:
        """Finish what is queued, then close every connection."""
        if self._checkpointer is not None:
            self._checkpointer.close()
        self._writer.close()
        with self._readers_lock:
            for reader in self._readers:
                reader.conn.close()
            self._readers.clear()

    def _reader(self) -> SqliteDatabase:
        db: SqliteDatabase | None = getattr(self._local, "db", None)
        if db is None:
            db = connect(self.folder / FILE_NAME)
            db.conn.execute("PRAGMA query_only = ON")
            self._local.db = db
            with self._readers_lock:
                self._readers.append(db)
        return db


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


def create(folder: Path, ids: Callable[[], str] | None = None) -> None:
    """Make the folder and an empty, migrated database in it. Raises Busy when there is one already.

    ids: makes the UUID of its epoch; a random one without it.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    if (folder / FILE_NAME).exists():
        raise Busy(f"数据目录 {folder} 里已有数据库；请换一个目录，或直接使用它。", folder=str(folder))
    with exclusive_write(folder):
        db = connect(folder / FILE_NAME)
        migrations().apply(db)
        epoch = uuid.UUID(ids()).hex if ids is not None else uuid.uuid4().hex
        with db.atomic():
            for name in ("seq", "configuration"):
                db.execute("INSERT INTO counter (name, value) VALUES (:name, 0)", {"name": name})
            db.execute("INSERT INTO setting (name, value) VALUES ('epoch', :epoch)", {"epoch": epoch})
        db.close()


def open_threaded(folder: Path, clock: Clock | None = None, runner: RequestRunner | None = None) -> Database:
    """Open an existing database for serving, with a writer thread of its own.

    runner: how whole requests run in that thread, where some are to (``Database.run_in_writer``).
    """
    migrate(folder)
    clock = clock or system_clock
    cache: Cache = {}
    begin = _begin(clock, cache, new_uuid)
    writer = ThreadWriter(lambda: connect(folder / FILE_NAME), begin, WriteLock(folder), runner)
    return Database(folder, writer, clock, cache, Checkpointer(lambda: connect(folder / FILE_NAME)))


def open_inline(
    folder: Path,
    clock: Clock | None = None,
    ids: Callable[[], str] | None = None,
    around: Callable[[Writer], Writer] = lambda writer: writer,
) -> Database:
    """Open an existing database for a command, a simulation or a test: no thread, clock and ids injected.

    around: returns the writer to use in place of the one that it is given, for instance one whose disk is full.
    """
    migrate(folder)
    clock = clock or system_clock
    cache: Cache = {}
    writer = InlineWriter(connect(folder / FILE_NAME), _begin(clock, cache, ids or new_uuid), WriteLock(folder))
    return Database(folder, around(writer), clock, cache)


def system_clock() -> datetime:
    return datetime.now(UTC)


def new_uuid() -> str:
    """Return a UUID of version 7 (RFC 9562): ids made one after the other are neighbours in every index.

    Random ones would touch a page of each index for each submission, and a commit writes every page it touched.
    """
    made = f"{time.time_ns() // 1_000_000:012x}{os.urandom(10).hex()}"
    return f"{made[:8]}-{made[8:12]}-7{made[13:16]}-a{made[17:20]}-{made[20:]}"


def _begin(clock: Clock, cache: Cache, ids: Callable[[], str]) -> Begin:
    def begin(db: SqliteDatabase) -> Batch:
        sql = Sql(db)
        commit = Commit(sql)
        return Batch(lambda: Transaction(sql, instants.text(clock()), cache, ids, commit), commit.finish)

    return begin
