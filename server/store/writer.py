"""Lets many requests share one commit, so that durability costs one fsync for all who wait.

The writer takes what is queued into one ``BEGIN IMMEDIATE`` transaction and answers only after COMMIT; a work
that fails is undone alone. A work may be carried out twice, so it must touch nothing but its transaction.
What is true if we die after each step:

1. work queued, not begun: nobody was answered, nothing is stored; the phone sends again.
2. carried out, not committed: the same; SQLite forgets the transaction.
3. committed, not answered: stored and durable; the phone sends again and finds its stored verdict.
4. answered: stored and durable.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from sqlite_utils import Database as SqliteDatabase

from server.domain.errors import Unavailable
from server.store.turns import Turnstile

if TYPE_CHECKING:
    from server.store.database import Transaction

T = TypeVar("T")
Work = Callable[["Transaction"], T]


class Batch(NamedTuple):
    """One commit: how to begin each work in it, and what to write before it ends."""

    transaction: Callable[[], Transaction]
    finish: Callable[[], None]


Begin = Callable[[SqliteDatabase], Batch]

BATCH_MAX = 256
"""How many works share one commit; more would make the first of them wait for the last."""


class Writer(Protocol):
    """The one hand that writes."""

    def write(self, work: Callable[[Transaction], T]) -> T: ...

    def queue_length(self) -> int: ...

    def close(self) -> None: ...


class InlineWriter:
    """Writes in the caller's thread, a commit each: for commands, simulations and tests."""

    def __init__(self, db: SqliteDatabase, begin: Begin, turnstile: Turnstile) -> None:
        self._db = db
        self._begin = begin
        self._turnstile = turnstile

    def write(self, work: Callable[[Transaction], T]) -> T:
        with self._turnstile.turn():
            self._db.conn.execute("BEGIN IMMEDIATE")
            batch = self._begin(self._db)
            try:
                result = work(batch.transaction())
                batch.finish()
            except BaseException:
                _roll_back(self._db)
                raise
            self._db.conn.execute("COMMIT")
            return result

    def queue_length(self) -> int:
        return 0

    def close(self) -> None:
        self._db.conn.close()
        self._turnstile.close()


class _Job:
    """A work that waits, and where its result goes."""

    __slots__ = ("done", "error", "result", "work")

    def __init__(self, work: Work[Any]) -> None:
        self.work = work
        self.result: Any = None
        self.error: BaseException | None = None
        self.done = threading.Lock()
        self.done.acquire()


class ThreadWriter:
    """Writes in a thread of its own, many works to a commit."""

    def __init__(self, connect: Callable[[], SqliteDatabase], begin: Begin, turnstile: Turnstile) -> None:
        self._connect = connect
        self._begin = begin
        self._turnstile = turnstile
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closing = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="firegrid-writer", daemon=True)
        self._thread.start()

    def write(self, work: Callable[[Transaction], T]) -> T:
        job = _Job(work)
        with self._closing:
            if self._closed:
                raise Unavailable("服务器正在停止，请稍后再试。")
            self._queue.put(job)
        job.done.acquire()
        if job.error is not None:
            raise job.error
        result: T = job.result
        return result

    def queue_length(self) -> int:
        return self._queue.qsize()

    def close(self) -> None:
        """Finish what is queued; later works are refused with Unavailable."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        self._thread.join()
        self._turnstile.close()

    def _run(self) -> None:
        db = self._connect()
        going_on = True
        while going_on:
            batch, going_on = self._next_batch()
            if batch:
                self._commit(db, batch)
                for job in batch:
                    job.done.release()
        db.conn.execute("PRAGMA optimize")
        db.conn.close()

    def _next_batch(self) -> tuple[list[_Job], bool]:
        """Wait for a first work and take what else is queued; False says that none will follow."""
        batch: list[_Job] = []
        job = self._queue.get()
        while job is not None:
            batch.append(job)
            if len(batch) == BATCH_MAX:
                return batch, True
            try:
                job = self._queue.get_nowait()
            except queue.Empty:
                return batch, True
        return batch, False

    def _commit(self, db: SqliteDatabase, jobs: list[_Job]) -> None:
        """Commit all works; when one of them fails, undo all and do them again, each in a savepoint of its own.

        Savepoints cost two statements a work and failures are rare, so the first try goes without.
        """
        try:
            with self._turnstile.turn():
                if len(jobs) > 1 and self._commit_together(db, jobs):
                    return
                db.conn.execute("BEGIN IMMEDIATE")
                batch = self._begin(db)
                for job in jobs:
                    self._carry_out(db, batch, job)
                batch.finish()
                db.conn.execute("COMMIT")
        except Exception as error:  # whatever ends the commit ends it for all: nobody may be told "kept"
            _roll_back(db)
            for job in jobs:
                job.error = Unavailable("服务器暂时无法保存（磁盘或数据库故障），请稍后再试。")
                job.error.__cause__ = error

    def _commit_together(self, db: SqliteDatabase, jobs: list[_Job]) -> bool:
        """Carry all works out and commit them; undo everything and return False when one of them fails."""
        db.conn.execute("BEGIN IMMEDIATE")
        batch = self._begin(db)
        try:
            for job in jobs:
                job.result = job.work(batch.transaction())
        except Exception:  # which of them failed, and how, is found out by doing them one by one
            _roll_back(db)
            return False
        batch.finish()
        db.conn.execute("COMMIT")
        return True

    def _carry_out(self, db: SqliteDatabase, batch: Batch, job: _Job) -> None:
        db.conn.execute("SAVEPOINT work")
        try:
            job.result = job.work(batch.transaction())
        except Exception as error:
            if not db.conn.in_transaction:
                raise  # SQLite gave the whole transaction up (disk full, I/O): the batch is lost, not this work alone
            db.conn.execute("ROLLBACK TO work")
            db.conn.execute("RELEASE work")
            job.error = Unavailable("服务器暂时无法保存，请稍后再试。") if _is_engine_failure(error) else error
            if job.error is not error:
                job.error.__cause__ = error
        else:
            db.conn.execute("RELEASE work")


def _is_engine_failure(error: Exception) -> bool:
    """Say whether the engine or the disk failed, rather than the work being wrong."""
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF in (
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_BUSY,
    )


def _roll_back(db: SqliteDatabase) -> None:
    if db.conn.in_transaction:
        db.conn.execute("ROLLBACK")
