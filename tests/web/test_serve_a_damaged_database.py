"""A database that is broken is not written to: it is served only when whoever runs the server says so."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from contextlib import closing

import pytest

from server.db import database
from server.db.folder import FILE_NAME
from server.db.sqlite import connections
from server.errors import Damaged
from tests.stories.child_server import Folder, make_folder, new_instance, run, send, serving

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Folder:
    return make_folder(tmp_path_factory.mktemp("made") / "data")


@pytest.fixture
def broken(made, tmp_path) -> Folder:
    """A folder whose audit log has a page of rubbish; everything else can be read."""
    shutil.copytree(made.path, tmp_path / "data")
    path = tmp_path / "data" / FILE_NAME
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'area'").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\x55" * size)
    return Folder(tmp_path / "data", made.key)


def test_it_is_refused_at_the_start_with_the_cure_and_left_as_it_is(broken):
    before = (broken.path / FILE_NAME).read_bytes()

    refused = run("serve", "--data", broken.path, "--port", "8779")

    assert refused.returncode == 1
    assert all(words in refused.stderr for words in ("已损坏", "备份", "--even-if-damaged"))
    assert refused.stderr.count("\n") == 1
    assert (broken.path / FILE_NAME).read_bytes() == before


def test_it_is_served_when_one_says_so(broken):
    with serving(broken, "--even-if-damaged") as server:
        assert server.get("/healthz")[0] == 200
        assert server.get("/KEY/formList")[0] in (200, 500)
        server.stop()


def test_a_sound_one_is_served(made):
    with serving(made) as server:
        assert send(server, new_instance()) == 201
        assert server.stop() == 0


def test_a_check_that_is_stopped_says_that_it_has_not_seen_all(tmp_path):
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as large:
        large.execute("CREATE TABLE t (content BLOB)")
        counted = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)"
        large.execute(f"{counted} INSERT INTO t SELECT zeroblob(900) FROM n")
        large.commit()
    stop = threading.Event()
    stop.set()

    assert connections.require_sound(tmp_path, stop) is False
    assert connections.require_sound(tmp_path, threading.Event()) is True


def test_one_that_is_found_broken_while_it_is_served_is_read_and_not_written_to(broken):
    store = database.open_threaded(broken.path)
    try:
        assert store.write(lambda tx: 1) == 1

        with pytest.raises(Damaged), store.reading() as reading:
            list(reading.sql.each("SELECT * FROM area"))
        with pytest.raises(Damaged):
            store.write(lambda tx: 1)
        with store.reading() as reading:
            assert list(reading.sql.each("SELECT name FROM person"))
    finally:
        store.close()
