"""Two processes serve one county in PostgreSQL: nothing that was told kept is lost, and nothing is there twice."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from server.db import copying, database
from server.db.postgres.engine import PostgresEngine
from server.db.sqlite.engine import SqliteEngine
from tests import postgres_server
from tests.stories.child_server import Folder, Phones, command, environment, make_folder, serving

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.sqlite]

COUNTY = "130638"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    """The data folder of a county that has moved into PostgreSQL."""
    postgres_server.require()
    made = make_folder(tmp_path / "data", is_small=True)
    copying.copy(SqliteEngine(made.path), engine(made))
    yield made
    engine(made).drop()


def engine(folder: Folder) -> PostgresEngine:
    return PostgresEngine(postgres_server.database_url(), COUNTY, folder.path)


def settings() -> dict[str, str]:
    return {"FIREGRID_DATABASE": postgres_server.database_url(), "FIREGRID_COUNTY": COUNTY}


def stored(folder: Folder) -> Counter[str]:
    store = database.open_inline(folder.path, engine=engine(folder))
    try:
        with store.reading() as reading:
            return Counter(row["id"] for row in reading.sql.rows("SELECT instance_id AS id FROM submission"))
    finally:
        store.close()


def checked(folder: Folder, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("check", *options, "--data", folder.path),
        env=environment() | settings(),
        capture_output=True,
        text=True,
        check=False,
    )


def cut_every_connection() -> None:
    with psycopg.connect(postgres_server.database_url(), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_a_killed_process_and_cut_connections_lose_nothing_and_keep_nothing_twice(folder):
    with ExitStack() as stack:
        first, second = (stack.enter_context(serving(folder, **settings())) for _ in range(2))
        with Phones(first, 3) as at_first, Phones(second, 3) as at_second:
            for phones in (at_first, at_second):
                phones.wait_until(lambda each: len(each.kept) >= 15)
            restored = checked(folder, "--restored")
            assert (
                restored.returncode != 0 and "请先停止" in restored.stderr
            )  # a new epoch begins before anybody serves
            cut_every_connection()
            at_second.wait_until(lambda each: len(each.kept) >= 30)
            first.kill()
            before = len(at_second.kept)
            at_second.wait_until(lambda each: len(each.kept) >= before + 15)
        kept = {*at_first.kept, *at_second.kept}
        assert second.get("/readyz")[0] == 200

    found = stored(folder)

    assert kept - found.keys() == set()
    assert {id for id, times in found.items() if times > 1} == set()
    assert {status for _, status in (*at_first.refused, *at_second.refused)} <= {503}
    last = checked(folder)
    assert last.returncode == 0, last.stderr
