"""While the database is away nobody waits long for the answer that it is, and all go on as soon as it is back."""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest

from bench.postgres.cluster import Cluster, free_port, programs
from server.db import copying, database
from server.db.postgres.attempts import TRY_AGAIN_S, Attempts
from server.db.postgres.connections import CONNECT_S
from server.db.postgres.engine import PostgresEngine
from server.db.postgres.pool import Pool
from server.db.sqlite.engine import SqliteEngine
from server.errors import Unavailable
from tests import postgres_server
from tests.stories.child_server import PATIENCE_S, Folder, Server, make_folder, serving

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.sqlite]

COUNTY = "130630"
READ_S, READY_S, BACK_S = 3, 2, 2
"""How soon who reads and who asks for readiness is answered in an outage, and all are after it, in seconds."""

PEOPLE = 24
"""More than the server has threads."""


class Answer(NamedTuple):
    status: int
    again_s: str | None
    took_s: float


class County:
    """A county in a cluster of its own, and a folder of photos."""

    def __init__(self, cluster: Cluster, folder: Folder) -> None:
        self.cluster = cluster
        self.folder = folder

    def served(self, stack: ExitStack) -> Server:
        settings = {"FIREGRID_DATABASE": self.cluster.url, "FIREGRID_COUNTY": COUNTY}
        return stack.enter_context(serving(self.folder, **settings))


@pytest.fixture
def county(tmp_path: Path) -> Iterator[County]:
    postgres_server.require()
    if programs() is None:
        pytest.skip("no PostgreSQL of Debian's to start and to kill")
    place = Path(tempfile.mkdtemp(prefix="firegrid-clusters-"))
    cluster = Cluster(place / "primary", free_port(), "shared_buffers=64MB", "fsync=off")
    cluster.create()
    folder = make_folder(tmp_path / "data", is_small=True)
    copying.copy(SqliteEngine(folder.path), PostgresEngine(cluster.url, COUNTY, folder.path))
    made = County(cluster, folder)
    yield made
    made.cluster.stop()
    shutil.rmtree(place, ignore_errors=True)


def asked(server: Server, path: str) -> Answer:
    began = time.monotonic()
    with closing(server.connect()) as connection:
        connection.request("GET", path.replace("KEY", f"key/{server.key}"), headers={"X-OpenRosa-Version": "1.0"})
        with connection.getresponse() as answer:
            answer.read()
            return Answer(answer.status, answer.getheader("Retry-After"), time.monotonic() - began)


def seconds_until(is_so: Callable[[], bool]) -> float:
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < PATIENCE_S
        time.sleep(0.05)
    return time.monotonic() - began


def test_a_database_that_refuses_is_told_at_once_and_all_go_on_when_it_is_back(county):
    with ExitStack() as stack:
        server = county.served(stack)
        people = stack.enter_context(ThreadPoolExecutor(PEOPLE))
        assert asked(server, "/KEY/formList").status == 200
        county.cluster.kill()

        for _ in range(2):  # the first finds connections that are lost, the second none
            answers = [people.submit(asked, server, "/KEY/formList") for _ in range(PEOPLE)]
            ready = asked(server, "/readyz")
            assert ready.status == 503
            assert ready.took_s < READY_S
            for each in answers:
                assert each.result()[:2] == (503, "5")
                assert each.result().took_s < READ_S

        server.wait_until_said(lambda told: '"entering labels failed"' in told)
        county.cluster.start()
        assert seconds_until(lambda: asked(server, "/KEY/formList").status == 200) < BACK_S
        assert seconds_until(lambda: asked(server, "/readyz").status == 200) < BACK_S

        told = server.wait_until_said(lambda told: '"entering labels goes on"' in told)
        assert told.count('"entering labels failed"') == 1
        assert "Traceback" not in told


def test_who_asks_for_readiness_waits_for_no_thread_that_hangs(county):
    """The machine of the database takes what is sent, and answers nothing."""
    with ExitStack() as stack:
        server = county.served(stack)
        people = stack.enter_context(ThreadPoolExecutor(PEOPLE))
        assert asked(server, "/readyz").status == 200
        county.cluster.pause()
        answers = [people.submit(asked, server, "/KEY/formList") for _ in range(PEOPLE)]
        time.sleep(0.5)

        ready = [asked(server, "/readyz") for _ in range(2)]
        alive = asked(server, "/healthz")

        county.cluster.resume()
        assert [each.status for each in ready] == [503, 503]
        assert max(each.took_s for each in ready) < READY_S
        assert alive.status == 200
        assert alive.took_s < 1
        assert {each.result().status for each in answers} <= {200, 503}
        assert seconds_until(lambda: asked(server, "/readyz").status == 200) < BACK_S


