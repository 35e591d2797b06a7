"""A real server is killed under laptops that push, and an older copy is put back: what a laptop has is not lost."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path

import pytest

from sync.client import records, synchronization
from sync.client.backoff import Backoff
from sync.client.connection import Connection
from sync.client.credentials import Credentials
from sync.client.device import Device
from sync.client.failures import NoConnection
from tests.put_back import copied, put_back
from tests.stories.child_server import UNIT, Folder, make_folder, run, serving

pytestmark = pytest.mark.slow
LAPTOPS, EDITS_A_ROUND, ROUNDS = 3, 25, 4


@pytest.fixture
def folder(tmp_path) -> Folder:
    return make_folder(tmp_path / "data")


@pytest.fixture
def laptops(tmp_path):
    """Three laptops, which share the key of one worker."""
    made = [Device(tmp_path / f"laptop{number}") for number in range(LAPTOPS)]
    yield made
    for each in made:
        each.close()


def exchange(device: Device, server) -> None:
    shown = Credentials(f"http://127.0.0.1:{server.port}", key=server.key)
    way = Connection(shown, backoff=Backoff(tries=1, sleep=lambda _: None))
    try:
        synchronization.exchange(device, way)
    finally:
        way.close()


def work(path: Path, server, chance: random.Random, told: list[str]) -> None:
    """Make records and edit them, sending now and then, until the server is gone."""
    with Device(path) as device:
        for number in range(EDITS_A_ROUND):
            with device.writing():
                id = records.create(device, "reports", {"place": f"{number}"}, area=UNIT)
                records.edit(device, records.get(device, id), {"place": id})
            if chance.random() < 0.5:
                try:
                    exchange(device, server)
                except NoConnection:
                    return
                told.append(id)


@pytest.mark.parametrize("answer", ["--moved", "--restored"])
def test_what_was_acknowledged_and_is_on_a_laptop_is_there_once(folder, laptops, tmp_path, answer):
    chance = random.Random(4711)
    with serving(folder) as server:
        for each in laptops:
            exchange(each, server)
    for number in range(ROUNDS):
        with serving(folder) as server:
            for each in laptops:
                exchange(each, server)
            told: list[str] = []
            threads = [
                threading.Thread(target=work, args=(each.folder, server, random.Random(n), told))
                for n, each in enumerate(laptops)
            ]
            for each in threads:
                each.start()
            while len(told) < chance.randint(1, 6) and any(each.is_alive() for each in threads):
                time.sleep(0.01)
            copy = copied(folder.path, tmp_path / f"copy{number}")
            while len(told) < chance.randint(8, 20) and any(each.is_alive() for each in threads):
                time.sleep(0.01)
            server.kill()
            for each in threads:
                each.join()
        put_back(copy, folder.path)
        assert run("serve", "--data", folder.path, "--port", "1").returncode == 1
        assert run("check", "--data", folder.path, answer).returncode == 0
    with serving(folder) as server:
        for each in [*laptops, *laptops]:
            exchange(each, server)

    checked = run("check", "--data", folder.path)
    assert (checked.returncode, checked.stderr) == (0, "")
    changes = [change for each in laptops for change in each.rows("SELECT id, record, verdict FROM change")]
    assert {each["verdict"] for each in changes} == {"applied"}
    for each in laptops:
        held = {
            row["id"]: records.get(each, row["id"]).fields["place"]
            for row in each.rows("SELECT id FROM row WHERE type = 'reports'")
        }
        assert held == {change["record"]: change["record"] for change in changes}
