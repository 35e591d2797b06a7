"""Many requests share one commit: nobody is told "kept" before it is durable, and nobody pays for another's fault."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.db import database
from server.db.commits import Job, commit
from server.db.database import Database
from server.db.sqlite.engine import SqliteConnection, SqliteEngine
from server.db.transactions import Transaction
from server.db.writer import BATCH_MAX, Request
from server.errors import DiskFull, Refusal, Unavailable
from tests.laws import examples

pytestmark = pytest.mark.sqlite

PATIENCE_S = 30


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    database.create(tmp_path)
    opened = database.open_threaded(tmp_path)
    yield opened
    opened.close()


class Gate:
    """Holds the writer in one work, so that what is queued meanwhile shares the next commit."""

    def __init__(self, store: Database) -> None:
        self._store = store
        self._entered, self._open = threading.Event(), threading.Event()
        self._pool = ThreadPoolExecutor(BATCH_MAX * 2)

    def __enter__(self) -> Gate:
        self._pool.submit(self._store.write, self._wait)
        assert self._entered.wait(PATIENCE_S)
        return self

    def __exit__(self, *exception: object) -> None:
        self._open.set()
        self._pool.shutdown(wait=True)

    def queue(self, *works: Callable[[Transaction], object]) -> list[Future]:
        """Queue works in this order, each by a thread of its own."""
        futures = []
        for work in works:
            before = self._store.queue_length()
            futures.append(self._pool.submit(self._store.write, work))
            while self._store.queue_length() == before:
                assert not futures[-1].done()
        return futures

    def _wait(self, tx: Transaction) -> None:
        self._entered.set()
        assert self._open.wait(PATIENCE_S)


def keep(name: str) -> Callable[[Transaction], str]:
    def work(tx: Transaction) -> str:
        tx.sql.run("INSERT INTO setting (name, value) VALUES (:name, '')", {"name": name})
        return name

    return work


def refuse(tx: Transaction) -> None:
    keep("undone")(tx)
    raise Refusal("不行。")


def overfill(tx: Transaction) -> None:
    """Ask for more room than the disk has."""
    room = tx.sql.value("PRAGMA page_count") + 8
    tx.sql.value(f"PRAGMA max_page_count = {room}")
    try:
        tx.sql.run("INSERT INTO setting (name, value) VALUES ('big', :value)", {"value": "x" * 1_000_000})
    finally:
        tx.sql.value("PRAGMA max_page_count = 1073741823")


def be_hindered(tx: Transaction) -> None:
    """Find the disk read-only for a moment."""
    tx.sql.run("PRAGMA query_only = ON")
    try:
        keep("hindered")(tx)
    finally:
        tx.sql.run("PRAGMA query_only = OFF")


def spoil_the_commit(tx: Transaction) -> None:
    """Leave something behind that the engine refuses only at COMMIT."""
    tx.sql.run("PRAGMA defer_foreign_keys = ON")
    tx.sql.run(
        "INSERT INTO duty (id, person, role, area, starts_at, ends_at) VALUES ('d', 'nobody', 'r', 'none', '', '')"
    )


def kept(store: Database) -> list[str]:
    with store.reading() as reading:
        rows = reading.sql.rows("SELECT name FROM setting WHERE name <> 'epoch' ORDER BY name")
    return [row["name"] for row in rows]


def commits(store: Database) -> int:
    """Return a number that rises with every commit that somebody else made."""
    with store.reading() as reading:
        return int(reading.sql.value("PRAGMA data_version"))


def test_works_that_wait_share_one_commit(store):
    with Gate(store) as gate:
        before = commits(store)
        futures = gate.queue(*(keep(f"n{number:02}") for number in range(20)))

    assert [future.result() for future in futures] == kept(store)
    assert commits(store) - before <= 2


def test_more_works_than_fit_one_commit_are_all_kept(store):
    with Gate(store) as gate:
        futures = gate.queue(*(keep(f"n{number:03}") for number in range(BATCH_MAX + 20)))

    assert len(kept(store)) == BATCH_MAX + 20
    assert all(future.exception() is None for future in futures)


def test_one_refused_work_leaves_its_neighbours_kept(store):
    with Gate(store) as gate:
        first, refused, last = gate.queue(keep("a"), refuse, keep("b"))

    assert (first.result(), last.result()) == ("a", "b")
    assert isinstance(refused.exception(), Refusal)
    assert kept(store) == ["a", "b"]


def test_a_work_that_is_done_again_numbers_and_keeps_once(store):
    numbers: list[int] = []

    def numbered(tx: Transaction) -> int:
        numbers.append(tx.next_seq())
        keep(f"n{numbers[-1]}")(tx)
        return numbers[-1]

    with Gate(store) as gate:
        told, _ = gate.queue(numbered, refuse)

    assert len(numbers) == 2
    assert kept(store) == [f"n{told.result()}"]


def test_a_work_that_the_engine_cannot_take_is_told_to_try_again_and_its_neighbours_are_kept(store):
    with Gate(store) as gate:
        first, hindered, last = gate.queue(keep("a"), be_hindered, keep("b"))

    assert isinstance(hindered.exception(), Unavailable)
    assert isinstance(hindered.exception().__cause__, sqlite3.OperationalError)
    assert (first.result(), last.result()) == ("a", "b")
    assert kept(store) == ["a", "b"]


def test_when_the_disk_is_full_nobody_in_the_commit_is_told_kept_and_nothing_is(store):
    with Gate(store) as gate:
        futures = gate.queue(keep("a"), overfill, keep("b"))

    assert {type(future.exception()) for future in futures} == {DiskFull}
    assert kept(store) == []


def test_when_the_commit_fails_nobody_in_it_is_told_kept_and_nothing_is(store):
    with Gate(store) as gate:
        futures = gate.queue(keep("a"), spoil_the_commit, keep("b"))

    assert {type(future.exception()) for future in futures} == {Unavailable}
    assert kept(store) == []


def test_after_a_failed_commit_the_next_work_is_kept(store):
    with pytest.raises(Unavailable):
        store.write(spoil_the_commit)

    store.write(keep("a"))

    assert kept(store) == ["a"]


def test_an_error_nobody_foresaw_is_raised_where_it_belongs(store):
    with pytest.raises(ZeroDivisionError):
        store.write(lambda tx: 1 // 0)

    store.write(keep("a"))
    assert kept(store) == ["a"]


def test_closing_finishes_what_is_queued_and_refuses_what_comes_later(store):
    with Gate(store) as gate:
        futures = gate.queue(keep("a"), keep("b"))
        closing = threading.Thread(target=store.close)
        closing.start()
    closing.join(PATIENCE_S)

    assert [future.result() for future in futures] == ["a", "b"]
    with pytest.raises(Unavailable):
        store.write(keep("later"))
    with pytest.raises(Unavailable):
        store.run_in_writer(Request(lambda: None, lambda: None))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_writer_that_ends_of_a_fault_nobody_foresaw_leaves_nobody_waiting(store, monkeypatch):
    def broken(*_: object) -> None:
        raise OSError("a fault of the machine")

    with Gate(store) as gate:
        futures = gate.queue(keep("a"), keep("b"))
        monkeypatch.setattr("server.db.writer.commit", broken)

    told = [future.exception(PATIENCE_S) for future in futures]
    assert [type(each) for each in told] == [Unavailable, Unavailable]
    with pytest.raises(Unavailable):
        store.write(keep("later"))
    store.close()


def test_a_work_may_not_ask_for_another_commit(store):
    with pytest.raises(RuntimeError, match="another commit"):
        store.write(lambda tx: store.write(keep("inner")))

    assert kept(store) == []


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder = tmp_path_factory.mktemp("shared") / "data"
    database.create(folder)
    opened = database.open_threaded(folder)
    yield opened
    opened.close()


WORKS: dict[str, Callable[[int], Callable[[Transaction], object]]] = {
    "keep": lambda at: keep(f"n{at:02}"),
    "number": lambda _: Transaction.next_seq,
    "refuse": lambda _: refuse,
    "be hindered": lambda _: be_hindered,
    "overfill": lambda _: overfill,
    "spoil the commit": lambda _: spoil_the_commit,
}
LOSE_ALL = {"overfill", "spoil the commit"}


@settings(max_examples=examples(60))
@given(kinds=st.lists(st.sampled_from([*WORKS]), max_size=12))
def test_whatever_shares_a_commit_every_answer_is_true(shared, kinds):
    shared.write(lambda tx: tx.sql.run("DELETE FROM setting WHERE name <> 'epoch'"))
    with Gate(shared) as gate:
        futures = gate.queue(*(WORKS[kind](at) for at, kind in enumerate(kinds)))
    answers = [(kind, future.exception() or future.result()) for kind, future in zip(kinds, futures, strict=True)]

    told_kept = [answer for kind, answer in answers if kind == "keep" and not isinstance(answer, Exception)]
    numbers = [answer for kind, answer in answers if kind == "number" and not isinstance(answer, Exception)]
    assert told_kept == kept(shared)
    assert numbers == sorted(set(numbers))
    for kind, answer in answers:
        lost = isinstance(answer, Unavailable)
        assert lost == (kind == "be hindered" or bool(LOSE_ALL & set(kinds)))
        assert lost or isinstance(answer, Refusal) == (kind == "refuse")


def test_a_disk_that_cannot_even_undo_ends_nobody_but_those_who_wait(tmp_path):
    class Failing:
        """A connection to a disk that has gone."""

        in_transaction = True

        def execute(self, sql):
            raise sqlite3.OperationalError(f"disk I/O error at {sql}")

    jobs = [Job(lambda tx: 1), Job(lambda tx: 2)]

    engine = SqliteEngine(tmp_path)
    commit(SqliteConnection(SimpleNamespace(conn=Failing()), engine), jobs, lambda sql: None, engine.turn())

    assert {type(job.error) for job in jobs} == {Unavailable}