def test_a_machine_that_is_gone_is_waited_for_once_and_others_are_told_at_once(tmp_path, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent, ThreadPoolExecutor(PEOPLE) as people:
        url = f"postgresql://firegrid@127.0.0.1:{silent.getsockname()[1]}/firegrid"
        readers = PostgresEngine(url, COUNTY, tmp_path).readers()

        def read(_: int) -> float:
            began = time.monotonic()
            with pytest.raises(Unavailable):
                readers.single().value("SELECT 1")
            return time.monotonic() - began

        first = list(people.map(read, range(PEOPLE)))
        time.sleep(TRY_AGAIN_S)
        second = sorted(people.map(read, range(PEOPLE)))

        assert max(first) < CONNECT_S + 1
        assert second[-1] > CONNECT_S - 1  # one tries again
        assert second[-2] < 1
        readers.close()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[PostgresEngine]:
    postgres_server.require()
    made = PostgresEngine(postgres_server.database_url(), "130634", tmp_path)
    made.create("a" * 32)
    yield made
    made.drop()


def test_who_waits_for_connections_in_use_has_one_in_turn_and_the_last_is_told(engine):
    pool = Pool(engine.open, 2, 1.0)
    lent = [pool.take() for _ in range(2)]
    had: list[int] = []

    def wait(number: int) -> None:
        connection = pool.take()
        had.append(number)
        time.sleep(0.05)
        pool.give(connection)

    with ThreadPoolExecutor(3) as people:
        waiting = []
        for number in range(3):
            waiting.append(people.submit(wait, number))
            time.sleep(0.1)
        assert had == []
        pool.give(lent.pop())
        for each in waiting:
            each.result()
        assert had == [0, 1, 2]

        kept = pool.take()
        began = time.monotonic()
        with pytest.raises(psycopg.OperationalError, match="in use"):
            pool.take()
        assert time.monotonic() - began > 0.9
    for each in (kept, *lent):
        pool.give(each)
    pool.close()
    with pytest.raises(psycopg.OperationalError, match="closed"):
        pool.take()


def test_where_the_server_has_no_more_connections_one_that_comes_back_is_taken(engine):
    host = postgres_server.database_url().split("@")[1]
    with psycopg.connect(postgres_server.database_url(), autocommit=True) as connection:
        connection.execute("CREATE USER few CONNECTION LIMIT 1")
        pool = Pool(PostgresEngine(f"postgresql://few@{host}", "130634", engine.folder).open, 5, PATIENCE_S)
        first = pool.take()
        threading.Timer(0.3, pool.give, [first]).start()

        second = pool.take()

        assert second is first
        pool.give(second)
        pool.close()
        seconds_until(lambda: not connection.execute("SELECT 1 FROM pg_stat_activity WHERE usename = 'few'").fetchall())
        connection.execute("DROP USER few")


def test_a_connection_that_is_lost_or_old_or_unused_is_not_lent_again(engine):
    time_s = [0.0]
    pool = Pool(engine.open, 3, 1.0, lambda: time_s[0])
    lost, old, unused = (pool.take() for _ in range(3))
    lost.close()
    pool.give(lost)
    pool.give(unused)
    time_s[0] += 3_000
    pool.give(old)
    assert unused.closed  # for ten minutes nobody had it
    assert not old.closed

    time_s[0] += 601
    assert pool.take() is old
    pool.give(old)

    assert old.closed
    pool.close()


def test_after_a_try_that_has_failed_one_caller_tries_and_the_others_are_told_the_same():
    time_s, told = [0.0], ["refused", "still refused", ""]

    def connect() -> object:
        outcome = told.pop(0)
        if len(told) < 2:
            with pytest.raises(psycopg.OperationalError, match="refused"):
                attempts.open()  # somebody else, meanwhile
        if outcome:
            raise psycopg.OperationalError(outcome)
        return "connection"

    attempts = Attempts(connect, lambda: time_s[0])
    for after_s, said in ((0.0, "^refused"), (TRY_AGAIN_S / 2, "^refused"), (TRY_AGAIN_S, "^still refused")):
        time_s[0] += after_s
        with pytest.raises(psycopg.OperationalError, match=said):
            attempts.open()
    time_s[0] += TRY_AGAIN_S

    assert attempts.open() == "connection"
    assert told == []


def test_a_server_whose_connections_are_all_taken_is_not_away():
    outcomes: list[object] = [psycopg.OperationalError("FATAL:  sorry, too many clients already"), "connection"]

    def connect() -> object:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    attempts = Attempts(connect, lambda: 0.0)
    with pytest.raises(psycopg.OperationalError):
        attempts.open()

    assert attempts.open() == "connection"


def test_a_writer_goes_on_after_a_database_was_read_only(engine):
    store = database.open_threaded(engine.folder, engine=engine)
    name = postgres_server.database_url().rpartition("/")[2]
    with psycopg.connect(postgres_server.database_url(), autocommit=True) as connection:

        def end_others() -> None:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        end_others()
        for refused in (lambda: store.write(lambda tx: tx.next_seq()), store.require_writable):
            with pytest.raises(Unavailable):
                refused()
        connection.execute("SET default_transaction_read_only = off")
        connection.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")

        store.require_writable()
        assert store.write(lambda tx: tx.next_seq()) > 0
    store.close()
