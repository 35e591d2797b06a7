"""Moves what was committed from the log into the database beside the writer, so that no commit waits for it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress

from sqlite_utils import Database as SqliteDatabase

EVERY_S = 1.0
"""How often, in seconds: a log that stays short is read fast and leaves little to do after a crash."""


class Checkpointer:
    """A thread that checkpoints passively: it waits for nobody and makes nobody wait."""

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
        while not self._stopping.wait(EVERY_S):
            # On a full disk it fails; the log keeps what was committed, and the next turn tries again.
            with suppress(sqlite3.OperationalError):
                db.conn.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        db.conn.close()
