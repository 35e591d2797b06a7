"""The county knows when it was last backed up, and why the newest try failed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from server.admin.store import backup_facts
from server.admin.store.backup_facts import LastBackup
from server.replication.store import epochs
from tests.county import a_county
from tests.valley import lay

DONE = "2026-11-23T18:30:00.000Z"


@pytest.fixture
def valley(tmp_path):
    with a_county(tmp_path / "data", lay) as county:
        yield county


def last(valley) -> LastBackup:
    with valley.store.reading() as reading:
        return backup_facts.last_backup(reading)


def test_where_none_was_made_there_is_none_and_that_is_old(valley):
    assert last(valley) == LastBackup()
    assert last(valley).age(DONE) is None
    assert last(valley).is_old(DONE)


def test_a_finished_one_takes_the_place_of_the_one_before_and_of_a_failure(valley):
    valley.do(backup_facts.record_finished, "/backups", "first", "2026-11-22T18:30:00.000Z")
    valley.do(backup_facts.record_failed, "磁盘已满")
    assert (last(valley).name, last(valley).failure) == ("first", "磁盘已满")

    valley.do(backup_facts.record_finished, "/backups", "second", DONE)

    assert last(valley) == LastBackup(DONE, "/backups", "second")


@pytest.mark.parametrize(
    ("now", "age", "is_old"),
    [
        ("2026-11-25T18:30:00.000Z", timedelta(days=2), False),
        ("2026-11-25T18:30:00.001Z", timedelta(days=2, milliseconds=1), True),
        ("2026-11-20T00:00:00.000Z", timedelta(), False),
    ],
)
def test_one_is_old_after_two_days_and_never_from_the_future(now, age, is_old):
    backup = LastBackup(DONE)

    assert (backup.age(now), backup.is_old(now)) == (age, is_old)


def test_what_is_durable_is_what_the_best_backup_covers(valley):
    def durable() -> int:
        with valley.store.reading() as reading:
            return epochs.durable(reading)

    committed = durable()
    for seq, covered in ((3, 3), (2, 3), (7, 7)):
        valley.do(epochs.cover, seq)

        assert durable() == covered
    valley.do(backup_facts.forget_all)
    assert durable() == committed


def test_a_county_keeps_to_one_series(valley):
    begun = valley.do(backup_facts.begin_series)

    assert valley.do(backup_facts.begin_series) == begun
