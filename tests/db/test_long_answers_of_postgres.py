"""What has no limit comes from PostgreSQL as a stream: in little memory, and of the one state in which it was begun."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from server.db import database
from server.db.database import Database
from server.db.postgres.engine import PostgresEngine
from tests import postgres_server

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

ROWS, ROW_BYTES = 100_000, 1_000
MEMORY_MOST = 30_000_000
"""Bytes: a batch of rows, as psycopg and libpq hold it, and what else a process takes on its way."""

MEASURED = f"""
import re, sys
from pathlib import Path
from server.db.postgres.engine import PostgresEngine

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024

how, url, folder = sys.argv[1:]
readers = PostgresEngine(url, "130689", Path(folder)).readers()
sql = "SELECT n, repeat('x', {ROW_BYTES}) AS text FROM generate_series(1, {ROWS}) AS n"
with readers.reading() as read:
    read.value("SELECT 1")
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew: it was the parent's
    before = peak()
    print(sum(1 for _ in getattr(read, how)(sql)), peak() - before)
readers.close()
"""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[PostgresEngine]:
    postgres_server.require()
    made = PostgresEngine(postgres_server.database_url(), "130689", tmp_path)
    made.create("a" * 32)
    yield made
    with psycopg.connect(postgres_server.database_url(), autocommit=True) as connection:
        connection.execute("DROP SCHEMA c130689 CASCADE")


@pytest.fixture
def store(engine) -> Iterator[Database]:
    opened = database.open_threaded(engine.folder, engine=engine)
    opened.write(lambda tx: [tx.sql.run(*named(f"n{at:05}")) for at in range(3_000)])
    yield opened
    opened.close()


def named(name: str) -> tuple[str, dict[str, object]]:
    return "INSERT INTO setting (name, value) VALUES (:name, '')", {"name": name}


def measured(how: str, engine: PostgresEngine) -> tuple[int, int]:
    child = [sys.executable, "-c", MEASURED, how, postgres_server.database_url(), str(engine.folder)]
    rows, taken = subprocess.run(child, check=True, capture_output=True, text=True, timeout=120).stdout.split()
    return int(rows), int(taken)


def test_a_long_answer_takes_little_memory(engine):
    (rows, streamed), (_, whole) = (measured(how, engine) for how in ("stream", "each"))

    assert rows == ROWS
    assert streamed < MEMORY_MOST < ROWS * ROW_BYTES < whole


def test_what_is_written_meanwhile_is_not_in_it(store):
    with store.reading() as reading:
        found = reading.sql.stream("SELECT name FROM setting WHERE name LIKE 'n%' ORDER BY name")
        first = next(found)["name"]
        store.write(lambda tx: tx.sql.run("DELETE FROM setting WHERE name LIKE 'n%'"))
        store.write(lambda tx: tx.sql.run(*named("n99999")))
        names = [first, *(row["name"] for row in found)]

    assert names == [f"n{at:05}" for at in range(3_000)]


def test_two_answers_are_read_side_by_side_and_one_may_be_left_unread(store):
    with store.reading() as reading:
        left = reading.sql.stream("SELECT name FROM setting ORDER BY name")
        next(left)
        pairs = zip(*(reading.sql.stream("SELECT name FROM setting ORDER BY name") for _ in range(2)), strict=True)

        assert all(one == other for one, other in pairs)
