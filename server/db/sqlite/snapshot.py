"""Copies the database as it stands at one instant, beside whoever writes to it.

The connection that copies holds one reading from the first step to the last. So the copy is of one commit, and writers
go on beside it; without that reading SQLite would begin again after each commit of another connection, and beside a
busy server never come to the end. Meanwhile the log beside the file cannot be written over and grows by what is
written.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from server.db.folder import FILE_NAME
from server.db.migrations import migrations
from server.db.sql import Sql
from server.db.sqlite.connections import connect, is_full, raising_damaged
from server.db.transactions import Reading
from server.instants import Instant

PAGES_A_STEP = 64
"""Pages that are copied at once: 256 KiB, so that whoever waits for the disk or a core waits for no more."""


class Snapshot:
    """The database at one instant. reading: of it. size: of its file, in bytes."""

    def __init__(self, db: sqlite3.Connection, reading: Reading, schema: tuple[str, ...]) -> None:
        self._db = db
        self.reading = reading
        self.schema = schema
        """Names of the steps that have brought the database to its shape, in order."""
        self._page_size = int(db.execute("PRAGMA page_size").fetchone()[0])
        self.size = self._page_size * int(db.execute("PRAGMA page_count").fetchone()[0])

    def copy_to(self, path: Path, copied: Callable[[int], object]) -> None:
        """Copy the database into an empty file. copied: called after each step with the bytes that it copied.

        What ``copied`` raises ends the copying and is raised here. Raises OSError when the disk cannot take it. The
        caller makes the file durable.
        """
        left = [self.size]

        def told(_status: int, remaining: int, _total: int) -> None:
            rest = remaining * self._page_size
            copied(max(0, left[0] - rest))
            left[0] = rest

        try:
            with closing(sqlite3.connect(path, isolation_level=None)) as target:
                # What dies halfway is thrown away as a whole, so that nothing need be kept of how the file was before.
                target.execute("PRAGMA journal_mode = OFF")
                target.execute("PRAGMA synchronous = OFF")
                self._db.backup(target, pages=PAGES_A_STEP, progress=told)
        except sqlite3.OperationalError as error:
            # Of the copy: that the database itself is broken is told by a DatabaseError of another class.
            raise OSError(errno.ENOSPC if is_full(error) else errno.EIO, str(error), str(path)) from error


@contextmanager
def snapshot(folder: Path, now: Instant) -> Iterator[Snapshot]:
    """Hold the database of ``folder`` as it is now. Raises Damaged and DiskFull."""
    with raising_damaged(folder):
        db = connect(folder / FILE_NAME)
        try:
            schema = tuple(step.name for step in migrations().applied(db))
            db.conn.execute("PRAGMA query_only = ON")
            db.conn.execute("BEGIN")
            db.conn.execute("SELECT value FROM counter WHERE name = 'seq'").fetchone()  # the reading begins with this
            yield Snapshot(db.conn, Reading(Sql(db), now, {}), schema)
        finally:
            db.conn.close()
