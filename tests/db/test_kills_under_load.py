"""Whatever is killed while laptops push and pull: nothing told kept is lost, nothing is there twice, no pull skips any.

The servers are processes of their own, PostgreSQL is one that syncs to the disk, and what is killed ends between two
instructions.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import psycopg
import pytest

from bench.postgres.cluster import Cluster, free_port, programs
from server.db import copying, database
from server.db.postgres.engine import PostgresEngine
from server.db.sqlite.engine import SqliteEngine
from server.errors import Unavailable
from tests import postgres_server
from tests.db.cut_line import Cut
from tests.db.laptops_under_load import Load
from tests.stories.child_server import PATIENCE_S, Folder, Server, command, environment, make_folder, serving

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.sqlite]

COUNTY = "130630"
STEP = 120
"""How many records are told kept between two blows."""

OUTAGE_S, BACK_S, PAUSE_S = 17, 5, 0.05
"""How long PostgreSQL is away, how soon after it whoever reads is answered, and how often they ask, in seconds."""

LOAD = int(os.environ.get("FIREGRID_TEST_LOAD", "960"))
"""How many are told kept while everything is killed in turn; 100000 takes a quarter of an hour."""

BACKENDS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'firegrid' AND state <> 'idle' LIMIT 1"


class County:
    """A county in PostgreSQL, and what laptops and a reader from behind need of it. cluster: the one that is read."""

    def __init__(self, cluster: Cluster, folder: Folder) -> None:
        self.cluster = cluster
        self.folder = folder

    def served(self, stack: ExitStack, url: str = "") -> Server:
        """Begin another server. url: of the database; the cluster's own without one."""
        settings = {"FIREGRID_DATABASE": url or self.cluster.url, "FIREGRID_COUNTY": COUNTY}
        server = stack.enter_context(serving(self.folder, **settings))
        until = time.monotonic() + PATIENCE_S  # one whose database goes while it starts ends, and is started again
        while time.monotonic() < until:
            with suppress(ConnectionError):
                if server.get("/readyz")[0] == 200:
                    return server
            time.sleep(0.05)
        raise AssertionError(f"it did not come up: {server.process.poll()} {server.said}")

    def require_all_of(self, load: Load) -> None:
        """Compare what laptops were told with what is there, and with what others pulled."""
        with psycopg.connect(self.cluster.url) as connection:
            connection.execute(f"SET search_path = c{COUNTY}")
            records = {row[0] for row in connection.execute("SELECT id FROM record").fetchall()}
            versions = Counter(row[0] for row in connection.execute("SELECT record FROM revision").fetchall())
            changes = dict(connection.execute("SELECT id, record FROM change WHERE verdict = 'applied'").fetchall())
        assert load.odd == []
        assert len(load.told) > 0
        assert load.told.keys() - records == set(), "told kept, and lost"
        assert {change: record for record, change in load.told.items()}.items() <= changes.items()
        assert {record for record, number in versions.items() if number > 1} == set(), "carried out twice"
        assert versions.keys() == records
        for held in load.held:
            assert held == records, "a pull has skipped what was committed"
        checked = subprocess.run(
            command("check", "--data", self.folder.path),
            env=environment() | {"FIREGRID_DATABASE": self.cluster.url, "FIREGRID_COUNTY": COUNTY},
            capture_output=True,
            text=True,
            check=False,
        )
        assert checked.returncode == 0, checked.stderr


def url_of(*ports: int) -> str:
    """Return the address of a database that is at whichever of these ports takes writes."""
    hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
    return f"postgresql://firegrid@{hosts}/firegrid?target_session_attrs=read-write"


def kill_a_backend(cluster: Cluster) -> None:
    """Kill a process of PostgreSQL that works for a server; the postmaster ends all others, and recovers."""
    backend = None
    while backend is None:
        with psycopg.connect(cluster.url) as connection:
            backend = connection.execute(BACKENDS).fetchone()
    os.kill(backend[0], signal.SIGKILL)


def is_read(store: database.Database) -> bool:
    """Say whether who reads is answered; else they are told that the database is away."""
    try:
        with store.reading() as reading:
            return reading.sql.value("SELECT 1") == 1
    except Unavailable:
        return False


