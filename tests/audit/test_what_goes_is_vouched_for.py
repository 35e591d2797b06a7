"""What is past its time goes, and a person's names can go; the chain holds, and no other removal passes for one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from server import dated
from server.audit.domain.entries import Entry, events_of, kinds
from server.audit.store import chain
from server.audit.usecases import retention, rounds
from server.audit.usecases.recording import record
from server.db import database
from server.db.database import Database
from tests.county import Clock, new_database

LONG_AGO = (
    Entry("session.begin", "li", "li"),
    Entry("area.rename", "admin", "130630106201", {"old": "旧村名", "new": "新村名"}),
    Entry("personal.read", "li", "records", objects=("a", "b")),
    Entry("session.end", "li", "li"),
    Entry("access.refused", "wang", "c", result="404"),
    Entry("records.export", "li", "records", {"rows": 3}),
    Entry("session.failed", "server", "10.0.0.1", {"accounts": {"li": 2}}, objects=("li",)),
)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path, clock) -> Iterator[Database]:
    """A database with entries of every sort that are two years old, and three of today."""
    new_database(tmp_path / "data")
    made = database.open_inline(tmp_path / "data", clock)
    for entry in LONG_AGO:
        made.write(lambda tx, entry=entry: record(tx, entry))
    clock.pass_by(days=730)
    for entry in LONG_AGO[:3]:
        made.write(lambda tx, entry=entry: record(tx, entry))
    yield made
    made.close()


def broken(store: Database) -> list[str]:
    with store.reading() as reading:
        return list(chain.broken(reading))


def events(store: Database) -> list[str]:
    with store.reading() as reading:
        return [action for (action,) in reading.sql.tuples("SELECT action FROM audit ORDER BY id")]


def forged(store: Database, *changes: str) -> list[str]:
    """Return what is found once ``changes`` have been made, and undo them."""

    def forge(tx) -> list[str]:
        for change in changes:
            assert tx.sql.run(change) > 0
        return list(chain.broken(tx))

    return store.write(lambda tx: tx.undone(lambda: forge(tx)))


def test_every_kind_has_its_time_and_logs_are_kept_for_six_months_at_least():
    rows = dated.rows_at("audit_retention", "2026-11-29T00:00:00.000Z")

    assert {row["kind"] for row in rows} == set(kinds())
    assert all(int(row["days"]) >= (date(2027, 9, 1) - date(2027, 3, 1)).days for row in rows if row["days"])


def test_what_is_past_its_time_goes_and_one_entry_vouches_for_it(store):
    rounds.every_minute(store)
    rounds.every_minute(store)

    assert events(store) == [
        "area.rename", "records.export", "session.begin", "area.rename", "personal.read", "audit.prune",
    ]  # fmt: skip
    assert broken(store) == []
    with store.reading() as reading:
        [prune] = [entry for entry in chain.list_about(reading, "audit") if entry.event == "audit.prune"]
        assert [entry.number for entry in chain.list_about(reading, "a")] == [10]
    assert (prune.actor, prune.details["entries"]) == ("server", 5)
    assert [(first, last) for first, last, _ in prune.details["ranges"]] == [(1, 1), (3, 5), (7, 7)]


def test_what_is_a_little_past_its_time_is_gathered_first(store, clock):
    rounds.every_minute(store)
    clock.pass_by(days=366 + 29)
    rounds.every_minute(store)
    assert events(store).count("audit.prune") == 1

    clock.pass_by(days=2)
    rounds.every_minute(store)

    assert events(store) == ["area.rename", "area.rename", "audit.prune", "audit.prune"]
    assert broken(store) == []


def test_pruning_goes_on_until_all_that_is_past_its_time_has_gone(store, monkeypatch):
    monkeypatch.setattr(retention, "AT_ONCE", 1)

    rounds.every_minute(store)

    assert set(events(store)) == {"area.rename", "records.export", "session.begin", "personal.read", "audit.prune"}
    assert broken(store) == []


def test_no_other_removal_passes_for_one_that_was_vouched_for(store):
    rounds.every_minute(store)

    assert forged(store, "DELETE FROM audit WHERE id = '0000000000000006'") != []
    assert forged(store, "DELETE FROM audit WHERE action = 'audit.prune'") != []
    assert (
        forged(store, "UPDATE audit SET detail = replace(detail, '[3, 5', '[3, 6') WHERE action = 'audit.prune'") != []
    )
    again = (
        "INSERT INTO audit SELECT '0000000000000001', at, actor, action, subject, detail, role, place, address, result"
    )
    assert forged(store, f"{again}, hash FROM audit WHERE id = '0000000000000008'") != []


@pytest.mark.parametrize("told", ["7", "[7]", "[[1]]", '[[3, 2, ""]]', '[[0, 9, ""]]', "[[1, 5, null]]", "{}", "null"])
def test_ranges_that_somebody_forged_vouch_for_nothing(store, told):
    rounds.every_minute(store)
    change = f"UPDATE audit SET detail = '{{\"ranges\": {told}, \"replaced\": {told}}}' WHERE action = 'audit.prune'"

    assert forged(store, change) != []


def test_a_persons_names_go_from_every_entry_and_what_they_did_stays(store):
    store.write(lambda tx: record(tx, Entry("user.add", "admin", "li", {"display": "李四", "why": "li 与李四不同"})))

    count = store.write(lambda tx: retention.forget(tx, {"li": "former-7", "李四": "已删除"}, by="admin"))

    with store.reading() as reading:
        assert list(chain.list_about(reading, "li")) == []
        found = list(chain.list_about(reading, "former-7"))
        text = str(reading.sql.rows("SELECT * FROM audit WHERE action <> 'user.add'"))
        [forget] = [entry for entry in chain.list_about(reading, "audit") if entry.event == "audit.forget"]
    assert broken(store) == []
    assert count == 8
    assert [entry.event for entry in found] == [
        "session.begin", "session.end", "session.failed", "session.begin", "user.add",
    ]  # fmt: skip
    assert found[2].details == {"accounts": {"former-7": 2}, "objects": ["former-7"]}
    assert found[-1].details == {"display": "已删除", "why": "li 与李四不同"}
    assert "'li'" not in text
    assert '"li"' not in text
    assert (forget.actor, forget.details["entries"]) == ("admin", 8)


def test_two_names_that_are_replaced_by_one_word_leave_one_object(store):
    store.write(lambda tx: retention.forget(tx, {"a": "***", "b": "***", "records": "***"}, by="admin"))

    with store.reading() as reading:
        assert [entry.number for entry in chain.list_about(reading, "***")] == [3, 6, 10]
    assert broken(store) == []


def test_a_second_person_is_forgotten_too_and_the_first_again_changes_nothing(store):
    store.write(lambda tx: retention.forget(tx, {"li": "former-7"}, by="admin"))
    store.write(lambda tx: retention.forget(tx, {"wang": "former-8", "former-7": "former-9"}, by="admin"))

    assert store.write(lambda tx: retention.forget(tx, {"li": "former-7"}, by="admin")) == 0
    rounds.every_minute(store)

    assert broken(store) == []


@pytest.mark.parametrize("column", ["actor", "subject", "detail", "hash", "at", "result"])
def test_an_entry_that_was_replaced_cannot_be_changed_again_in_secret(store, column):
    store.write(lambda tx: retention.forget(tx, {"li": "former-7"}, by="admin"))

    assert forged(store, f"UPDATE audit SET {column} = {column} || ' ' WHERE id = '0000000000000004'") != []


def test_a_word_of_the_table_of_kinds_means_its_events():
    assert events_of("read") == ("personal.read", "audit.read")
    assert events_of("audit.read") == ("audit.read",)
