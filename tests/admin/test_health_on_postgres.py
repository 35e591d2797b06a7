"""Where PostgreSQL keeps a county, ``/readyz``, the page of health and ``firegrid check`` speak of that."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from flask import Flask

from server.admin.usecases import health
from server.app import close, mount_doors, open_folder
from server.db import database
from server.db.postgres.engine import PostgresEngine
from server.errors import Unavailable
from server.settings import Settings
from tests import postgres_server
from tests.api_county import lay_people

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

COUNTY = "130686"
SCHEMA = f"c{COUNTY}"


@pytest.fixture
def connection() -> Iterator[psycopg.Connection]:
    postgres_server.require()
    with psycopg.connect(postgres_server.database_url(), autocommit=True) as opened:
        yield opened


@pytest.fixture
def engine(connection, tmp_path: Path) -> Iterator[PostgresEngine]:
    made = PostgresEngine(postgres_server.database_url(), COUNTY, tmp_path)
    made.create("a" * 32)
    filled = database.open_inline(tmp_path, engine=made)
    filled.write(lay_people)
    filled.close()
    yield made
    connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE")


@pytest.fixture
def app(engine) -> Iterator[Flask]:
    opened = open_folder(mount_doors(), Settings(engine.folder), database.open_threaded(engine.folder, engine=engine))
    yield opened
    close(opened)


@pytest.fixture
def reader(connection, engine) -> Iterator[PostgresEngine]:
    """The county as a user of the database who may only read sees it."""
    connection.execute("CREATE ROLE only_reads LOGIN")
    connection.execute(f"GRANT USAGE ON SCHEMA {SCHEMA} TO only_reads")
    connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {SCHEMA} TO only_reads")
    host = postgres_server.database_url().rpartition("@")[2]
    yield PostgresEngine(f"postgresql://only_reads@{host}", COUNTY, engine.folder)
    connection.execute("DROP OWNED BY only_reads")
    connection.execute("DROP ROLE only_reads")


def written(connection) -> str:
    return str(connection.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())").fetchone()[0])


def test_ready_writes_nothing_and_says_nothing_of_backup_sets(app, connection):
    client = app.test_client()
    client.get("/readyz")
    before = written(connection)

    answers = [client.get("/readyz") for _ in range(5)]

    assert {(each.status_code, each.text) for each in answers} == {(200, "ready\n")}
    assert written(connection) == before, "a transaction of its own was numbered"


def test_ready_waits_for_nobody_who_writes(app, engine):
    held, free = threading.Event(), threading.Event()
    other = database.open_threaded(engine.folder, engine=engine)
    writing = threading.Thread(target=lambda: other.write(lambda tx: (held.set(), free.wait(10))))
    writing.start()
    held.wait(10)
    began = time.monotonic()

    status = app.test_client().get("/readyz").status_code

    free.set()
    writing.join()
    other.close()
    assert status == 200 and time.monotonic() - began < 5


def test_a_database_that_takes_no_writes_makes_it_unready_and_says_the_cure(app, connection):
    name = connection.info.dbname
    connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    try:
        with psycopg.connect(postgres_server.database_url(), autocommit=True) as another:
            another.execute("SET default_transaction_read_only = off")
            another.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND application_name = 'firegrid'"
            )
        answer = app.test_client().get("/readyz")
    finally:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")

    assert answer.status_code == 503
    assert "设成了只读" in answer.text and "请数据库管理员改回来" in answer.text


def test_a_user_who_may_not_write_is_told_what_to_grant(reader):
    readers = reader.readers()
    with readers.reading() as sql, pytest.raises(Unavailable, match=f"GRANT SELECT, INSERT.* IN SCHEMA {SCHEMA}"):
        reader.require_writable(sql)
    readers.close()


def test_health_and_check_send_to_the_backups_of_the_database(app):
    store = app.extensions["firegrid"].database
    with store.reading() as reading:
        found = {each.what: each for each in health.findings(store, reading, 0)}
        said = health.check_words(store, reading)

    assert "pg_dump" in found["备份"].said and not any("firegrid backup" in each.command for each in found.values())
    assert "pg_dump" in said and "firegrid backup" not in said
