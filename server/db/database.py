"""Opens the database of a county, and hands out readings and transactions on it."""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from server import instants
from server.db import transactions
from server.db.commits import Batch, Begin
from server.db.engine import Engine, Upkeep
from server.db.engines import engine_of
from server.db.sql import ENGINE_ERRORS, Sql
from server.db.transactions import Cache, Commit, Reading, Transaction
from server.db.writer import Failed, InlineWriter, Request, RequestRunner, ThreadWriter, Writer
from server.errors import Damaged, Unavailable
from server.instants import Instant

T = TypeVar("T")
Clock = Callable[[], datetime]
Around = Callable[[Callable[[Transaction], Any]], Callable[[Transaction], Any]]


class Database:
    """The store of one county: one writer, a reader for each thread, one folder on disk."""

    def __init__(
        self,
        folder: Path,
        engine: Engine,
        writer: Writer,
        clock: Clock,
        cache: Cache,
        upkeep: Upkeep | None = None,
    ) -> None:
        self.folder = folder
        self.engine = engine
        self._writer = writer
        self._clock = clock
        self._cache = cache
        self._upkeep = upkeep
        self._readers = engine.readers()
        self._around: Around | None = None
        self._is_broken = threading.Event()
        self.is_taken_as_it_is = False
        """Whether writes go on when the file is found broken: whoever runs the server has said so."""

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Carry ``work`` out in a savepoint of the next commit and return its result once that is durable.

        ``work`` runs in the writer's thread and must touch nothing of the request. Whatever it raises
        undoes this work alone and is raised here. Raises Unavailable when the commit itself failed, and Damaged from
        when the file was found broken: each further write would break more of it.
        """
        if self._is_broken.is_set():
            raise self.engine.damaged()
        try:
            result: T = self._writer.write(work if self._around is None else self._around(work))
            return result
        except (*ENGINE_ERRORS, Unavailable) as error:
            if self._is_damage(error):
                self.note_damage()
                raise self.engine.damaged() from error
            refusal = self.engine.refusal_of(error)
            if refusal is None:
                raise
            raise refusal from error

    def write_later(self, work: Callable[[Transaction], object], failed: Failed) -> None:
        """Carry ``work`` out in the next commit without waiting for it; what must not be lost is written by ``write``.

        failed: called, in whichever thread, with what kept the work from being stored; it must not raise.
        """
        if self._is_broken.is_set():
            failed(self.engine.damaged())
            return

        def told(error: BaseException) -> None:
            if self._is_damage(error):
                self.note_damage()
            failed(error)

        self._writer.write_later(work, told)

    def require_writable(self) -> None:
        """Do nothing where it can be written. A file is asked by a write, which leaves it as it was; a server of
        databases by a question, so that nobody waits for the county's lock. Raises Unavailable and Damaged."""
        if self.engine.is_in_folder:
            self.write(lambda tx: self.engine.require_writable(tx.sql))
        else:
            self.promptly(lambda reading: self.engine.require_writable(reading.sql))

    def note_damage(self) -> None:
        """Refuse every write from now on, unless the file is taken as it is; what can be read is read."""
        if not self.is_taken_as_it_is:
            self._is_broken.set()

    def with_works(self, around: Around) -> Database:
        """Return this database for a use case of which ``around`` takes each work that it writes, and gives another."""
        made, outer = copy(self), self._around
        made._around = around if outer is None else lambda work: outer(around(work))
        return made

    def aside(self) -> Database:
        """Return this database without any ``with_works``: for what is noted beside the write of a use case."""
        made = copy(self)
        made._around = None
        return made

    def run_in_writer(self, request: Request) -> None:
        """Run ``request`` in the writer's own thread, beside others; its writes cost no handing over.

        The database must have been opened with a runner. Raises Unavailable when it is closing.
        """
        self._writer.run_in_writer(request)

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """Hold one snapshot of the database. Raises Damaged and Unavailable."""
        with self._raising_refusals(), self._readers.reading() as sql:
            yield Reading(sql, self.now(), self._cache)

    def promptly(self, question: Callable[[Reading], T]) -> T:
        """Return what ``question`` reads, within two seconds whatever other threads wait for: whoever asks whether the
        server is ready waits no longer. It holds no snapshot. Raises Damaged and Unavailable."""
        with self._raising_refusals():
            return self._readers.promptly(lambda sql: question(Reading(sql, self.now(), self._cache)))

    def single_read(self) -> Reading:
        """Return a view for one single statement, which needs no snapshot: every phone request begins with one."""
        return Reading(self._readers.single(), self.now(), self._cache)

    def now(self) -> Instant:
        """Return this instant by the clock of every transaction; it opens no file, which a full disk can refuse."""
        return instants.text(self._clock())

    def queue_length(self) -> int:
        """Return how many writes wait for the writer."""
        return self._writer.queue_length()

    def close(self) -> None:
        """Finish what is queued, then close every connection."""
        if self._upkeep is not None:
            self._upkeep.close()
        self._writer.close()
        self._readers.close()

    @contextmanager
    def _raising_refusals(self) -> Iterator[None]:
        try:
            yield
        except Damaged:
            self.note_damage()
            raise
        except ENGINE_ERRORS as error:
            refusal = self.engine.refusal_of(error)
            if refusal is None:
                raise
            if isinstance(refusal, Damaged):
                self.note_damage()
            raise refusal from error

    def _is_damage(self, error: BaseException) -> bool:
        return self.engine.is_damage(error) or self.engine.is_damage(error.__cause__)


