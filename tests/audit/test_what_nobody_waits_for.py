"""Entries that nobody waits for, exports as one entry each, and what becomes of both on a full disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import pytest

from server.audit.domain.entries import COMMAND, Entry, Recorded
from server.audit.store import chain
from server.audit.usecases import deferred, exports, reads
from server.audit.usecases.recording import record
from server.db import database
from server.db.database import Database
from server.db.sql import SQLITE
from server.db.sqlite import connections
from server.errors import DiskFull
from tests.county import Clock, new_database

REFUSED = Entry("access.refused", "li", "case-1", result="404", address="10.1.2.3")
NO_ROOM = """
CREATE OR REPLACE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = 'disk_full'; END $$
"""
"""What PostgreSQL says where its disk is full."""

TABLES = ("audit", "audit_begun")

EXPORT = Entry("records.export", "wang", "records", {"filters": {"area": "130630"}}, address="10.1.2.4")


@pytest.fixture(params=[database.open_threaded, database.open_inline])
def store(request, tmp_path) -> Iterator[Database]:
    new_database(tmp_path / "data")
    opened = request.param(tmp_path / "data", Clock())
    yield opened
    opened.close()


def entries(store: Database) -> list[Recorded]:
    """Return every entry so far; what was to be written later has been by then, since the writer keeps the order."""
    settle(store)
    with store.reading() as reading:
        assert list(chain.broken(reading)) == []
        objects = [row["subject"] for row in reading.sql.rows("SELECT DISTINCT subject FROM audit")]
        found = [entry for object in objects for entry in chain.list_about(reading, object)]
    return sorted({entry.number: entry for entry in found}.values(), key=lambda entry: entry.number)


def fill_the_disk(store: Database) -> None:
    """Let the database grow no more, which the engine answers as it answers a full disk."""

    def fill(tx) -> None:
        if tx.sql.dialect == SQLITE:
            tx.sql.value(f"PRAGMA max_page_count = {tx.sql.value('PRAGMA page_count')}")
            return
        tx.sql.run(NO_ROOM)
        for table in TABLES:
            tx.sql.run(f"CREATE TRIGGER full_disk BEFORE INSERT ON {table} EXECUTE FUNCTION no_room()")

    store.write(fill)
    ballast = [Entry("form.media", COMMAND, "ballast", {"name": "x" * size}) for size in (1500, 50, 0)]
    alike = [Entry(event, "ballast", "ballast") for event in ("access.refused", "audit.gap", "session.begin")]
    for entry in (*ballast, *alike):
        while takes(store, entry):
            continue


def takes(store: Database, entry: Entry) -> bool:
    try:
        store.write(lambda tx: record(tx, entry))
    except DiskFull:
        return False
    return True


def make_room(store: Database) -> None:
    settle(store)

    def make(tx) -> None:
        if tx.sql.dialect == SQLITE:
            tx.sql.value("PRAGMA max_page_count = 1000000")
            return
        for table in TABLES:
            tx.sql.run(f"DROP TRIGGER full_disk ON {table}")

    store.write(make)


def settle(store: Database) -> None:
    """Wait until all that was to be written later has been, or has failed, and with it all of its commit."""
    with suppress(DiskFull):
        store.write(lambda tx: None)


def events(store: Database) -> list[tuple[str, str, str]]:
    return [(each.event, each.actor, each.result) for each in entries(store) if each.object != "ballast"]


def test_what_nobody_waits_for_is_there_with_the_next_commit(store):
    deferred.later(store, REFUSED)

    assert [(each.event, each.object, each.address) for each in entries(store)] == [
        ("access.refused", "case-1", "10.1.2.3")
    ]


def test_an_event_that_nobody_declared_is_refused_at_once(store):
    with pytest.raises(LookupError):
        deferred.later(store, Entry("tea.made", "li", "kitchen"))
    with pytest.raises(LookupError):
        exports.begin(store, Entry("tea.export", "li", "kitchen"))


def test_what_a_full_disk_kept_from_the_audit_becomes_one_entry_of_how_much_and_since_when(store):
    fill_the_disk(store)
    for _ in range(3):
        deferred.later(store, REFUSED)
    with pytest.raises(DiskFull) as full:
        store.write(lambda tx: record(tx, Entry("session.begin", "li", "li", {"pad": "x" * 5000})))
    deferred.missed(store, Entry("session.begin", "li", "li"), full.value)
    assert events(store) == []

    make_room(store)
    deferred.later(store, REFUSED)

    assert events(store) == [("audit.gap", "server", "done"), ("access.refused", "li", "404")]
    [gap] = [each for each in entries(store) if each.event == "audit.gap"]
    assert gap.details["entries"] == {"access.refused": 3, "session.begin": 1}
    assert gap.details["since"] < gap.details["until"] < gap.at


def test_a_gap_is_written_down_by_itself_once_there_is_room(store):
    fill_the_disk(store)
    deferred.later(store, REFUSED)
    deferred.write_gap(store)
    assert events(store) == []

    make_room(store)
    deferred.write_gap(store)
    deferred.write_gap(store)

    assert events(store) == [("audit.gap", "server", "done")]


@pytest.mark.sqlite  # it lets the opening of the file fail
def test_what_is_missing_is_counted_even_where_no_connection_can_be_opened(store, monkeypatch):
    fill_the_disk(store)

    def no_room(path: object) -> None:
        raise DiskFull

    with monkeypatch.context() as full:
        full.setattr(connections, "connect", no_room)
        deferred.later(store, REFUSED)
        settle(store)
    make_room(store)
    deferred.write_gap(store)

    assert events(store) == [("audit.gap", "server", "done")]


def test_an_export_is_one_entry_with_filter_and_rows_once_it_has_gone_out(store):
    export = exports.begin(store, EXPORT)
    parts = export.sending(f"{row}\n".encode() for row in export.counted(range(17)))
    assert events(store) == []

    assert b"".join(parts).count(b"\n") == 17
    parts.close()

    [entry] = entries(store)
    assert (entry.event, entry.actor, entry.address, entry.result) == ("records.export", "wang", "10.1.2.4", "done")
    assert (entry.details["filters"], entry.details["rows"]) == ({"area": "130630"}, 17)
    assert entry.details["began_at"] < entry.at


def test_an_export_whose_reader_leaves_says_how_far_it_came(store):
    export = exports.begin(store, EXPORT)
    parts = export.sending(f"{row}\n".encode() for row in export.counted(range(17)))
    next(parts), next(parts)

    parts.close()

    assert [(each.result, each.details["rows"]) for each in entries(store)] == [("stopped", 2)]


def test_an_export_that_nobody_began_to_read_is_an_entry_too(store):
    export = exports.begin(store, EXPORT)

    export.sending(iter([b"heading"])).close()

    assert [(each.result, each.details["rows"]) for each in entries(store)] == [("stopped", 0)]


def test_an_export_that_fails_says_so(store):
    def failing() -> Iterator[bytes]:
        yield b"heading"
        raise ValueError("a row that cannot be shown")

    parts = exports.begin(store, EXPORT).sending(failing())
    with pytest.raises(ValueError, match="a row"):
        list(parts)
    parts.close()

    assert [each.result for each in entries(store)] == ["failed"]


def test_an_export_under_way_when_the_server_ended_becomes_an_entry_at_its_next_start(store):
    exports.begin(store, EXPORT)

    store.write(exports.end_interrupted)
    store.write(exports.end_interrupted)

    [entry] = entries(store)
    assert (entry.event, entry.actor, entry.address, entry.result) == (
        "records.export", "wang", "10.1.2.4", "interrupted",
    )  # fmt: skip
    assert entry.details["filters"] == {"area": "130630"}


def test_on_a_full_disk_nothing_is_exported_and_an_export_under_way_is_not_forgotten(store):
    export = exports.begin(store, EXPORT)
    fill_the_disk(store)
    big = Entry("records.export", "wang", "records", {"filters": "x" * 5000})

    with pytest.raises(DiskFull):
        exports.begin(store, big)
    assert events(store) == []
    list(export.sending([b"heading"]))
    make_room(store)
    deferred.write_gap(store)
    store.write(exports.end_interrupted)

    [gap] = [each.details["entries"] for each in entries(store) if each.event == "audit.gap"]
    assert gap["records.export"] in (1, 2)  # the one that was refused, and perhaps the end of the other
    assert [(event, result) for event, _, result in events(store) if event == "records.export"] in (
        [("records.export", "done")], [("records.export", "interrupted")],
    )  # fmt: skip


def test_what_a_list_shows_is_recorded_once_a_day_for_each_reader_and_record(store):
    page = Entry(
        "personal.read", "li", "records", {"types": ["micro_stations"]}, objects=("a", "b"), address="10.0.0.1"
    )

    reads.record(store, page)
    reads.record(store, page)
    reads.record(store, replace(page, objects=("b", "c")))
    reads.record(store, replace(page, object="a", objects=("a",)))
    reads.record(store, replace(page, by="wang"))
    reads.record(store, replace(page, address="10.0.0.2"))

    assert [(each.actor, each.details["objects"]) for each in entries(store)] == [
        ("li", ["a", "b"]), ("li", ["c"]), ("li", ["a"]), ("wang", ["a", "b"]), ("li", ["a", "b"]),
    ]  # fmt: skip


def test_the_next_day_it_is_recorded_again(tmp_path):
    clock = Clock()
    new_database(tmp_path / "data")
    store = database.open_inline(tmp_path / "data", clock)
    page = Entry("personal.read", "li", "records", objects=("a",))
    for hours in (0, 3, 15):
        clock.pass_by(hours=hours)
        reads.record(store, page)

    assert [each.at[:13] for each in entries(store)] == ["2026-11-24T04", "2026-11-24T22"]
    store.close()


def test_looks_at_the_audit_are_recorded_each_time(store):
    for _ in range(2):
        reads.record(store, Entry("audit.read", "li", "audit", {"event": "export"}))

    assert events(store) == [("audit.read", "li", "done")] * 2


def test_no_export_begins_while_anything_is_missing_and_the_end_of_one_is_written_when_there_is_room(store):
    export = exports.begin(store, EXPORT)
    rows = list(export.counted(range(7)))
    fill_the_disk(store)
    export.end()
    settle(store)

    with pytest.raises(DiskFull):
        exports.begin(store, EXPORT)
    make_room(store)
    exports.begin(store, EXPORT).end()

    ended = [entry for entry in entries(store) if entry.event == EXPORT.event]
    assert len(rows) == 7
    assert [(entry.result, entry.details["rows"]) for entry in ended] == [("done", 7), ("done", 0)]
    [gap] = [entry for entry in entries(store) if entry.object == "audit" and entry.event == "audit.gap"]
    assert gap.details["entries"] == {EXPORT.event: 1}
    with store.reading() as reading:
        assert reading.sql.value("SELECT count(*) FROM audit_begun") == 0
