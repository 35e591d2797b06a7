"""A county in PostgreSQL that two processes of ``firegrid serve`` serve behind a balancer, for stories of phones.

The two stay up for all stories of a test process, since a start takes seconds. Between two stories the county is put
back to its beginning beneath them, with its counters moved on: what they remember by a number stays true.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg
import pytest
from werkzeug.test import Client, TestResponse

from server.db import database
from server.db.database import Database
from server.db.postgres.engine import PostgresEngine
from server.submissions.store.blobs import BlobStore
from tests import postgres_server
from tests.balanced.balancer import Balancer
from tests.county import County, new_database
from tests.stories.child_server import Folder, Server, serving
from tests.valley import lay

MOVED_ON = 1_000
"""By how much counters are moved on between two stories: no story takes as many numbers."""


@dataclass
class Behind:
    """What stands for the application of a county that other processes serve."""

    balancer: Balancer

    def test_client(self) -> Client:
        return Client(self.balancer, TestResponse)


class _SystemClock:
    """The clock of the servers, which no story can set."""

    def __call__(self) -> datetime:
        return database.system_clock()

    def __getattr__(self, name: str) -> Any:
        pytest.skip("sets the clock of the server")


@dataclass
class TwoServers:
    """Two servers of one county. beginning: the schema with the county as it began."""

    folder: Folder
    keys: dict[str, str]
    schema: str
    beginning: str
    servers: tuple[Server, ...]

    @cached_property
    def balancer(self) -> Balancer:
        return Balancer([each.port for each in self.servers])

    @property
    def engine(self) -> PostgresEngine:
        return PostgresEngine(postgres_server.database_url(), self.schema.removeprefix("c"), self.folder.path)

    @property
    def environment(self) -> dict[str, str]:
        """What a command needs to work on the county."""
        return environment(self.schema)

    @contextmanager
    def county(self) -> Iterator[County]:
        """Lend the county as it began; what we promise of a database holds when the block ends."""
        self._begin_anew()
        store = database.open_inline(self.folder.path, engine=self.engine)
        try:
            county = _Balanced(Behind(self.balancer), _SystemClock(), dict(self.keys))
            county.opened = store
            yield county
            broken = county.broken()
        finally:
            store.close()
        assert broken == []

    def _begin_anew(self) -> None:
        for path in (self.folder.path / "blobs").rglob("*"):
            if path.is_file():
                path.unlink()
        with psycopg.connect(postgres_server.database_url()) as connection:
            connection.execute(f"SELECT 1 FROM {self.schema}.counter WHERE name = 'seq' FOR UPDATE")  # as all who write
            reached = connection.execute(f"SELECT name, value FROM {self.schema}.counter").fetchall()
            connection.execute("SELECT public.clone_county(%s, %s)", (self.beginning, self.schema))
            for name, value in reached:
                put = f"UPDATE {self.schema}.counter SET value = %s WHERE name = %s"
                connection.execute(put, (value + MOVED_ON, name))


class _Balanced(County):
    """A county whose database a test sees from behind, beside those who serve it."""

    opened: Database

    @property
    def store(self) -> Database:
        return self.opened

    @property
    def blob_store(self) -> BlobStore:
        return BlobStore(self.opened.folder / "blobs")


def environment(schema: str) -> dict[str, str]:
    """Return what a program needs to work on a county; what the balancer says of a client is believed."""
    url = postgres_server.database_url()
    return {
        "FIREGRID_DATABASE": url,
        "FIREGRID_COUNTY": schema.removeprefix("c"),
        "FIREGRID_TRUSTED_PROXIES": "127.0.0.1",
    }


def is_for_two(item: pytest.Item) -> bool:
    """Say whether a test asks the valley by its doors alone, and replaces nothing of what runs elsewhere."""
    names = getattr(item, "fixturenames", ())
    return "valley" in names and "monkeypatch" not in names and not item.get_closest_marker("one_process")


@contextmanager
def two_servers(folder: Path, fill: Callable[[Any], Any] = lay) -> Iterator[TwoServers]:
    """Serve the county that ``fill`` makes, by two processes, until the block ends."""
    keys = new_database(folder / "beginning", fill)
    new_database(folder / "data", fill)
    beginning, schema = (_schema_of(folder / name) for name in ("beginning", "data"))
    served = Folder(folder / "data", next(iter(keys.values())))
    with ExitStack() as stack:
        servers = tuple(stack.enter_context(serving(served, **environment(schema))) for _ in range(2))
        yield TwoServers(served, keys, schema, beginning, servers)


def _schema_of(folder: Path) -> str:
    """Return the schema of a folder; one that was copied has one of its own once it has been opened."""
    database.open_inline(folder).close()
    return (folder / postgres_server.NAME).read_text(encoding="ascii")