def create(folder: Path, ids: Callable[[], str] | None = None, engine: Engine | None = None) -> None:
    """Make the folder and an empty, migrated database. Raises Busy when there is one already.

    ids: makes the UUID of its epoch; a random one without it. engine: keeps it; SQLite in the folder without one.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    epoch = uuid.UUID(ids()).hex if ids is not None else uuid.uuid4().hex
    (engine or engine_of(folder)).create(epoch)


def open_threaded(
    folder: Path, clock: Clock | None = None, runner: RequestRunner | None = None, engine: Engine | None = None
) -> Database:
    """Open an existing database for serving, with a writer thread of its own.

    runner: how whole requests run in that thread, where some are to (``Database.run_in_writer``). engine: keeps the
    database; SQLite in the folder without one.
    """
    engine = engine or engine_of(folder)
    engine.migrate()
    clock = clock or system_clock
    cache: Cache = {}
    writer = ThreadWriter(engine.connect, beginning(clock, cache, new_uuid), engine.turn(), runner)
    return Database(folder, engine, writer, clock, cache, engine.upkeep())


def open_inline(
    folder: Path,
    clock: Clock | None = None,
    ids: Callable[[], str] | None = None,
    around: Callable[[Writer], Writer] = lambda writer: writer,
    engine: Engine | None = None,
) -> Database:
    """Open an existing database for a command, a simulation or a test: no thread, clock and ids injected.

    around: returns the writer to use in place of the one that it is given, for instance one whose disk is full.
    engine: keeps the database; SQLite in the folder without one.
    """
    engine = engine or engine_of(folder)
    engine.migrate()
    clock = clock or system_clock
    cache: Cache = {}
    writer = InlineWriter(engine.connect(), beginning(clock, cache, ids or new_uuid), engine.turn())
    return Database(folder, engine, around(writer), clock, cache)


def system_clock() -> datetime:
    return datetime.now(UTC)


def new_uuid() -> str:
    """Return a UUID of version 7 (RFC 9562): ids made one after the other are neighbours in every index.

    Random ones would touch a page of each index for each submission, and a commit writes every page it touched.
    """
    made = f"{time.time_ns() // 1_000_000:012x}{os.urandom(10).hex()}"
    return f"{made[:8]}-{made[8:12]}-7{made[13:16]}-a{made[17:20]}-{made[20:]}"


def beginning(clock: Clock, cache: Cache, ids: Callable[[], str]) -> Begin:
    """Return what begins each commit of a connection. cache: of this process. ids: makes UUIDs."""

    def begin(sql: Sql) -> Batch:
        commit = Commit(sql)
        return Batch(
            lambda: Transaction(sql, instants.text(clock()), cache, ids, commit), commit.finish, transactions.LOOKUPS
        )

    return begin
