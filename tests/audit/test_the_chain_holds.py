"""The audit is a chain: whatever is changed in it, taken out of it, put into it or cut off its end is found."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from server.audit.domain.entries import CONTENT, Entry, id_of
from server.audit.store import chain
from server.audit.usecases.recording import record
from server.db import database
from server.db.database import Database
from server.db.transactions import Transaction
from server.errors import NotFound
from tests.county import Clock, new_database

ENTRIES = (
    Entry("session.begin", "li", "li", address="10.1.2.3"),
    Entry("personal.read", "li", "records", {"fields": ["phone"]}, objects=("a", "b")),
    Entry("records.export", "wang", "records", {"rows": 17}, result="stopped"),
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Iterator[Database]:
    """A database in which people have done something, one of them to two records at once; nothing in it is changed."""
    yield from _with_entries(tmp_path_factory.mktemp("whole") / "data")


@pytest.fixture
def store(tmp_path) -> Iterator[Database]:
    """The same, for a test of its own."""
    yield from _with_entries(tmp_path / "data")


def _with_entries(folder: Path) -> Iterator[Database]:
    new_database(folder)
    made = database.open_inline(folder, Clock())
    for entry in ENTRIES:
        made.write(lambda tx, entry=entry: record(tx, entry))
    yield made
    made.close()


def broken(store: Database) -> list[str]:
    with store.reading() as reading:
        return list(chain.broken(reading))


def broken_after(store: Database, change: str, values: dict[str, Any] | None = None) -> list[str]:
    """Return what is found once ``change`` has been made, and undo it."""

    def forge(tx: Transaction) -> list[str]:
        assert tx.sql.run(change, values or {}) > 0
        return list(chain.broken(tx))

    return store.write(lambda tx: tx.undone(lambda: forge(tx)))


def test_what_was_recorded_is_read_again_by_everything_that_it_is_about(whole):
    with whole.reading() as reading:
        [signed_in] = chain.list_about(reading, "li")
        [read] = chain.list_about(reading, "b")

    assert (signed_in.number, signed_in.event, signed_in.address, signed_in.result) == (
        1, "session.begin", "10.1.2.3", "done",
    )  # fmt: skip
    assert (read.actor, read.object, read.details) == ("li", "records", {"fields": ["phone"], "objects": ["a", "b"]})
    assert broken(whole) == []


@given(st.sampled_from(range(1, 4)), st.sampled_from((*CONTENT, "hash")), st.data())
def test_a_character_changed_anywhere_in_an_entry_is_found(whole, number, column, data):
    with whole.reading() as reading:
        value = reading.sql.value(f"SELECT {column} FROM audit WHERE id = '{id_of(number)}'")
    place = data.draw(st.integers(0, len(value)))
    forged = value[:place] + data.draw(st.characters(codec="utf-8")) + value[place + data.draw(st.integers(0, 1)) :]
    assume(forged != value)

    change = f"UPDATE audit SET {column} = :forged WHERE id = :id"

    assert broken_after(whole, change, {"forged": forged, "id": id_of(number)}) != []


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM audit WHERE id = '0000000000000001'",
        "DELETE FROM audit WHERE id = '0000000000000002'",
        "DELETE FROM audit WHERE id = '0000000000000003'",
        "DELETE FROM audit",
        "DELETE FROM audit_head",
        "UPDATE audit_head SET number = 2",
        "UPDATE audit_head SET hash = 'ff'",
        "UPDATE audit SET id = '0000000000000004' WHERE id = '0000000000000003'",
        "DELETE FROM audit_object WHERE object = 'b'",
        "UPDATE audit_object SET object = 'c' WHERE object = 'b'",
        "INSERT INTO audit_object (object, entry) VALUES ('c', '0000000000000003')",
        "INSERT INTO audit_object (object, entry) VALUES ('c', '0000000000000007')",
    ],
)
def test_what_is_taken_out_cut_off_put_in_or_hidden_is_found(whole, change):
    assert broken_after(whole, change) != []


def test_an_entry_goes_with_the_work_that_it_tells_of(store):
    def fails(tx) -> None:
        record(tx, Entry("user.add", "li", "zhao"))
        raise NotFound("没有这个用户。")

    with pytest.raises(NotFound):
        store.write(fails)

    store.write(lambda tx: record(tx, Entry("user.add", "li", "sun")))

    with store.reading() as reading:
        assert list(chain.list_about(reading, "zhao")) == []
        assert [entry.number for entry in chain.list_about(reading, "sun")] == [4]
    assert broken(store) == []


def test_an_event_that_nobody_declared_is_not_recorded(store):
    with pytest.raises(LookupError, match=r"tea\.made"):
        store.write(lambda tx: record(tx, Entry("tea.made", "li", "kitchen")))


def test_half_characters_and_any_other_text_are_kept_and_verified(store):
    store.write(lambda tx: record(tx, Entry("access.refused", "li", "\ud83d甲\n\x00", {"q": "\udfff"}, result="404")))

    assert broken(store) == []
    with store.reading() as reading:
        [entry] = chain.list_about(reading, "?甲\n?")
    assert entry.details == {"q": "?"}


def test_threads_that_record_at_once_make_one_chain_without_gaps(tmp_path):
    database.create(tmp_path / "data")
    store = database.open_threaded(tmp_path / "data")
    events = [Entry("access.refused", f"user-{number % 7}", str(number), result="404") for number in range(200)]

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda entry: store.write(lambda tx: record(tx, entry)), events))

    with store.reading() as reading:
        numbers = [int(row["id"]) for row in reading.sql.rows("SELECT id FROM audit ORDER BY id")]
        found = {entry.object for n in range(200) for entry in chain.list_about(reading, str(n))}
    assert numbers == list(range(1, 201))
    assert found == {entry.object for entry in events}
    assert broken(store) == []
    store.close()


def test_the_numbers_of_the_audit_are_not_those_of_the_county(store):
    seq = "SELECT value FROM counter WHERE name = 'seq'"
    with store.reading() as reading:
        before = reading.sql.value(seq)

    store.write(lambda tx: record(tx, Entry("session.end", "li", "li")))

    with store.reading() as reading:
        assert reading.sql.value(seq) == before
