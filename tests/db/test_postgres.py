"""PostgreSQL keeps what SQLite keeps, in the same shape and the same order, and tells what it cannot keep."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from server.admin.store import invariants
from server.audit.store import heads
from server.audit.store.heads import Head
from server.db import database, migrations
from server.db.database import Database
from server.db.folder import FILE_NAME
from server.db.postgres import locks, schema
from server.db.postgres.engine import PostgresEngine
from server.db.postgres.failures import PostgresError
from server.db.sql import EngineError
from server.db.sqlite.engine import SqliteEngine
from server.errors import Busy, DatabaseTooNew, Invalid, NotFound, Unavailable
from tests import postgres_server
from tests.db import ddl_of_postgres
from tests.db.cut_line import Cut
from tests.db.test_writer import Gate

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

WRITERS, WRITES = 4, 25
PATIENCE = 100

COLUMNS = """
SELECT table_name, column_name, data_type, is_nullable, column_default, collation_name
  FROM information_schema.columns WHERE table_schema = %s
"""
CONSTRAINTS = """
SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
 WHERE connamespace = to_regnamespace(%s) AND contype <> 'n'
"""
INDEXES = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = %s"
OF_POSTGRES_ALONE = {"label_search", "secret", "migration"}


@pytest.fixture
def connection() -> Iterator[psycopg.Connection]:
    postgres_server.require()
    with psycopg.connect(postgres_server.database_url(), autocommit=True) as opened:
        yield opened


@pytest.fixture
def engine(connection, tmp_path: Path) -> Iterator[PostgresEngine]:
    """An empty county of one's own."""
    made = PostgresEngine(postgres_server.database_url(), "130630", tmp_path)
    made.create("a" * 32)
    yield made
    connection.execute("DROP SCHEMA c130630 CASCADE")


@pytest.fixture
def store(engine) -> Iterator[Database]:
    opened = database.open_threaded(engine.folder, engine=engine)
    yield opened
    opened.close()


def keep(name: str, value: str = ""):
    def work(tx):
        tx.sql.run("INSERT INTO setting (name, value) VALUES (:name, :value)", {"name": name, "value": value})
        return tx.next_seq()

    return work


def kept(store: Database) -> set[str]:
    with store.reading() as reading:
        return {row["name"] for row in reading.sql.rows("SELECT name FROM setting WHERE name <> 'epoch'")}


def shape(connection: psycopg.Connection, name: str) -> dict[str, set[tuple[object, ...]]]:
    """Return what the catalogue says of a schema, without its name."""
    connection.execute("SELECT set_config('search_path', %s, false)", (name,))
    found = {}
    for what, query in (("columns", COLUMNS), ("keys", CONSTRAINTS), ("indexes", INDEXES)):
        rows = connection.execute(query, (name,)).fetchall()
        named = [tuple(str(part).replace(f"{name}.", "") for part in row) for row in rows]
        found[what] = {row for row in named if row[0] not in OF_POSTGRES_ALONE}
    return found


def test_tables_columns_keys_and_indexes_of_both_engines_are_the_same(connection, engine, tmp_path):
    SqliteEngine(tmp_path / "sqlite").folder.mkdir()
    SqliteEngine(tmp_path / "sqlite").create("a" * 32)
    connection.execute("CREATE SCHEMA of_sqlite")
    connection.execute("SET search_path = of_sqlite")
    for statement in ddl_of_postgres.statements(tmp_path / "sqlite" / FILE_NAME):
        connection.execute(statement)

    wanted, found = shape(connection, "of_sqlite"), shape(connection, engine.schema)
    connection.execute("DROP SCHEMA of_sqlite CASCADE")

    for what in wanted:
        assert found[what] - wanted[what] == set(), f"only PostgreSQL has these {what}"
        assert wanted[what] - found[what] == set(), f"PostgreSQL lacks these {what}: write NNNN_name.postgres.sql"


def test_every_step_is_in_the_baseline_or_has_a_file_for_postgres():
    for step in migrations.STEPS:
        assert step in schema.held_by_baseline() or schema.script(step)


def test_a_second_county_under_one_code_is_refused_and_another_code_is_another_county(connection, engine):
    with pytest.raises(Busy, match="c130630"):
        engine.create("b" * 32)
    other = PostgresEngine(postgres_server.database_url(), "130631", engine.folder)
    with pytest.raises(NotFound, match="firegrid init"):
        other.migrate()

    other.create("b" * 32)

    assert other.secret() != engine.secret()
    other.drop()


def test_a_newer_schema_is_left_alone(connection, engine):
    connection.execute("INSERT INTO c130630.migration (name, applied_at) VALUES ('9999_later', '')")

    with pytest.raises(DatabaseTooNew):
        engine.migrate()


def test_a_text_that_is_not_compared_byte_by_byte_is_refused_with_its_cure(connection, engine):
    connection.execute('ALTER TABLE c130630.area ALTER COLUMN name TYPE text COLLATE "default"')

    with pytest.raises(Invalid, match=r'ALTER TABLE c130630\.area ALTER COLUMN name TYPE text COLLATE "C"'):
        engine.migrate()