@pytest.fixture
def county(tmp_path: Path) -> Iterator[County]:
    """A county of its own in a cluster of its own."""
    postgres_server.require()
    if programs() is None:
        pytest.skip("no PostgreSQL of Debian's to start and to kill")
    # Not in tmp_path: another run of pytest takes the right to go through its folder away from PostgreSQL's user.
    place = Path(tempfile.mkdtemp(prefix="firegrid-clusters-"))
    cluster = Cluster(place / "primary", free_port(), "shared_buffers=64MB", "wal_keep_size=64MB")
    cluster.create()
    folder = make_folder(tmp_path / "data", is_small=True)
    copying.copy(SqliteEngine(folder.path), PostgresEngine(cluster.url, COUNTY, folder.path))
    yield County(cluster, folder)
    cluster.stop()
    shutil.rmtree(place, ignore_errors=True)


def test_a_server_process_is_killed_again_and_again(county):
    with ExitStack() as stack:
        servers = [county.served(stack) for _ in range(2)]
        ports = [server.port for server in servers]
        with Load(ports, county.folder.key) as load:
            for victim in (0, 1, 0):
                load.wait_for(STEP)
                servers[victim].kill()
                load.wait_for(STEP)
                servers[victim] = county.served(stack)
                ports[victim] = servers[victim].port
            load.wait_for(STEP)

    assert load.again > 0
    county.require_all_of(load)


def test_the_line_to_the_database_is_cut_at_commit(county):
    line = Cut(county.cluster.port, every=9)
    url = url_of(line.port)
    with ExitStack() as stack:
        ports = [county.served(stack, url).port, county.served(stack).port]
        with Load(ports, county.folder.key) as load:
            load.wait_for(3 * STEP)
            while line.cuts < 3:
                load.wait_for(STEP)
    line.close()

    assert load.again > 0
    county.require_all_of(load)


def test_a_standby_takes_over_and_servers_go_on_with_it(county):
    standby = county.cluster.standby(county.cluster.folder.parent / "standby", free_port())
    url = url_of(county.cluster.port, standby.port)
    try:
        with ExitStack() as stack:
            ports = [county.served(stack, url).port for _ in range(2)]
            with Load(ports, county.folder.key) as load:
                load.wait_for(STEP)
                county.cluster.kill()
                standby.promote()
                load.wait_for(STEP)

        assert load.again > 0
        county.cluster = standby
        county.require_all_of(load)
    finally:
        standby.stop()


def test_the_database_is_killed_whole_and_one_of_its_processes(county):
    with ExitStack() as stack:
        ports = [county.served(stack).port for _ in range(2)]
        with Load(ports, county.folder.key) as load:
            load.wait_for(STEP)
            county.cluster.kill()
            county.cluster.start()
            load.wait_for(STEP)
            kill_a_backend(county.cluster)
            load.wait_for(STEP)

    assert load.again > 0
    county.require_all_of(load)


def test_readers_are_back_at_once_after_a_long_outage(county):
    store = database.open_inline(
        county.folder.path, engine=PostgresEngine(county.cluster.url, COUNTY, county.folder.path)
    )
    assert is_read(store)
    county.cluster.kill()
    until = time.monotonic() + OUTAGE_S
    while time.monotonic() < until:
        assert not is_read(store)
        time.sleep(PAUSE_S)
    county.cluster.start()
    began = time.monotonic()

    while not is_read(store) and time.monotonic() - began < BACK_S:
        time.sleep(PAUSE_S)  # after a try that failed the next is made soon, not at once

    assert time.monotonic() - began < BACK_S
    store.close()


def test_everything_is_killed_in_turn(county):
    standby = county.cluster.standby(county.cluster.folder.parent / "standby", free_port())
    line = Cut(county.cluster.port, every=LOAD // 64)
    urls = [url_of(line.port, standby.port), url_of(county.cluster.port, standby.port)]
    step, patience_s = LOAD // 8, PATIENCE_S + LOAD / 50
    try:
        with ExitStack() as stack:
            servers = [county.served(stack, url) for url in urls]
            ports = [server.port for server in servers]

            def kill_server(at: int) -> None:
                servers[at].kill()
                load.wait_for(step, patience_s)
                servers[at] = county.served(stack, urls[at])
                ports[at] = servers[at].port

            with Load(ports, county.folder.key) as load:
                load.wait_for(step, patience_s)
                kill_server(0)
                kill_a_backend(county.cluster)
                load.wait_for(step, patience_s)
                county.cluster.kill()
                county.cluster.start()
                load.wait_for(step, patience_s)
                kill_server(1)
                load.wait_for(step, patience_s)
                county.cluster.kill()
                standby.promote()
                load.wait_for(step, patience_s)
                kill_server(0)
                load.wait_for(step, patience_s)

        county.cluster = standby
        county.require_all_of(load)
        print(f"{len(load.told):,} told kept, {load.again:,} sent again, {line.cuts} commits cut", load.rounds)
    finally:
        line.close()
        standby.stop()
