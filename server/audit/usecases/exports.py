"""Records an export as one entry: who took what away, by which filter, how many rows, and whether all of it went out.

It is noted before the first byte leaves, since data that left unnoticed cannot be called back, and becomes an entry of
the chain when the stream has ended. What is true if we die after each step:

1. before ``begin`` returned: nothing left.
2. after it: the note is on disk; the next start of the server makes it an entry with the result ``interrupted``.
3. after the stream has ended: the same, unless the entry was on disk already; then the note is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TypeVar

from server.audit.domain.entries import DONE, Entry, event_row
from server.audit.store import begun_exports
from server.audit.usecases import deferred
from server.audit.usecases.recording import record
from server.db.database import Database
from server.db.transactions import Transaction
from server.errors import Unavailable
from server.instants import Instant

T = TypeVar("T")

STOPPED, FAILED, INTERRUPTED = "stopped", "failed", "interrupted"
"""Results of an export that did not go out whole: its reader left, an error ended it, the server ended."""


class Export:
    """An export under way, from ``begin``. rows: how many have been made so far."""

    def __init__(self, database: Database, entry: Entry, id: str, began_at: Instant) -> None:
        self.rows = 0
        self._database = database
        self._entry = entry
        self._id = id
        self._began_at = began_at
        self._ended = False

    def counted(self, rows: Iterable[T]) -> Iterator[T]:
        """Yield ``rows`` as they are, and count them."""
        for row in rows:
            self.rows += 1
            yield row

    def count(self, rows: int) -> None:
        """Count so many rows that have been made."""
        self.rows += rows

    def sending(self, parts: Iterable[bytes]) -> Sending:
        """Return the parts of an answer as they are; their end, whichever it is, ends this export.

        It must be what the answer iterates and closes itself, not wrapped in anything that hides ``close``.
        """
        return Sending(self, iter(parts))

    @contextmanager
    def ending_where_it_fails(self) -> Iterator[None]:
        """Let what is made before anything leaves, such as a workbook, end this export where it fails."""
        try:
            yield
        except BaseException:
            self.end(FAILED)
            raise

    def end(self, result: str = DONE) -> None:
        """Make the entry, without waiting for it; a second end changes nothing.

        While the disk is full the note stays, and the entry is written as soon as it can be, by the next start of the
        server without its rows.
        """
        if self._ended:
            return
        self._ended = True
        details = {**self._entry.details, "rows": self.rows, "began_at": self._began_at}
        entry = replace(self._entry, details=details, result=result)
        deferred.later(self._database, entry, partial(begun_exports.delete, id=self._id))


class Sending:
    """The parts of an answer that ends its export when it ends."""

    def __init__(self, export: Export, parts: Iterator[bytes]) -> None:
        self._export = export
        self._parts = parts

    def __iter__(self) -> Sending:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._parts)
        except StopIteration:
            self._export.end()
            raise
        except Exception:  # whatever it was: the audit says that the file did not leave whole, and it goes on up
            self._export.end(FAILED)
            raise

    def close(self) -> None:
        """End what was not sent whole; called by the server when the answer is over or its reader has gone."""
        close = getattr(self._parts, "close", None)
        if close is not None:
            close()
        self._export.end(STOPPED)


def begin(database: Database, entry: Entry) -> Export:
    """Note down, on disk, that an export begins. Not for use inside a transaction.

    entry: who exports what; the filter in its details, the address in it. Raises DiskFull where the note cannot be
    written, or anything that was missed before, so that nothing leaves unnoticed: a note is small, and may find room on
    a disk on which its entry will not; LookupError for an event that nobody declared.
    """
    event_row(entry.event)
    try:
        deferred.write_missing(database)
        id, began_at = database.write(lambda tx: begun_exports.add(tx, entry))
    except Unavailable as error:
        deferred.missed(database, entry, error)
        raise
    return Export(database, entry, id, began_at)


def end_interrupted(tx: Transaction) -> None:
    """Make entries of the exports that were under way when the server ended; called when it starts."""
    for entry, began_at in begun_exports.take_all(tx):
        record(tx, replace(entry, details={**entry.details, "began_at": began_at}, result=INTERRUPTED))