def test_a_missing_right_is_told_with_its_cure(connection, engine):
    connection.execute("CREATE USER stranger")
    url = postgres_server.database_url()
    host = url.split("@")[1]
    stranger = PostgresEngine(f"postgresql://stranger@{host}", "130630", engine.folder)

    with pytest.raises(Invalid, match="ALTER SCHEMA c130630 OWNER TO stranger"):
        stranger.migrate()
    with pytest.raises(Invalid, match="GRANT CREATE ON DATABASE"):
        PostgresEngine(f"postgresql://stranger@{host}", "130632", engine.folder).create("c" * 32)
    connection.execute("DROP USER stranger")


def test_a_database_that_is_not_there_is_told_with_its_cure(engine):
    address, _, _ = postgres_server.database_url().rpartition("/")

    with pytest.raises(Unavailable, match="CREATE DATABASE"):
        PostgresEngine(f"{address}/nowhere", "130630", engine.folder).migrate()
    with pytest.raises(Unavailable, match="数据库是否在运行"):
        PostgresEngine("postgresql://firegrid@127.0.0.1:1/nowhere", "130630", engine.folder).migrate()


def test_a_character_that_it_cannot_keep_is_told_and_its_neighbours_are_kept(store):
    store.write(keep("before"))

    with pytest.raises(Invalid, match=r"U\+0000"):
        store.write(keep("zero", "a\0b"))

    store.write(keep("after"))
    assert kept(store) == {"before", "after"}


def test_what_is_compared_and_summed_comes_back_as_from_sqlite(store):
    with store.reading() as reading:
        row = reading.sql.find(
            "SELECT SUM(value) AS total, COUNT(*) = 3 AS is_so, SUM(value) * 1.5 AS part, 7 / 2 AS whole FROM counter"
        )

    assert row == {"total": 0, "is_so": 1, "part": 0.0, "whole": 3}
    assert {name: type(value) for name, value in row.items()} == {
        "total": int, "is_so": int, "part": float, "whole": int}  # fmt: skip


def test_numbers_follow_the_order_of_commits_whoever_writes(engine):
    stores = [database.open_inline(engine.folder, engine=engine) for _ in range(WRITERS)]
    watcher = database.open_inline(engine.folder, engine=engine)
    seen, done = [0], threading.Event()

    def watch() -> list[int]:
        skipped = []
        while not done.is_set():
            with watcher.reading() as reading:
                found = [
                    int(row["value"]) for row in reading.sql.rows("SELECT value FROM setting WHERE name LIKE 'w%'")
                ]
            skipped += [each for each in found if each <= seen[0] and each not in known]
            known.update(found)
            seen[0] = max(found, default=0)
        return skipped

    known: set[int] = set()

    def number(tx, of: str) -> int:
        seq = tx.next_seq()
        keep(f"w{of}", str(seq))(tx)
        return seq

    def write(which: int) -> None:
        for at in range(WRITES):
            stores[which].write(lambda tx, at=at: number(tx, f"{which}-{at}"))

    with ThreadPoolExecutor(WRITERS + 1) as pool:
        watching = pool.submit(watch)
        for each in [pool.submit(write, which) for which in range(WRITERS)]:
            each.result()
        done.set()
        assert watching.result() == []
    assert len(kept(watcher)) == WRITERS * WRITES
    for each in (*stores, watcher):
        each.close()


def test_instants_follow_the_order_of_commits_whoever_writes(engine):
    """The clock is read once the county's lock is held: what another process has written then is never of later."""
    stores = [database.open_threaded(engine.folder, engine=engine) for _ in range(2)]

    def number(tx) -> tuple[int, str]:
        seq = tx.next_seq()
        keep(f"number-{seq}", str(seq))(tx)
        return seq, tx.now

    with ThreadPoolExecutor(2 * WRITERS) as pool:  # several for each, so that a commit has works that began later
        told = sorted(pool.map(lambda at: stores[at % 2].write(number), range(WRITERS * WRITES)))
    for each in stores:
        each.close()

    assert [now for _, now in told] == sorted(now for _, now in told)


def test_a_server_that_ends_a_connection_loses_nothing_that_was_told_kept(connection, store):
    told = set()
    for at in range(12):
        if at % 3 == 2:
            _end_connections(connection)
        try:
            store.write(keep(f"n{at}"))
        except Unavailable:
            continue
        told.add(f"n{at}")

    assert told
    assert told <= kept_after_losses(store)


def kept_after_losses(store: Database) -> set[str]:
    for _ in range(30):
        try:
            return kept(store)
        except Unavailable:
            continue
    raise AssertionError("the readers never came back")


