"""A county moves from its data folder into PostgreSQL and back, and nobody who works with it can tell."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from server.app import close, create_app
from server.cli.main import main as firegrid
from server.db import copying, database
from server.db.engine import Engine
from server.db.folder import FILE_NAME, secret
from server.db.postgres.engine import PostgresEngine
from server.db.sqlite.engine import SqliteEngine
from server.errors import Busy, Conflict, Invalid
from server.settings import CountyDatabase, Settings
from tests import postgres_server
from tests.county import County
from tests.filled_forms import a_station, new_uuid
from tests.valley import a_valley

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.sqlite]


@pytest.fixture
def url() -> str:
    postgres_server.require()
    return postgres_server.database_url()


@pytest.fixture
def kept(url, tmp_path: Path) -> Iterator[PostgresEngine]:
    """Where the county goes; what came there is deleted."""
    engine = PostgresEngine(url, "130630", tmp_path / "data")
    yield engine
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS c130630 CASCADE")


@pytest.fixture
def lived(tmp_path: Path) -> Path:
    """A folder of a county in which phones have sent reports."""
    with a_valley(tmp_path / "data") as valley:
        for _ in range(5):
            assert valley.phone().send(a_station(new_uuid())).status_code == 201
        (tmp_path / "keys.json").write_text(json.dumps(valley.keys))
        (tmp_path / "list.csv").write_bytes(listed(valley))
    return tmp_path / "data"


def listed(county: County) -> bytes:
    """Return the list of stations that the worker's phone is given."""
    return county.phone().get("forms/station_edit/attachments/stations.csv").data


def every_row(engine: Engine, folder: Path) -> dict[str, object]:
    """Return each table with its rows, but for what is of one place."""
    tables = copying_tables(folder)
    store = database.open_inline(folder, engine=engine)
    try:
        with store.reading() as reading:
            found = {}
            for table in tables:
                rows = sorted(map(repr, (tuple(row.values()) for row in reading.sql.stream(f"SELECT * FROM {table}"))))
                found[table] = [row for row in rows if not row.startswith(("('machine'", "('inode'", "('born'"))]
        return found
    finally:
        store.close()


def copying_tables(folder: Path) -> list[str]:
    connection = SqliteEngine(folder).connect()
    try:
        return sorted(copying.tables(connection.sql))
    finally:
        connection.close()


def test_there_and_back_every_row_every_number_and_every_key_are_the_same(url, kept, lived, tmp_path):
    before, signed = every_row(SqliteEngine(lived), lived), secret(lived)

    there = CliRunner().invoke(firegrid, ["copy", "--from", str(lived), "--to", url, "--county", "130630"])
    assert there.exit_code == 0, there.output
    after = every_row(kept, lived)
    (tmp_path / "back").mkdir()
    shutil.copytree(lived / "blobs", tmp_path / "back" / "blobs", dirs_exist_ok=True)
    back = CliRunner().invoke(firegrid, ["copy", "--from", url, "--to", str(tmp_path / "back"), "--county", "130630"])
    assert back.exit_code == 0, back.output

    assert after == before
    assert every_row(SqliteEngine(tmp_path / "back"), tmp_path / "back") == before
    assert kept.secret() == secret(tmp_path / "back") == signed


def test_a_phone_goes_on_with_its_key_and_sees_what_it_had_sent(url, kept, lived):
    copying.copy(SqliteEngine(lived), kept)
    app = create_app(Settings(lived, CountyDatabase(url, "130630")))
    try:
        county = County(app, database.system_clock, json.loads((lived.parent / "keys.json").read_text()))

        assert listed(county) == (lived.parent / "list.csv").read_bytes()
        assert county.phone().send(a_station(new_uuid())).status_code == 201
        assert county.count("submission") == 6
    finally:
        close(app)


def test_where_a_county_is_already_nothing_is_copied(kept, lived):
    copying.copy(SqliteEngine(lived), kept)
    before = every_row(kept, lived)

    with pytest.raises(Busy):
        copying.copy(SqliteEngine(lived), kept)
    with pytest.raises(Busy):
        copying.copy(kept, SqliteEngine(lived))

    assert every_row(kept, lived) == before


def test_what_postgres_cannot_keep_leaves_nothing_half_copied(kept, lived):
    store = database.open_inline(lived)
    store.write(lambda tx: tx.sql.run("INSERT INTO setting (name, value) VALUES ('odd', :value)", {"value": "a\0"}))
    store.close()

    with pytest.raises(Invalid, match=r"U\+0000"):
        copying.copy(SqliteEngine(lived), kept)

    with psycopg.connect(postgres_server.database_url()) as connection:
        found = connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = 'c130630'").fetchone()
    assert found is None
    assert (lived / FILE_NAME).exists()


def test_a_county_that_breaks_a_promise_is_not_moved_and_leaves_nothing_there(url, kept, lived):
    store = database.open_inline(lived)
    store.write(lambda tx: tx.sql.run("UPDATE record SET version = version + 1"))
    store.close()

    there = CliRunner().invoke(firegrid, ["copy", "--from", str(lived), "--to", url, "--county", "130630"])

    assert there.exit_code == 1
    assert "数据不合规矩：a record's version is the number of its revisions" in there.stderr
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = 'c130630'").fetchone() is None
    assert (lived / FILE_NAME).exists()


def test_from_a_folder_to_a_folder_is_no_copy_of_this_kind(lived, tmp_path):
    with pytest.raises(Conflict):
        copying.copy(SqliteEngine(lived), SqliteEngine(tmp_path / "other"))
