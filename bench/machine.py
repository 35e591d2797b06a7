"""Describes this machine, and measures how fast its disk and SQLite are by themselves."""

from __future__ import annotations

import os
import platform
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

TRIAL_S = 1.5
"""How long each limit is measured, in seconds."""

WRITE_BYTES = 4096


def description() -> str:
    """Return one line on processor, load, Python and SQLite; a busy machine makes every figure worse."""
    load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    return (
        f"{os.cpu_count()} cores, load average {load}; "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )


def load_now() -> str:
    """Return the load average of the last minute, which affects the figures."""
    return f"load average {os.getloadavg()[0]:.1f}"


def processor_s(pid: int) -> float:
    """Return how long a process has held a processor so far, all threads, in seconds; a busy machine matters less."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def fsyncs_per_s(folder: Path) -> float:
    """Return how many small appends a second can be made durable in ``folder``, one after the other."""
    path = folder / "fsync"
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY)
    try:

        def append() -> None:
            os.write(descriptor, b"\0" * WRITE_BYTES)
            os.fsync(descriptor)

        return _rate(append)
    finally:
        os.close(descriptor)
        path.unlink()


def transactions_per_s(folder: Path) -> float:
    """Return how many transactions of one row a second SQLite commits in ``folder`` (WAL, synchronous=FULL)."""
    with closing(sqlite3.connect(folder / "transactions.db", isolation_level=None)) as connection:
        for statement in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "CREATE TABLE row (content TEXT)"):
            connection.execute(statement)
        return _rate(lambda: connection.execute("INSERT INTO row VALUES ('x')"))


def _rate(operation: Callable[[], object]) -> float:
    count, began = 0, time.perf_counter()
    while (passed := time.perf_counter() - began) < TRIAL_S:
        operation()
        count += 1
    return count / passed
