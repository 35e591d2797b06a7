"""The database is held for seconds while a county sends: newcomers come back later, and everything comes in."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from server.db.folder import FILE_NAME
from server.web.bodies import RETRY_AFTER_S
from sync.client import records, synchronization
from sync.client.backoff import Backoff
from sync.client.connection import Connection
from sync.client.credentials import Credentials
from sync.client.device import Device
from tests.stories.child_server import (
    PATIENCE_S,
    UNIT,
    Folder,
    instances_in,
    make_folder,
    new_instance,
    post,
    records_in,
    run,
    serving,
)

pytestmark = pytest.mark.slow
THREADS = 16


class Wait:
    """A patience that notes what the server asks for, and comes back a little sooner for the test's sake."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.was_asked = threading.Event()

    def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        self.was_asked.set()
        time.sleep(min(seconds, 1.0))


def a_clerk(folder: Path, number: int, server, wait: Wait) -> list[str]:
    """Make three records at a laptop, push them, and return their verdicts."""
    way = Connection(
        Credentials(f"http://127.0.0.1:{server.port}", key=server.key), backoff=Backoff(tries=60, sleep=wait)
    )
    with Device(folder / f"laptop{number}") as device, closing(way):
        with device.writing():
            for each in range(3):
                records.create(device, "reports", {"place": f"{number}-{each}"}, area=UNIT)
        synchronization.push(device, way)
        return [row["verdict"] for row in device.rows("SELECT verdict FROM change")]


@contextmanager
def a_lock(folder: Folder) -> Iterator[sqlite3.Connection]:
    """Hold the database's write lock until the connection ends its transaction, or the block ends."""
    with closing(sqlite3.connect(folder.path / FILE_NAME, isolation_level=None)) as held:
        held.execute("BEGIN IMMEDIATE")
        yield held


def a_phone(server) -> tuple[str, int]:
    instance = new_instance()
    with closing(server.connect()) as line:
        return instance, post(line, server.key, instance)[0]


def test_in_a_jam_newcomers_are_asked_to_come_back_and_everything_comes_in_once(tmp_path):
    folder = make_folder(tmp_path / "data")
    early, late = range(THREADS + 4), range(100, 110)
    waits = {number: Wait() for number in (*early, *late)}
    with serving(folder, FIREGRID_WAIT_S="1") as server, ThreadPoolExecutor(40) as people, a_lock(folder) as held:
        clerks = [people.submit(a_clerk, tmp_path, number, server, waits[number]) for number in early]
        phones = [people.submit(a_phone, server) for _ in range(4)]
        time.sleep(2.5)
        clerks += [people.submit(a_clerk, tmp_path, number, server, waits[number]) for number in late]
        instance = new_instance()
        with closing(server.connect()) as line:
            refused = post(line, server.key, instance)
        assert all(waits[number].was_asked.wait(PATIENCE_S) for number in late)
        held.execute("ROLLBACK")
        verdicts = [each.result() for each in clerks]
        sent = [each.result() for each in phones]
        with closing(server.connect()) as line:
            again = post(line, server.key, instance)
        assert server.stop() == 0

    assert (refused[0], again[0]) == (503, 201)
    assert "请稍后再送" in refused[1]
    assert all(any(seconds >= RETRY_AFTER_S for seconds in waits[number].asked) for number in late)
    assert {status for _, status in sent} == {201}
    assert verdicts == [["applied"] * 3] * len(waits)
    assert len(records_in(folder)) == 3 * len(waits) + len(sent) + 1
    assert sorted(instances_in(folder)) == sorted([instance, *(name for name, _ in sent)])
    assert run("check", "--data", folder.path).returncode == 0
