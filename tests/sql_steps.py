"""What a read costs in steps of SQLite's machine: the same on every computer, however busy it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from server.db.database import Database
from server.db.sql import SQLITE
from server.db.transactions import Reading


def steps_of(store: Database, read: Callable[[Reading], object]) -> int:
    """Return how many steps SQLite takes for ``read``."""
    counted = [0]

    def count() -> int:
        counted[0] += 1
        return 0

    with store.reading() as reading:
        if reading.sql.dialect != SQLITE:
            pytest.skip("counts the steps of SQLite's machine")
        connection = reading.sql._conn  # nothing else lets a test count what SQLite does
        connection.set_progress_handler(count, 1)
        read(reading)
        connection.set_progress_handler(None, 0)
    return counted[0]
