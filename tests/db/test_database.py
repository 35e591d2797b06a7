"""One file, one writer, readers beside it: what the store promises of opening, reading, numbering and remembering."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import RFC_4122, UUID

import pytest

from server.db import database, migrations
from server.db.database import Database
from server.db.folder import FILE_NAME
from server.db.locks import serving
from server.db.sqlite.connections import connect, migrate
from server.db.transactions import Reading, Transaction
from server.errors import Busy, Damaged, DatabaseTooNew, NotFound, Refusal

pytestmark = pytest.mark.sqlite

OPENERS = {"inline": database.open_inline, "threaded": database.open_threaded}
NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)


@pytest.fixture(params=OPENERS)
def store(request, tmp_path: Path) -> Iterator[Database]:
    """A store of each kind: every promise below holds for both."""
    database.create(tmp_path / "data")
    opened = OPENERS[request.param](tmp_path / "data", clock=lambda: NOON)
    yield opened
    opened.close()


def keep(name: str, value: str = "1"):
    """Return a work that keeps a setting."""

    def work(tx: Transaction) -> str:
        tx.sql.run("INSERT INTO setting (name, value) VALUES (:name, :value)", {"name": name, "value": value})
        return name

    return work


def kept(store: Database) -> set[str]:
    with store.reading() as reading:
        return {row["name"] for row in reading.sql.rows("SELECT name FROM setting WHERE name <> 'epoch'")}


def test_a_folder_is_made_with_an_empty_database_that_can_be_opened(tmp_path):
    database.create(tmp_path / "deep" / "data")

    store = database.open_inline(tmp_path / "deep" / "data")
    with store.reading() as reading:
        assert reading.sql.value("SELECT COUNT(*) FROM record") == 0
    store.close()


def test_a_second_database_in_one_folder_is_refused_and_the_first_stays(tmp_path):
    database.create(tmp_path)
    before = (tmp_path / FILE_NAME).read_bytes()

    with pytest.raises(Busy, match="已有数据库"):
        database.create(tmp_path)

    assert (tmp_path / FILE_NAME).read_bytes() == before


@pytest.mark.parametrize("open_", OPENERS.values(), ids=OPENERS)
def test_a_folder_without_a_database_names_the_command_that_makes_one(open_, tmp_path):
    with pytest.raises(NotFound, match="firegrid init"):
        open_(tmp_path)


@pytest.mark.parametrize("open_", OPENERS.values(), ids=OPENERS)
def test_a_database_of_a_newer_firegrid_is_not_opened(open_, tmp_path):
    database.create(tmp_path)
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('firegrid', '9999_later', '')"
        )
    connection.close()

    with pytest.raises(DatabaseTooNew, match="升级") as refused:
        open_(tmp_path)

    assert refused.value.data == {"steps": ["9999_later"]}


@pytest.mark.parametrize("open_", OPENERS.values(), ids=OPENERS)
def test_a_file_that_is_no_database_is_called_damaged_and_left_as_it_is(open_, tmp_path):
    (tmp_path / FILE_NAME).write_bytes(b"something else" * 1000)

    with pytest.raises(Damaged, match="已损坏"):
        open_(tmp_path)

    assert (tmp_path / FILE_NAME).read_bytes() == b"something else" * 1000


def test_an_older_database_is_copied_aside_before_it_is_migrated(tmp_path):
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.execute("CREATE TABLE old (x)")
    connection.close()

    migrate(tmp_path)

    assert _tables(tmp_path / "firegrid.db.before-0001_foundations") == {"old"}
    assert {"old", "record", "revision"} <= _tables(tmp_path / FILE_NAME)


def test_an_older_database_that_another_process_serves_is_left_as_it_is(tmp_path):
    older = connect(tmp_path / FILE_NAME)
    migrations.migrations().apply(older, stop_before=migrations.STEPS[-1])
    older.close()
    hold = (
        "from pathlib import Path; from server.db.locks import serving\n"
        f"with serving(Path({str(tmp_path)!r})): print('held', flush=True); input()"
    )
    server = subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert server.stdout.readline() == "held\n"

    with pytest.raises(Busy, match="先停止"):
        migrate(tmp_path)
    server.communicate("\n", timeout=60)
    with serving(tmp_path):
        migrate(tmp_path)

    assert len(list(tmp_path.glob("*.before-*"))) == 1


def test_a_database_of_today_is_opened_without_a_copy(tmp_path):
    database.create(tmp_path)

    migrate(tmp_path)

    assert list(tmp_path.glob("*.before-*")) == []


def test_what_is_written_is_returned_and_read_by_the_next_reading(store):
    assert store.write(keep("a")) == "a"
    assert kept(store) == {"a"}


def test_a_refused_work_is_undone_and_its_refusal_raised_as_it_is(store):
    refusal = Refusal("不行。", field="x")

    def work(tx: Transaction) -> None:
        keep("a")(tx)
        raise refusal

    with pytest.raises(Refusal) as raised:
        store.write(work)

    assert raised.value is refusal
    assert kept(store) == set()


def test_a_reading_does_not_see_what_is_committed_while_it_lasts(store):
    store.write(keep("before"))
    with store.reading() as reading:
        count = "SELECT COUNT(*) FROM setting WHERE name <> 'epoch'"
        first = reading.sql.value(count)

        store.write(keep("meanwhile"))

        assert (first, reading.sql.value(count)) == (1, 1)
    assert kept(store) == {"before", "meanwhile"}


def test_a_reading_cannot_write(store):
    with store.reading() as reading, pytest.raises(sqlite3.OperationalError, match="readonly"):
        reading.sql.run("DELETE FROM setting")


def test_a_transaction_has_one_clock(store):
    first, second = store.write(lambda tx: (tx.now, tx.now))

    assert first == second == "2026-11-24T04:00:00.000Z"


def test_ids_made_one_after_the_other_stand_near_each_other_in_an_index_and_never_meet():
    before = time.time_ns() // 1_000_000
    made = [database.new_uuid() for _ in range(1000)]
    after = time.time_ns() // 1_000_000

    assert len(set(made)) == 1000
    assert [str(UUID(id)) for id in made] == made
    assert {(UUID(id).version, UUID(id).variant) for id in made} == {(7, RFC_4122)}
    moments = [UUID(id).int >> 80 for id in made]
    assert [before, *moments, after] == sorted([before, *moments, after])


def test_numbers_rise_from_commit_to_commit_whoever_was_undone_between(store):
    def refused(tx: Transaction) -> None:
        tx.next_seq()
        raise Refusal("不行。")

    first = store.write(lambda tx: (tx.next_seq(), tx.next_seq()))
    with pytest.raises(Refusal):
        store.write(refused)
    second = store.write(lambda tx: tx.next_seq())

    assert first[0] < first[1] < second


def test_numbers_go_on_where_they_stood_when_the_store_is_opened_again(store):
    before = store.write(lambda tx: tx.next_seq())
    store.close()

    again = database.open_inline(store.folder)

    assert again.write(lambda tx: tx.next_seq()) > before
    again.close()


def test_what_is_made_from_the_configuration_is_made_once_until_the_configuration_changes(store):
    made: list[int] = []

    def look() -> int:
        with store.reading() as reading:
            return reading.cached("key", lambda _: made.append(1) or len(made))

    assert (look(), look()) == (1, 1)
    store.write(lambda tx: tx.configuration_changed())
    assert (look(), look()) == (2, 2)


def test_what_is_found_by_key_is_looked_up_once_for_each_key_until_the_configuration_changes(store):
    asked: list[list[str]] = []

    def look(*keys: str) -> dict[str, str]:
        def find(_: Reading, missing: list[str]) -> dict[str, str]:
            asked.append(missing)
            return {key: f"name of {key}" for key in missing if key != "unknown"}

        with store.reading() as reading:
            return reading.cached_each("names", keys, find)

    assert look("a", "b") == {"a": "name of a", "b": "name of b"}
    assert look("b", "c", "b") == {"b": "name of b", "c": "name of c"}
    assert look("unknown") == look("unknown") == {}
    assert asked == [["a", "b"], ["c"], ["unknown"], ["unknown"]]
    store.write(lambda tx: tx.configuration_changed())
    assert look("a") == {"a": "name of a"} and asked[-1] == ["a"]


def test_another_process_that_changes_the_configuration_is_noticed(store):
    with store.reading() as reading:
        reading.cached("key", lambda _: "old")

    beside = database.open_inline(store.folder)
    beside.write(lambda tx: tx.configuration_changed())
    beside.close()

    with store.reading() as reading:
        assert reading.cached("key", lambda _: "new") == "new"


def test_what_an_undone_change_of_the_configuration_made_is_never_shown(store):
    def undone(tx: Transaction) -> None:
        tx.configuration_changed()
        assert tx.cached("key", lambda _: "of the undone change") == "of the undone change"
        raise Refusal("不行。")

    with pytest.raises(Refusal):
        store.write(undone)
    store.write(lambda tx: tx.configuration_changed())

    with store.reading() as reading:
        assert reading.cached("key", lambda _: "of what is") == "of what is"


def test_two_stores_on_one_folder_take_turns(store):
    beside = database.open_inline(store.folder)

    for number in range(5):
        store.write(keep(f"a{number}"))
        beside.write(keep(f"b{number}"))
    beside.close()

    assert len(kept(store)) == 10


def test_a_folder_is_served_once_at_a_time(tmp_path):
    with serving(tmp_path), pytest.raises(Busy, match="正在使用"), serving(tmp_path):
        pass
    with serving(tmp_path):
        pass


@pytest.mark.parametrize("open_", OPENERS.values(), ids=OPENERS)
def test_a_store_that_is_closed_leaves_no_file_open(open_, tmp_path):
    database.create(tmp_path)
    open_(tmp_path).close()
    before = len(os.listdir("/proc/self/fd"))

    for _ in range(5):
        store = open_(tmp_path)
        store.write(lambda tx: tx.next_seq())
        with store.reading():
            pass
        store.close()
        store.close()

    assert len(os.listdir("/proc/self/fd")) == before


def _tables(path: Path) -> set[str]:
    connection = sqlite3.connect(path)
    try:
        rows = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'"
        )
        return {name for (name,) in rows}
    finally:
        connection.close()


def test_every_step_that_lies_here_is_one_that_is_taken():
    files = sorted(Path(migrations.__file__).parent.glob("*.sql"))

    named = {file.name.removesuffix(".sqlite.sql").removesuffix(".postgres.sql") for file in files}

    assert named - {"baseline"} == set(migrations.STEPS)
