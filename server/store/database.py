"""Opens the one file that holds everything, and hands out readings and transactions on it."""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlite_utils import Database as SqliteDatabase

from server.domain import instants
from server.domain.errors import Busy
from server.domain.instants import Instant
from server.store.checkpoints import Checkpointer
from server.store.commits import Batch, Begin
from server.store.engine import FILE_NAME, connect, migrate, told_damaged
from server.store.migrations import migrations
from server.store.sql import Sql
from server.store.turns import Turnstile, one_turn
from server.store.writer import Guest, InlineWriter, ThreadWriter, Writer

T = TypeVar("T")
Clock = Callable[[], datetime]

Memo = dict[Hashable, tuple[int, Any]]
"""What this process remembers of the configuration: key to (configuration version, value)."""


class Reading:
    """A consistent view of the database at one instant."""

    __slots__ = ("_memo", "_version", "now", "sql")

    def __init__(self, sql: Sql, now: Instant, memo: Memo) -> None:
        self.sql = sql
        self.now = now
        self._memo = memo
        self._version: int | None = None

    def configuration_version(self) -> int:
        """Return the number that rises whenever people, forms, codes or the grid change."""
        if self._version is None:
            self._version = int(self.sql.value("SELECT value FROM counter WHERE name = 'configuration'"))
        return self._version

    def stand_at(self, configuration: int) -> None:
        """Take the version of the configuration from a statement that has read it beside what it was after."""
        self._version = configuration

    def remembered(self, key: Hashable, make: Callable[[Reading], T]) -> T:
        """Return ``make(self)``, remembered in this process until the configuration changes.

        key: names what is made, all of its arguments included. The value must not be changed by anyone.
        """
        version = self.configuration_version()
        known = self._memo.get(key)
        if known is not None and known[0] == version:
            value: T = known[1]
            return value
        value = make(self)
        self._memo[key] = (version, value)
        return value


class Commit:
    """What the works of one commit share, read once and written once before it ends: its numbers and its buckets.

    A work that is undone leaves a gap in the numbers, and a bucket marked newer than it is; neither does harm.
    configuration: its version, None until somebody asks. has_changed: some work in this commit has changed the
    configuration, so nothing made of it may be remembered: it may yet be rolled back, and its version used again.
    """

    __slots__ = ("_kept", "_raised", "_seq", "_sql", "configuration", "has_changed")

    def __init__(self, sql: Sql) -> None:
        self._sql = sql
        self.configuration: int | None = None
        self.has_changed = False
        self._kept = self._seq = -1
        self._raised: dict[tuple[str, str], int] = {}

    def next_seq(self) -> int:
        if self._seq < 0:
            self._kept = self._seq = int(self._sql.value("SELECT value FROM counter WHERE name = 'seq'"))
        self._seq += 1
        return self._seq

    def raise_bucket(self, type: str, name: str, seq: int) -> None:
        self._raised[type, name] = seq

    def finish(self) -> None:
        """Write what was gathered; called inside the transaction, before it commits."""
        if self._seq > self._kept:
            self._sql.run("UPDATE counter SET value = :value WHERE name = 'seq'", {"value": self._seq})
        if self._raised:
            rows = [{"type": type, "name": name, "seq": seq} for (type, name), seq in self._raised.items()]
            self._sql.run_each(_RAISE_BUCKET, rows)


_RAISE_BUCKET = """
INSERT INTO bucket (type, name, seq) VALUES (:type, :name, :seq)
ON CONFLICT (type, name) DO UPDATE SET seq = excluded.seq
"""


