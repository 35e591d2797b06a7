"""Carries out many works in one commit, and rolls back alone the one that fails."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

from sqlite_utils import Database as SqliteDatabase

from server.db.engine import is_full
from server.db.locks import WriteLock
from server.db.transactions import Transaction
from server.errors import DiskFull, Unavailable

T = TypeVar("T")
Work = Callable[[Transaction], T]


class Batch(NamedTuple):
    """One commit: how to begin each work in it, and what to write before it ends."""

    transaction: Callable[[], Transaction]
    finish: Callable[[], None]


Begin = Callable[[SqliteDatabase], Batch]


class Job:
    """A work that waits for its commit, and what came of it: ``error`` is None when ``result`` is durable."""

    __slots__ = ("error", "result", "work")

    def __init__(self, work: Work[Any]) -> None:
        self.work = work
        self.result: Any = None
        self.error: BaseException | None = None

    def outcome(self) -> Any:
        """Return the result. Raises what the work raised, or Unavailable when the commit failed."""
        if self.error is not None:
            raise self.error
        return self.result


def commit(db: SqliteDatabase, jobs: list[Job], begin: Begin, write_lock: WriteLock) -> None:
    """Commit all works, in the order of ``jobs``; afterwards each has its result or its error.

    When one of them fails, all are undone and done again, each in a savepoint of its own: savepoints cost two
    statements a work and failures are rare, so the first try goes without.
    """
    try:
        with write_lock.hold():
            if len(jobs) == 1 or not _together(db, jobs, begin):
                _one_by_one(db, jobs, begin)
    except Exception as error:  # whatever ends the commit ends it for all: nobody may be told "kept"
        with suppress(sqlite3.Error):  # a disk that fails may fail here as well; the next commit tries once more
            roll_back(db)
        for job in jobs:
            job.error = _unavailable(error)


def roll_back(db: SqliteDatabase) -> None:
    """Undo the open transaction; an engine failure may have undone it already."""
    if db.conn.in_transaction:
        db.conn.execute("ROLLBACK")


def _together(db: SqliteDatabase, jobs: list[Job], begin: Begin) -> bool:
    """Carry all works out and commit them; undo everything and return False when one of them fails."""
    db.conn.execute("BEGIN IMMEDIATE")
    batch = begin(db)
    try:
        for job in jobs:
            job.result = job.work(batch.transaction())
    except Exception:  # which of them failed, and how, is found out by doing them one by one
        roll_back(db)
        return False
    batch.finish()
    db.conn.execute("COMMIT")
    return True


def _one_by_one(db: SqliteDatabase, jobs: list[Job], begin: Begin) -> None:
    db.conn.execute("BEGIN IMMEDIATE")
    batch = begin(db)
    for job in jobs:
        _carry_out(db, batch, job)
    batch.finish()
    db.conn.execute("COMMIT")


def _carry_out(db: SqliteDatabase, batch: Batch, job: Job) -> None:
    db.conn.execute("SAVEPOINT work")
    try:
        job.result = job.work(batch.transaction())
    except Exception as error:
        if not db.conn.in_transaction:
            raise  # SQLite gave the whole transaction up (disk full, I/O): the batch is lost, not this work alone
        db.conn.execute("ROLLBACK TO work")
        db.conn.execute("RELEASE work")
        job.error = _unavailable(error) if _is_engine_failure(error) else error
    else:
        db.conn.execute("RELEASE work")


def _unavailable(error: Exception) -> Unavailable:
    """Return what those who wait are told when ``error`` kept their work from being stored."""
    unavailable = DiskFull() if is_full(error) else Unavailable("服务器暂时无法保存（磁盘或数据库故障），请稍后再试。")
    unavailable.__cause__ = error
    return unavailable


def _is_engine_failure(error: Exception) -> bool:
    """Say whether the engine or the disk failed, rather than the work being wrong."""
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF in (
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_BUSY,
    )
