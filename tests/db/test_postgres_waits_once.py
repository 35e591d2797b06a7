"""A commit of many works on PostgreSQL waits once for all that they ask, and they are told what they would be alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from server.db.commits import Job, WithLookups, commit
from server.db.database import beginning, new_uuid, system_clock
from server.db.postgres.engine import PostgresEngine
from server.db.postgres.rows import ROWS_MAX
from server.db.postgres.statements import PostgresSql
from server.db.sql import InsertInto, Lookup
from server.db.transactions import Transaction
from tests import postgres_server
from tests.laws import examples
from tests.source_tree import modules

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

PLAIN = InsertInto("setting", "name", "value")
NAMES = ("a", "b", "c")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresEngine]:
    postgres_server.require()
    made = PostgresEngine(postgres_server.database_url(), "130633", Path(tmp_path_factory.mktemp("county")))
    made.create("a" * 32)
    yield made
    made.drop()


def carried_out(engine: PostgresEngine, works: list[Callable[[Transaction], object]]) -> list[object]:
    """Carry works out in one commit; return the result of each, or its error."""
    connection = engine.connect()
    try:
        jobs = [Job(work) for work in works]
        commit(connection, jobs, beginning(system_clock, {}, new_uuid), engine.turn())
    finally:
        connection.close()
    return [job.error or job.result for job in jobs]


def asking(name: str) -> WithLookups[bool]:
    """Ask whether a setting is there, and say so beforehand."""
    lookup = Lookup("SELECT EXISTS (SELECT 1 FROM setting WHERE name = :name)", {"name": name}, (name,))
    return WithLookups(lambda tx: bool(tx.sql.value(lookup.sql, lookup.parameters)), lambda: [lookup])


def counting() -> WithLookups[int]:
    """Ask something that each row of the table may change."""
    lookup = Lookup("SELECT COUNT(*) FROM setting WHERE name <> 'epoch'")
    return WithLookups(lambda tx: int(tx.sql.value(lookup.sql)), lambda: [lookup])


def adding(name: str) -> Callable[[Transaction], object]:
    return lambda tx: tx.sql.insert(PLAIN, (name, ""))


def putting(name: str) -> Callable[[Transaction], object]:
    sql = "INSERT INTO setting (name, value) VALUES (:name, '') ON CONFLICT (name) DO NOTHING"
    return lambda tx: tx.sql.put(sql, {"name": name})


def deleting(name: str) -> Callable[[Transaction], object]:
    return lambda tx: tx.sql.put("DELETE FROM setting WHERE name = :name", {"name": name})


STEPS = st.tuples(st.sampled_from(("ask", "count", "add", "put", "delete")), st.sampled_from(NAMES))
WORKS = {"ask": asking, "count": lambda _: counting(), "add": adding, "put": putting, "delete": deleting}


@settings(max_examples=examples(40))
@example(
    [
        ("ask", "a"),
        ("add", "a"),
        ("ask", "a"),
        ("count", "a"),
        ("delete", "a"),
        ("ask", "a"),
        ("put", "a"),
        ("ask", "a"),
    ]
)
@example([("count", "a"), ("add", "a"), ("count", "a"), ("add", "a"), ("ask", "b"), ("add", "b")])
@given(st.lists(STEPS, min_size=1, max_size=12))
def test_each_work_is_told_what_those_before_it_have_left(engine, steps):
    for name in NAMES:
        carried_out(engine, [deleting(name)])
    there: set[str] = set()
    wanted: list[object] = []
    for step, name in steps:
        if step == "add" and name in there:
            wanted.append("refused")  # the key is taken; this work alone is undone
            continue
        wanted.append({"ask": name in there, "count": len(there)}.get(step))
        there |= {name} if step in ("add", "put") else set()
        there -= {name} if step == "delete" else set()

    found = carried_out(engine, [WORKS[step](name) for step, name in steps])

    assert ["refused" if isinstance(each, Exception) else each for each in found] == wanted


def test_rows_that_wait_go_many_at_a_time_and_all_arrive(engine, monkeypatch):
    sent = []
    insert = PostgresSql._insert
    monkeypatch.setattr(
        PostgresSql, "_insert", lambda sql, text, values: (sent.append(text), insert(sql, text, values))[1]
    )
    number = ROWS_MAX + 7

    found = carried_out(engine, [adding(f"row {at}") for at in range(number)])

    assert found == [None] * number
    assert len(sent) <= 6
    assert carried_out(engine, [counting()])[0] >= number


def test_a_row_that_cannot_be_kept_is_undone_alone_though_it_went_with_others(engine):
    nul, kept = carried_out(engine, [adding("nul \0"), adding("neighbour")])

    assert "U+0000" in str(nul)
    assert kept is None
    assert carried_out(engine, [asking("neighbour")]) == [True]


def test_null_goes_into_a_column_as_well_as_a_value(engine):
    change = InsertInto("change", "id", "record", "type", "author", "content", "verdict", "version", "conflicts",
                        "received_at")  # fmt: skip

    def work(tx: Transaction) -> None:
        for at, version in enumerate((None, 7, None)):
            tx.sql.insert(change, (f"c{at}", "r", "t", "a", "x", "applied", version, "", "2026"))

    assert carried_out(engine, [work]) == [None]

    rows = carried_out(engine, [lambda tx: [*tx.sql.tuples("SELECT version FROM change ORDER BY id")]])[0]
    assert rows == [(None,), (7,), (None,)]


def test_nothing_writes_to_a_table_that_its_statement_does_not_name(engine):
    with psycopg.connect(postgres_server.database_url()) as connection:
        triggers = connection.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal").fetchall()
        cascades = connection.execute(
            "SELECT conname FROM pg_constraint WHERE contype = 'f' AND connamespace = to_regnamespace(%s)"
            " AND (confdeltype NOT IN ('a', 'r') OR confupdtype NOT IN ('a', 'r'))",
            (engine.schema,),
        ).fetchall()

    assert triggers == cascades == []


def test_a_table_of_plain_rows_has_no_key_to_another(engine):
    tables = {name for source in modules().values() for name in re.findall(r'InsertInto\(\s*"(\w+)"', source.text)}
    with psycopg.connect(postgres_server.database_url()) as connection:
        connection.execute("SELECT set_config('search_path', %s, false)", (engine.schema,))
        keys = connection.execute("SELECT conrelid::regclass::text FROM pg_constraint WHERE contype = 'f'").fetchall()

    assert {"record", "revision", "submission", "change"} <= tables
    assert tables & {table for (table,) in keys} == set()
