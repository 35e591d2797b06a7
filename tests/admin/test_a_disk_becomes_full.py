"""A disk that becomes full is announced before it hurts; what is large is refused before what is small."""

from __future__ import annotations

import pytest

from server.admin.store import backup_facts
from server.admin.usecases import disk_room, health
from server.admin.usecases.disk_room import DiskWatch
from tests.valley import a_valley

LEAST = 200_000_000


@pytest.fixture
def valley(tmp_path):
    with a_valley(tmp_path / "data", disk_free_bytes_min=LEAST) as county:
        yield county


@pytest.fixture
def free(monkeypatch):
    """Say how much is free on the disk; returns how to change it."""

    def be(size: int) -> None:
        monkeypatch.setattr(disk_room, "free_bytes", lambda _: size)

    be(100 * LEAST)
    return be


def ready(valley) -> tuple[int, list[str]]:
    answer = valley.client.get("/readyz")
    return answer.status_code, answer.text.splitlines()


@pytest.mark.sqlite  # backups of a database are its own, and readiness says nothing of them
def test_readiness_tells_the_last_backup_and_a_low_disk_as_facts(valley, free):
    assert ready(valley) == (200, ["ready", "last backup: never"])
    valley.do(backup_facts.record_finished, "/backups", "first", "2026-11-22T18:30:00.000Z")
    valley.do(backup_facts.record_failed, "磁盘已满")

    free(5 * LEAST - 1)

    status, [first, backup, failed, disk] = ready(valley)
    assert (status, first, disk) == (200, "ready", "disk low: 999 MB free")
    assert backup == "last backup: 2026-11-22T18:30:00.000Z, 1 d 9 h ago"
    assert failed.startswith("backup failed: 2026-11-24T04:")


def test_below_the_least_room_the_server_is_not_ready_and_records_are_taken_all_the_same(valley, free):
    free(LEAST - 1)

    assert ready(valley)[0] == 503
    assert valley.do(lambda tx: tx.next_seq()) > 0


def test_a_low_disk_is_said_once_and_again_when_it_has_room(valley, free, monkeypatch):
    said: list[str] = []

    class Told:
        def warning(self, event: str, **_: object) -> None:
            said.append(event)

        info = warning

    monkeypatch.setattr(disk_room, "log", Told())
    watch = DiskWatch(valley.store.folder, LEAST)
    for size in (100 * LEAST, 4 * LEAST, 3 * LEAST, LEAST // 2, 100 * LEAST, 100 * LEAST, 4 * LEAST):
        free(size)
        watch.round()

    assert said == ["disk low", "disk has room again", "disk low"]


def test_the_office_is_warned_while_there_is_still_room(valley, free):
    def disk() -> health.Mark:
        with valley.store.reading() as reading:
            return next(each.mark for each in health.findings(valley.store, reading, LEAST) if each.what == "磁盘")

    marks = []
    for size in (5 * LEAST, 5 * LEAST - 1, 2 * LEAST - 1):
        free(size)
        marks.append(disk())

    assert marks == [health.Mark.GOOD, health.Mark.LOOK, health.Mark.BAD]
