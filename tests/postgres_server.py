"""A PostgreSQL server of this test run in memory, and a schema for each data folder that a test works in.

``pytest --engine postgres`` lets every county of the tests be kept by it: a data folder has a schema of its own, and a
copy of the folder is a copy of the schema. ``FIREGRID_TEST_POSTGRES`` names a server that runs; without it one is
started from the programs that ``tests/db/postgres_programs.py`` finds.
"""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path

import psycopg
import pytest

from server.db import engines
from server.db.postgres.engine import PostgresEngine
from server.db.postgres.statements import translated
from tests.db import postgres_programs

URL = "FIREGRID_TEST_POSTGRES"
NAME = "schema.txt"
START_S = 30
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=600", "shared_buffers=64MB")

CLONE = """
CREATE OR REPLACE FUNCTION public.clone_county(source text, target text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  found text;
BEGIN
  SET LOCAL session_replication_role = replica;
  FOR found IN SELECT relname FROM pg_class WHERE relnamespace = target::regnamespace AND relkind = 'r'
                 AND pg_relation_size(oid) > 0 LOOP
    EXECUTE format('DELETE FROM %I.%I', target, found);
  END LOOP;
  FOR found IN SELECT relname FROM pg_class WHERE relnamespace = source::regnamespace AND relkind = 'r'
                 AND pg_relation_size(oid) > 0 LOOP
    EXECUTE format('INSERT INTO %I.%I SELECT * FROM %I.%I', target, found, source, found);
  END LOOP;
END $$
"""


def is_needed() -> bool:
    """Say whether a missing server is a fault: in continuous integration, which must not pass without."""
    return bool(os.environ.get("FIREGRID_TEST_NEEDS_POSTGRES"))


def require() -> None:
    """Skip the test where no server can be had, aloud; fail in continuous integration."""
    if os.environ.get(URL) or postgres_programs.wanted() is not None:
        return
    version = os.environ.get(postgres_programs.VERSION, "")
    words = (
        f"no PostgreSQL {version}: install Debian's postgresql-15 or the package {postgres_programs.PACKAGE},"
        f" or name a server by {URL}"
    )
    if is_needed():
        pytest.fail(words)
    pytest.skip(words)


@cache
def database_url() -> str:
    """Return the address of an empty database of this process's own."""
    server = os.environ.get(URL) or _started()
    name = f"firegrid_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(
            f"CREATE DATABASE {name} ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8' TEMPLATE template0"
        )
    atexit.register(_dropped, server, name)
    with psycopg.connect(f"{server}/{name}", autocommit=True) as connection:
        connection.execute(CLONE)
    return f"{server}/{name}"


def changed_past_every_rule(folder: Path, statement: str, values: dict[str, object]) -> int:
    """Change the county of a folder as nobody may, past its keys; return how many rows that touched."""
    text, names = translated(statement)
    schema = engines.engine_of(folder).name  # a copy of a folder is given a schema of its own here
    with psycopg.connect(database_url()) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("SELECT set_config('search_path', %s, false)", (schema,))
        return psycopg.RawCursor(connection).execute(text.encode(), [values[name] for name in names]).rowcount


class Schemas:
    """Which schema the county of a folder is in."""

    def __init__(self) -> None:
        self._folders: dict[str, Path] = {}
        self._free: list[str] = []
        self._made = 0

    def engine_of(self, folder: Path) -> PostgresEngine:
        """Return what keeps the county of ``folder``; one that was copied gets a copy of its schema."""
        engine = _Engine(self, folder)
        named = folder / NAME
        if not named.exists():
            return engine
        schema = stated = named.read_text(encoding="ascii")
        if self._folders.get(schema) not in (None, folder.resolve()) and self._folders[schema].exists():
            source, schema = schema, self.new(folder)
            with psycopg.connect(database_url(), autocommit=True) as connection:
                connection.execute("SELECT public.clone_county(%s, %s)", (source, schema))
        self._folders[schema] = folder.resolve()
        if schema != stated:  # another thread may be reading it
            named.write_text(schema, encoding="ascii")
        engine.schema = engine.name = schema
        return engine

    def new(self, folder: Path) -> str:
        """Return a schema in the shape of today for ``folder``; those of folders that have gone are used again."""
        for schema, known in list(self._folders.items()):
            if not known.exists():
                del self._folders[schema]
                self._free.append(schema)
        if not self._free:
            self._made += 1
            schema = f"c{self._made:06}"
            PostgresEngine(database_url(), schema[1:], folder).create("0" * 32)
            self._free.append(schema)
        schema = self._free.pop()
        self._folders[schema] = folder.resolve()
        return schema

    def forget(self, schema: str) -> None:
        """Use a schema never again: it is not there any more."""
        self._folders.pop(schema, None)


