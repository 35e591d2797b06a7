"""Carries out many works in one commit, and rolls back alone the one that fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import Any, Generic, NamedTuple, TypeVar

from server.db.engine import Connection, Engine, Turn
from server.db.sql import ENGINE_ERRORS, Lookup, Sql
from server.db.transactions import Transaction
from server.errors import Unavailable

T = TypeVar("T")
Work = Callable[[Transaction], T]


@dataclass(frozen=True, slots=True)
class WithLookups(Generic[T]):
    """A work that says what it is going to ask first, so that all works of a commit may wait for their answers once.

    lookups: called in the writer's thread, and only where an engine waits for each answer; it must be as pure as work.
    """

    work: Work[T]
    lookups: Callable[[], Iterable[Lookup]]

    def __call__(self, tx: Transaction) -> T:
        return self.work(tx)


class Batch(NamedTuple):
    """One commit: how to begin each work in it, what to write before it ends, and what every work asks."""

    transaction: Callable[[], Transaction]
    finish: Callable[[], None]
    lookups: tuple[Lookup, ...]


Begin = Callable[[Sql], Batch]


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


def commit(connection: Connection, jobs: list[Job], begin: Begin, turn: Turn) -> None:
    """Commit all works, in the order of ``jobs``; afterwards each has its result or its error.

    When one of several fails, all are undone and done again, each in a savepoint of its own: savepoints cost two
    statements a work and failures are rare, so the first try goes without. So is all that was under way when the engine
    gave the transaction up. What fails at COMMIT is never done again: it may have been kept, and whoever waits sends it
    again and meets its verdict.
    """
    try:
        with turn.hold():
            if not _together(connection, jobs, begin):
                _one_by_one(connection, jobs, begin)
    except Exception as error:  # whatever ends the commit ends it for all: nobody may be told "kept"
        with suppress(*ENGINE_ERRORS):  # a disk that fails may fail here as well; the next commit tries once more
            connection.roll_back()
        for job in jobs:
            job.error = _unavailable(connection.engine, error)


def _together(connection: Connection, jobs: list[Job], begin: Begin) -> bool:
    """Carry all works out and commit them; undo everything when one of them fails.

    Return whether each has its result or its error; which of several has failed, and how, is found out one by one.
    """
    connection.begin(queued=True)
    batch = begin(connection.sql)
    try:
        connection.sql.prefetch(chain(batch.lookups, chain.from_iterable(map(_lookups, jobs))))
        for job in jobs:
            job.result = job.work(batch.transaction())
        batch.finish()
        connection.flush()
    except Exception as error:
        is_given_up = not connection.is_in_transaction()
        connection.roll_back()
        if is_given_up or len(jobs) > 1:
            return False
        jobs[0].error = _unavailable(connection.engine, error) if connection.engine.is_failure(error) else error
        return True
    connection.commit()
    return True


def _lookups(job: Job) -> Iterable[Lookup]:
    if isinstance(job.work, WithLookups):
        yield from job.work.lookups()


def _one_by_one(connection: Connection, jobs: list[Job], begin: Begin) -> None:
    connection.begin()
    batch = begin(connection.sql)
    for job in jobs:
        _carry_out(connection, batch, job)
    batch.finish()
    connection.commit()


def _carry_out(connection: Connection, batch: Batch, job: Job) -> None:
    connection.sql.run("SAVEPOINT work")
    try:
        job.result = job.work(batch.transaction())
    except Exception as error:
        if not connection.is_in_transaction():
            raise  # the engine gave the whole transaction up (disk full, I/O): the batch is lost, not this work alone
        connection.sql.run("ROLLBACK TO work")
        connection.sql.run("RELEASE work")
        job.error = _unavailable(connection.engine, error) if connection.engine.is_failure(error) else error
    else:
        connection.sql.run("RELEASE work")


def _unavailable(engine: Engine, error: Exception) -> Unavailable:
    """Return what those who wait are told when ``error`` kept their work from being stored, or may have."""
    refusal = engine.refusal_of(error)
    if not isinstance(refusal, Unavailable):
        refusal = Unavailable("服务器暂时无法保存（磁盘或数据库故障），请稍后再试。")
    refusal.__cause__ = error
    return refusal