def test_a_check_whose_connection_is_lost_finds_nothing_broken(connection, store):
    with store.reading() as reading:
        connection.execute("SELECT pg_terminate_backend(%s)", (reading.sql.value("SELECT pg_backend_pid()"),))

        with pytest.raises(PostgresError):
            list(invariants.broken(reading))
        with pytest.raises(PostgresError):
            list(heads.contradicted(reading, [Head("2026-11-24", 1, "0" * 64, "a" * 32)]))


def test_a_commit_whose_answer_is_lost_is_unknown_and_is_not_carried_out_again(engine, store):
    carried_out = []
    host, _, name = postgres_server.database_url().rpartition("/")
    user, _, port = host.rpartition(":")
    line = Cut(int(port))
    over = PostgresEngine(f"{user}:{line.port}/{name}", "130630", engine.folder)
    far = database.open_threaded(engine.folder, engine=over)

    def work(tx) -> None:
        carried_out.append(1)
        keep("once")(tx)

    with pytest.raises(Unavailable, match="不知道是否已保存"):
        far.write(work)

    assert carried_out == [1]
    far.close()
    line.close()
    for _ in range(PATIENCE):
        if "once" in kept(store):
            break
        time.sleep(0.05)
    assert kept(store) == {"once"}


def test_of_works_that_share_a_commit_one_that_fails_while_it_waits_is_undone_alone(store):
    def twice(tx) -> None:
        for _ in range(2):  # the second waits in the queue, and fails there
            tx.sql.put("INSERT INTO setting (name, value) VALUES ('twice', '')")

    with Gate(store) as gate:
        first, wrong, last = gate.queue(keep("a"), twice, keep("b"))

    assert isinstance(wrong.exception(), EngineError)
    assert last.result() > first.result() > 0
    assert kept(store) == {"a", "b"}


def test_what_waits_in_the_queue_is_seen_by_the_next_read_and_counted_by_the_next_run(store):
    def work(tx) -> tuple[int, int]:
        tx.sql.put("INSERT INTO setting (name, value) VALUES ('n1', '')")
        tx.sql.put("INSERT INTO setting (name, value) VALUES ('n2', '')")
        seen = tx.sql.value("SELECT COUNT(*) FROM setting WHERE name LIKE 'n%'")
        tx.sql.put("INSERT INTO setting (name, value) VALUES ('n3', '')")
        return seen, tx.sql.run("UPDATE setting SET value = 'x' WHERE name LIKE 'n%'")

    with Gate(store) as gate:
        told, _ = gate.queue(work, keep("other"))

    assert told.result() == (2, 3)


def test_one_process_at_a_time_has_a_task_and_who_serves_is_known(engine):
    def other() -> PostgresEngine:
        return PostgresEngine(postgres_server.database_url(), "130630", engine.folder)

    with engine.one_at_a_time("timers") as first, other().one_at_a_time("timers") as second:
        assert (first, second) == (True, False)
    with other().one_at_a_time("timers") as later:
        assert later

    assert not other().is_served_elsewhere()
    with engine.serving():
        assert not engine.is_served_elsewhere()  # it is this process that serves
        with engine.alone():
            pass
        with psycopg.connect(postgres_server.database_url(), autocommit=True) as elsewhere:
            locks.be_present(elsewhere, engine.schema)
            assert engine.is_served_elsewhere()
            with pytest.raises(Busy), engine.alone():
                pass


def test_a_process_that_serves_says_so_again_once_its_connection_was_lost(connection, engine, monkeypatch):
    monkeypatch.setattr(locks, "LOOK_S", 0.05)
    other = PostgresEngine(postgres_server.database_url(), "130630", engine.folder / "other")
    with ExitStack() as stack:
        stack.enter_context(engine.serving())
        _end_connections(connection)
        assert not engine.is_served_elsewhere()  # by another connection at once, where it is asked for
        _end_connections(connection)
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr("server.db.postgres.engine._SERVED_HERE", {})  # as another process sees it
            _wait_until(other.is_served_elsewhere)
            assert other.is_served_elsewhere()


def test_a_process_that_serves_and_was_cut_off_just_now_is_not_taken_for_gone(connection, engine, monkeypatch):
    other = PostgresEngine(postgres_server.database_url(), "130630", engine.folder / "other")
    with engine.serving(), monkeypatch.context() as elsewhere:
        elsewhere.setattr("server.db.postgres.engine._SERVED_HERE", {})  # as another process sees it
        _end_connections(connection)

        with pytest.raises(Busy), other.alone():
            pass

        _wait_until(other.is_served_elsewhere)  # it says so again: the lock is let go
        assert other.is_served_elsewhere()
    _wait_until(lambda: not other.is_served_elsewhere())  # PostgreSQL ends its side of a connection after ours
    with other.alone():  # nobody is left
        pass


def _wait_until(is_so: Callable[[], bool]) -> None:
    """Wait until it is so, for a while: whoever calls says what is to be so then."""
    for _ in range(PATIENCE):
        if is_so():
            return
        time.sleep(0.05)


def _end_connections(connection: psycopg.Connection) -> None:
    connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
