"""The head of the chain is written down each day; a chain that was rewritten since says something else of it."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner

from server.audit.domain.entries import BEFORE_THE_FIRST, Entry, chained
from server.audit.store import chain
from server.audit.usecases import daily_heads, retention, rounds
from server.audit.usecases.recording import record
from server.cli.main import main
from server.db import database
from server.db.database import Database
from server.replication.usecases import restoring
from tests.county import Clock, new_database


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path, clock) -> Iterator[Database]:
    """A database with two days of entries."""
    new_database(tmp_path / "data")
    made = database.open_inline(tmp_path / "data", clock)
    for _ in range(2):
        for name in ("li", "wang"):
            made.write(lambda tx, name=name: record(tx, Entry("session.begin", name, name)))
        rounds.every_minute(made)
        clock.pass_by(days=1)
    yield made
    made.close()


def file_of(store: Database) -> Path:
    return store.folder / daily_heads.FILE_NAME


def broken(store: Database) -> list[str]:
    with store.reading() as reading:
        assert list(chain.broken(reading)) == []
        return list(daily_heads.broken(reading, store.folder))


def rewrite(store: Database, change: str) -> None:
    """Change the audit as somebody does who knows how it is chained, and chain it anew."""

    def forge(tx) -> None:
        tx.sql.run(change)
        before, rows = BEFORE_THE_FIRST, tx.sql.rows("SELECT * FROM audit ORDER BY id")
        for row in rows:
            before = chained(before, row)
            tx.sql.run("UPDATE audit SET hash = :hash WHERE id = :id", {"hash": before, "id": row["id"]})
        tx.sql.run("UPDATE audit_head SET number = :number, hash = :hash", {"number": len(rows), "hash": before})

    store.write(forge)


def test_each_day_has_one_line_with_the_newest_entry(store, clock):
    rounds.every_minute(store)
    rounds.every_minute(store)

    lines = [line.split(" ") for line in file_of(store).read_text().splitlines()]
    assert [(day, number) for day, number, *_ in lines] == [
        ("2026-11-24", "2"), ("2026-11-25", "4"), ("2026-11-26", "4"),
    ]  # fmt: skip
    assert broken(store) == []
    assert file_of(store).stat().st_mode & 0o777 in (0o600, 0o640)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit SET actor = 'zhao' WHERE id = '0000000000000001'",
        "UPDATE audit SET detail = '{}  ' WHERE id = '0000000000000004'",
        "DELETE FROM audit WHERE id >= '0000000000000004'",
        "DELETE FROM audit",
    ],
)
def test_a_chain_that_was_changed_and_chained_anew_is_told_with_the_day(store, change):
    rewrite(store, change)

    assert any("2026-11-25" in each for each in broken(store))


def test_check_tells_it(store):
    rewrite(store, "UPDATE audit SET actor = 'zhao' WHERE id = '0000000000000001'")

    done = CliRunner().invoke(main, ["check", "--data", str(store.folder)])

    assert done.exit_code == 1
    assert "audit-heads.txt" in done.stderr


def test_a_database_and_a_file_that_were_rewritten_together_are_told_by_a_copy_kept_elsewhere(store, tmp_path):
    copy = tmp_path / "copy of the heads.txt"
    copy.write_bytes(file_of(store).read_bytes())
    rewrite(store, "UPDATE audit SET actor = 'zhao' WHERE id = '0000000000000001'")
    file_of(store).unlink()
    daily_heads.note(store)

    alone = CliRunner().invoke(main, ["check", "--data", str(store.folder)])
    compared = CliRunner().invoke(main, ["check", "--heads", str(copy), "--data", str(store.folder)])

    assert (alone.exit_code, compared.exit_code) == (0, 1)
    assert "copy of the heads.txt: entry 2 was another on 2026-11-24" in compared.stderr


def test_a_line_that_was_changed_is_told(store):
    path = file_of(store)
    path.write_text(path.read_text().replace("2026-11-24 2", "2026-11-24 two"))

    assert broken(store)[0] == "audit-heads.txt line 1: not a head"


def test_no_sign_of_the_file_can_be_changed_unseen(store):
    content = file_of(store).read_bytes()

    for at in range(len(content)):
        changed = bytes([content[at] ^ 1])
        file_of(store).write_bytes(content[:at] + changed + content[at + 1 :])
        assert broken(store) != [], (at, content[at : at + 1])


def test_lines_of_a_file_that_was_begun_before_there_were_seals_stay_good(store, clock):
    first, *_ = file_of(store).read_text().splitlines()
    file_of(store).write_text(f"{first.rpartition(' ')[0]}\n")

    rounds.every_minute(store)

    assert broken(store) == []
    assert [len(line.split(" ")) for line in file_of(store).read_text().splitlines()] == [4, 5]


def test_what_was_pruned_or_lost_with_an_older_copy_is_no_contradiction(store, clock):
    before, line = file_of(store).read_bytes(), f"2026-11-26 9 {'a' * 64} {epoch(store)}"
    file_of(store).write_bytes(before + f"{line} {daily_heads._seal(sha256(before), line)}\n".encode())
    assert broken(store) == ["audit-heads.txt: entry 9 was another on 2026-11-26"]

    store.write(lambda tx: restoring.take_new_epoch(tx, "command"))
    clock.pass_by(days=800)
    store.write(retention.prune)

    assert broken(store) == []


def epoch(store: Database) -> str:
    with store.reading() as reading:
        return str(reading.sql.value("SELECT value FROM setting WHERE name = 'epoch'"))


def test_a_disk_that_takes_no_line_keeps_the_file_whole_and_is_asked_again(store):
    before = file_of(store).read_text()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 10, limits[1]))
    try:
        daily_heads.note(store)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
    assert file_of(store).read_text() == before

    daily_heads.note(store)

    assert len(file_of(store).read_text().splitlines()) == 3
    assert broken(store) == []


def test_details_that_cannot_be_read_any_more_are_told_and_hide_no_other_entry(store):
    store.write(lambda tx: record(tx, Entry("epoch.new", "command", "database", {"before": "0a"})))
    store.write(lambda tx: tx.sql.run("UPDATE audit SET detail = '{' WHERE action = 'epoch.new'"))

    with store.reading() as reading:
        found = list(chain.broken(reading))
        heads = list(daily_heads.broken(reading, store.folder))
        [entry] = chain.list_about(reading, "database")

    assert [each for each in found if "changed" in each]
    assert heads == []
    assert entry.details == {}


@pytest.mark.parametrize("action", ["epoch.new", "audit.prune", "session.begin"])
def test_bytes_that_are_no_text_are_told_without_a_traceback(store, action):
    broken_bytes = "UPDATE audit SET action = :action, detail = CAST(x'ff' AS TEXT) WHERE id = '0000000000000002'"
    store.write(lambda tx: tx.sql.run(broken_bytes, {"action": action}))

    done = CliRunner().invoke(main, ["check", "--data", str(store.folder)])

    assert done.exit_code == 1
    assert done.exception is None or isinstance(done.exception, SystemExit)
    assert "broken: " in done.stderr