class Transaction(Reading):
    """A reading that may also write; everything it does commits together or not at all.

    now: the one clock of this transaction. new_id: makes a UUID. next_seq: takes the next number
    of the county's order of commits.
    """

    __slots__ = ("_commit", "_ids")

    def __init__(self, sql: Sql, now: Instant, memo: Memo, ids: Callable[[], str], commit: Commit) -> None:
        super().__init__(sql, now, memo)
        self._ids = ids
        self._commit = commit

    def at(self, now: Instant) -> Transaction:
        """Return this very transaction at another instant, for whoever makes up a history: all commits together."""
        return Transaction(self.sql, now, self._memo, self._ids, self._commit)

    def configuration_version(self) -> int:
        if self._commit.configuration is None:
            self._commit.configuration = super().configuration_version()
        return self._commit.configuration

    def remembered(self, key: Hashable, make: Callable[[Reading], T]) -> T:
        return make(self) if self._commit.has_changed else super().remembered(key, make)

    def new_id(self) -> str:
        return self._ids()

    def new_record_id(self) -> str:
        """Return a UUID of version 4, which is how phones and other ODK tools know entities."""
        return str(uuid.UUID(self._ids(), version=4))

    def next_seq(self) -> int:
        """Return the next seq; gaps may occur, but a later commit never has a lower one."""
        return self._commit.next_seq()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Carry out a part of this work in a savepoint of its own: when it raises, it alone is undone."""
        self.sql.run("SAVEPOINT part")
        try:
            yield
        except BaseException:
            self.sql.run("ROLLBACK TO part")
            self.sql.run("RELEASE part")
            raise
        self.sql.run("RELEASE part")

    def raise_bucket(self, type: str, name: str, seq: int) -> None:
        """Mark a bucket of a record type as changed at ``seq``; readers see it with this commit."""
        self._commit.raise_bucket(type, name, seq)

    def configuration_changed(self) -> None:
        """Tell every process that people, forms, codes or the grid are no longer what they were."""
        self.sql.run("UPDATE counter SET value = value + 1 WHERE name = 'configuration'")
        self._commit.has_changed = True
        self._commit.configuration = self._version = None


class Database:
    """The store of one county: one writer, a reader for each thread, one folder on disk."""

    def __init__(
        self, folder: Path, writer: Writer, clock: Clock, memo: Memo, checkpointer: Checkpointer | None = None
    ) -> None:
        self.folder = folder
        self._writer = writer
        self._clock = clock
        self._memo = memo
        self._checkpointer = checkpointer
        self._local = threading.local()
        self._readers: list[SqliteDatabase] = []
        self._readers_lock = threading.Lock()

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Carry ``work`` out in a savepoint of the next commit and return its result once that is durable.

        ``work`` runs in the writer's thread and must touch nothing of the request. Whatever it raises
        undoes this work alone and is raised here. Raises Unavailable when the commit itself failed.
        """
        return self._writer.write(work)

    def host(self, guest: Guest) -> None:
        """Run ``guest`` in the writer's own thread, beside others; its writes cost no handing over.

        It must be short, hold no reading open while it writes, wait for nothing else, and raise nothing.
        Raises Unavailable when the database is closing.
        """
        self._writer.host(guest)

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """Hold one snapshot of the database on this thread's own connection. Raises Damaged."""
        with told_damaged(self.folder):
            db = self._reader()
            db.conn.execute("BEGIN")
            try:
                yield Reading(Sql(db), instants.text(self._clock()), self._memo)
            finally:
                db.conn.execute("COMMIT")

    def glance(self) -> Reading:
        """Return a view for one single statement, which needs no snapshot: every phone request begins with one."""
        return Reading(Sql(self._reader()), instants.text(self._clock()), self._memo)

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


def create(folder: Path) -> None:
    """Make the folder and an empty, migrated database in it. Raises Busy when there is one already."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    if (folder / FILE_NAME).exists():
        raise Busy(f"数据目录 {folder} 里已有数据库；请换一个目录，或直接使用它。", folder=str(folder))
    with one_turn(folder):
        db = connect(folder / FILE_NAME)
        migrations().apply(db)
        with db.atomic():
            for name in ("seq", "configuration"):
                db.execute("INSERT INTO counter (name, value) VALUES (:name, 0)", {"name": name})
            db.execute("INSERT INTO setting (name, value) VALUES ('epoch', :epoch)", {"epoch": uuid.uuid4().hex})
        db.close()


def open_threaded(folder: Path, clock: Clock | None = None) -> Database:
    """Open an existing database for serving, with a writer thread of its own."""
    migrate(folder)
    clock = clock or system_clock
    memo: Memo = {}
    writer = ThreadWriter(lambda: connect(folder / FILE_NAME), _begin(clock, memo, new_uuid), Turnstile(folder))
    return Database(folder, writer, clock, memo, Checkpointer(lambda: connect(folder / FILE_NAME)))


def open_inline(folder: Path, clock: Clock | None = None, ids: Callable[[], str] | None = None) -> Database:
    """Open an existing database for a command, a simulation or a test: no thread, clock and ids injected."""
    migrate(folder)
    clock = clock or system_clock
    memo: Memo = {}
    writer = InlineWriter(connect(folder / FILE_NAME), _begin(clock, memo, ids or new_uuid), Turnstile(folder))
    return Database(folder, writer, clock, memo)


def system_clock() -> datetime:
    return datetime.now(UTC)


def new_uuid() -> str:
    """Return a UUID of version 7 (RFC 9562): ids made one after the other are neighbours in every index.

    Random ones would touch a page of each index for each submission, and a commit writes every page it touched.
    """
    made = f"{time.time_ns() // 1_000_000:012x}{os.urandom(10).hex()}"
    return f"{made[:8]}-{made[8:12]}-7{made[13:16]}-a{made[17:20]}-{made[20:]}"


def _begin(clock: Clock, memo: Memo, ids: Callable[[], str]) -> Begin:
    def begin(db: SqliteDatabase) -> Batch:
        sql = Sql(db)
        commit = Commit(sql)
        return Batch(lambda: Transaction(sql, instants.text(clock()), memo, ids, commit), commit.finish)

    return begin