class _Engine(PostgresEngine):
    """The engine of a folder; an empty database is a copy of one that was made before."""

    def __init__(self, schemas: Schemas, folder: Path) -> None:
        super().__init__(database_url(), "999999", folder)
        self._schemas = schemas

    def create(self, epoch: str) -> None:
        schema = self._schemas.new(self.folder)
        with psycopg.connect(database_url(), autocommit=True) as connection:
            _empty(connection)
            connection.execute("SELECT public.clone_county('c000000', %s)", (schema,))
            connection.execute(f"UPDATE {schema}.setting SET value = %s WHERE name = 'epoch'", (epoch,))
        (self.folder / NAME).write_text(schema, encoding="ascii")
        self.schema = self.name = schema

    def drop(self) -> None:
        super().drop()
        self._schemas.forget(self.schema)
        (self.folder / NAME).unlink(missing_ok=True)


_ready: set[str] = set()


def _empty(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """See to it that the schema of an empty county is there."""
    if database_url() not in _ready:
        PostgresEngine(database_url(), "000000", Path()).create("0" * 32)
        _ready.add(database_url())


def _started() -> str:
    """Start a server in a temporary folder; it is stopped and its folder removed when this process ends."""
    found, owner = postgres_programs.wanted(), postgres_programs.owner()
    assert found is not None
    folder = Path(tempfile.mkdtemp(prefix="firegrid-postgres-"))
    as_owner = []
    if owner is not None:
        shutil.chown(folder, owner)
        _let_through(folder)
        as_owner = ["runuser", "-u", owner, "--"]
    programs = postgres_programs.within_reach(found.folder, folder)
    data, port = folder / "data", _free_port()
    run = {"check": True, "capture_output": True, "cwd": folder}
    subprocess.run(
        [*as_owner, programs / "initdb", "-D", data, "--locale=C", "--encoding=UTF8", "-A", "trust", "-U", "firegrid"],
        **run,
    )
    log = (folder / "log").open("wb")
    options = " ".join(f"-c {each}" for each in (*FAST, "listen_addresses=127.0.0.1"))
    server = subprocess.Popen(
        [*as_owner, programs / "postgres", "-D", data, "-p", str(port), "-k", str(folder), *options.split()],
        stdout=subprocess.DEVNULL,
        stderr=log,
        cwd=folder,
    )
    log.close()
    atexit.register(_stopped, server, folder)
    url = f"postgresql://firegrid@127.0.0.1:{port}"
    _wait_for(f"{url}/postgres", folder / "log")
    return url


def _let_through(folder: Path) -> None:
    """Let the server's user reach a folder below one that only we may enter."""
    for above in folder.parents:
        if above.stat().st_uid == os.getuid() and not above.stat().st_mode & 0o001:
            above.chmod(above.stat().st_mode | 0o011)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait_for(url: str, log: Path) -> None:
    until = time.monotonic() + START_S
    while True:
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            if time.monotonic() > until:
                raise RuntimeError(log.read_text()) from None
            time.sleep(0.05)
        else:
            return


def _stopped(server: subprocess.Popen[bytes], folder: Path) -> None:
    server.terminate()
    server.wait(START_S)
    shutil.rmtree(folder, ignore_errors=True)


def _dropped(server: str, name: str) -> None:
    if os.environ.get(URL):
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
