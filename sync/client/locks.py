"""Lets one process at a time talk to the server for a store, so that two do not do the same work twice.

Nothing depends on it for being right: changes carry ids, and pages the cursor they were asked from. The turn is a
lock that SQLite holds on an empty file, so the system takes it back from a process that is killed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sync.client.failures import Refused

FILE_NAME = "turn.db"
WAIT_S = 120.0


@contextmanager
def one_turn(folder: Path, wait_s: float = WAIT_S) -> Iterator[None]:
    """Hold the turn until the block ends. Raises Refused when another process keeps it for ``wait_s`` seconds."""
    with closing(sqlite3.connect(folder / FILE_NAME, isolation_level=None, timeout=wait_s)) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            raise Refused(
                "另一个 fieldsync 正在收发，请等它做完 · another fieldsync is talking to the server: wait for it"
            ) from error
        yield
