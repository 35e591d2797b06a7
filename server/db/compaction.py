"""Writes a database anew, so that nothing of what was deleted is left in the free space of its file.

SQLite keeps the old text of a changed row until its page is used again. What is true if we die after each step: SQLite
replaces the content of the file by a transaction of its own, so it is the old one or the new one.
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from server.db.folder import FILE_NAME
from server.db.locks import exclusive_write
from server.db.sqlite.connections import connect, is_full
from server.errors import DiskFull

_TRIES, _PAUSE_S = 50, 0.1


def compact(folder: Path) -> bool:
    """Write the database in ``folder`` anew; a server that runs beside it waits so long with its writes.

    It needs as much room again as the database has. Return whether the log beside it was emptied too: not while
    somebody reads on and on. Raises DiskFull, and then the database is as it was.
    """
    with exclusive_write(folder):
        connection = connect(folder / FILE_NAME).conn
        try:
            connection.execute("VACUUM")
            return _emptied(connection)
        except sqlite3.OperationalError as error:
            if is_full(error):
                raise DiskFull from error
            raise
        finally:
            connection.close()


def _emptied(connection: sqlite3.Connection) -> bool:
    for _ in range(_TRIES):
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if not busy:
            return True
        time.sleep(_PAUSE_S)
    return False
