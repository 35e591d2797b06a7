"""``firegrid serve`` is killed again and again under a pushing laptop: each change ends up in the ledger, once."""

from __future__ import annotations

import random
import threading
from pathlib import Path

import pytest
import requests
from requests.adapters import HTTPAdapter

from sync.client import records, synchronization
from sync.client.backoff import Backoff
from sync.client.connection import Connection
from sync.client.credentials import Credentials
from sync.client.device import Device
from sync.client.failures import NoConnection
from tests.stories.child_server import UNIT, Folder, make_folder, serving

pytestmark = pytest.mark.slow
CHANGES, ROUNDS = 120, 5


class Deadly(HTTPAdapter):
    """Real HTTP to a server that is killed at the n-th request, while that is under way."""

    def __init__(self, server, asked: int) -> None:
        super().__init__(max_retries=0)
        self._server = server
        self._left = asked

    def send(self, *arguments, **more):
        self._left -= 1
        if self._left:
            return super().send(*arguments, **more)
        killer = threading.Thread(target=self._server.kill)
        killer.start()
        try:
            return super().send(*arguments, **more)
        finally:
            killer.join()


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Folder:
    return make_folder(tmp_path_factory.mktemp("county") / "data")


def push(device: Device, server, adapter: HTTPAdapter) -> None:
    session = requests.Session()
    session.mount("http://127.0.0.1", adapter)
    shown = Credentials(f"http://127.0.0.1:{server.port}", key=server.key)
    way = Connection(shown, backoff=Backoff(tries=2, sleep=lambda _: None), session=session)
    try:
        synchronization.push(device, way)
        synchronization.pull(device, way)
    finally:
        way.close()


def test_a_server_that_is_killed_under_a_pushing_laptop_keeps_each_change_once(folder, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(
        synchronization, "_limit", lambda device, name, unless_told: 7 if name == "changes" else unless_told
    )
    chance = random.Random(4711)
    with Device(tmp_path / "laptop") as device:
        with device.writing():
            ids = [records.create(device, "reports", {"place": str(n)}, area=UNIT) for n in range(CHANGES // 2)]
            for id in ids:
                records.edit(device, records.get(device, id), {"place": f"{id}"})
        for _ in range(ROUNDS):
            with serving(folder) as server, pytest.raises(NoConnection):
                push(device, server, Deadly(server, chance.randint(1, 4)))
        with serving(folder) as server:
            push(device, server, HTTPAdapter())

        assert {each["verdict"] for each in device.rows("SELECT verdict FROM change")} == {"applied"}
        held = device.rows("SELECT id, version FROM row WHERE type = 'reports'")
        assert {each["id"]: each["version"] for each in held} == dict.fromkeys(ids, 2)
        assert all(records.get(device, id).fields["place"] == id for id in ids)
