"""What the rest of the program asks of an engine: to keep one county, whatever keeps it and wherever.

SQLite keeps it in a file of the data folder (``server.db.sqlite``). The SQL of the stores is one and the same for every
engine (``server.db.sql``); what differs is behind these protocols.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TypeVar

from server.db.sql import ENGINE_ERRORS, Sql
from server.errors import Damaged, Refusal

T = TypeVar("T")


class Connection(Protocol):
    """One connection that writes; it belongs to one thread at a time.

    engine: whose it is. sql: runs statements on it.
    """

    @property
    def engine(self) -> Engine: ...

    @property
    def sql(self) -> Sql: ...

    def begin(self, *, queued: bool = False) -> None:
        """Begin a transaction; until it ends nobody else takes a number of the county's order of commits.

        queued: whether what is ``put`` may wait for the next statement that is answered. ``flush`` comes before
        ``commit`` then, and what fails is undone as a whole.
        """

    def flush(self) -> None:
        """Wait until all that was put is carried out; raise what it failed by."""

    def commit(self) -> None:
        """Commit it. After an error it is not known whether it was kept."""

    def roll_back(self) -> None:
        """Undo the open transaction; where none is open, do nothing."""

    def is_in_transaction(self) -> bool:
        """Say whether a transaction is open, as one is no more after the engine has given it up."""

    def optimize(self) -> None:
        """Let the engine look, before a connection closes that has worked for long, how its tables have grown."""

    def close(self) -> None:
        """Close it; what was not committed is undone."""


class Readers(Protocol):
    """Connections that only read, for any number of threads."""

    def reading(self) -> AbstractContextManager[Sql]:
        """Hold one snapshot of the database."""

    def single(self) -> Sql:
        """Return what runs single statements, each on the newest state; it belongs to this thread."""

    def promptly(self, question: Callable[[Sql], T]) -> T:
        """Return what ``question`` returns, within two seconds whatever other threads wait for.

        It reads, and each of its statements sees the newest state. Raises Unavailable where there is no answer.
        """

    def close(self) -> None:
        """Close every connection."""


class Turn(Protocol):
    """The right to write, where processes take turns at it."""

    def hold(self) -> AbstractContextManager[None]:
        """Hold it for one block."""

    def close(self) -> None:
        """Let go of what it needs; once is enough, and more does no harm."""


class Upkeep(Protocol):
    """What an engine does beside a server that runs, in a thread of its own."""

    def close(self) -> None:
        """Finish what is under way."""


class Engine(Protocol):
    """Keeps one county.

    name: what people know it by. is_in_folder: whether all of it is in its data folder, so that a copy of the folder is
    a copy of the county.
    """

    @property
    def name(self) -> str: ...

    @property
    def is_in_folder(self) -> bool: ...

    def place(self) -> str:
        """Return where the county is, in words for people and without a password."""

    def create(self, epoch: str) -> None:
        """Make an empty database in the shape of today. epoch: its first, 32 hexadecimal digits. Raises Busy."""

    def migrate(self) -> None:
        """Bring an existing database to the shape of today.

        Raises NotFound when there is none, DatabaseTooNew when a newer Firegrid has written it, Damaged when it cannot
        be read, Busy when an older Firegrid still serves it.
        """

    def connect(self) -> Connection:
        """Open a connection that writes."""

    def readers(self) -> Readers:
        """Return connections that read."""

    def turn(self) -> Turn:
        """Return this thread's right to write."""

    def upkeep(self) -> Upkeep | None:
        """Begin what a running server needs done beside it; None for nothing."""

    def serving(self) -> AbstractContextManager[None]:
        """Hold the right to serve the county for one block, where one process alone may.

        Raises Busy when another process does, NotFound when there is no data folder.
        """

    def alone(self) -> AbstractContextManager[None]:
        """Do without any other server for one block: this process serves the county, or none does. Raises as above."""

    def is_served_elsewhere(self) -> bool:
        """Say whether another process serves the county now."""

    def one_at_a_time(self, task: str) -> AbstractContextManager[bool]:
        """Hold ``task`` for one block, where several processes serve the county; yield False where another has it."""

    def secret(self) -> str:
        """Return what signs tokens, cursors and marks of this county."""

    def set_secret(self, secret: str) -> None:
        """Take another secret: whatever the one before has signed is worth nothing from now on."""

    def compact(self) -> bool:
        """Write the database anew, so that nothing of what was deleted is left in its free space.

        Whoever writes waits so long. Return whether the log beside it was emptied too. Raises DiskFull.
        """

    def drop(self) -> None:
        """Delete the database that ``create`` has made, where what was to fill it has failed."""

    def require_sound(self, stop: threading.Event) -> bool:
        """Look through the database; return whether the end was reached before ``stop`` was set. Raises Damaged."""

    def require_writable(self, sql: Sql) -> None:
        """Do what shows that it can be written: a write in the open transaction where it is in its folder, a question
        in a reading where not. Raises Unavailable, or what a write would."""

    def size(self) -> int:
        """Return how many bytes the database takes."""

    def is_failure(self, error: BaseException | None) -> bool:
        """Say whether the engine or its machine failed, rather than the work being wrong."""

    def is_damage(self, error: BaseException | None) -> bool:
        """Say whether ``error`` is the engine's word that what it keeps is broken."""

    def damaged(self) -> Damaged:
        """Return the refusal of a database that is broken."""

    def refusal_of(self, error: BaseException | None) -> Refusal | None:
        """Return what people are told of an error of the engine's own; None where it is the program's fault."""


@contextmanager
def raising_refusals(engine: Engine) -> Iterator[None]:
    """Raise what people are told of it in the place of an error of the engine's own."""
    try:
        yield
    except ENGINE_ERRORS as error:
        refusal = engine.refusal_of(error)
        if refusal is None:
            raise
        raise refusal from error
