"""``fieldsync`` is killed in the middle of its work, and two run at once: nothing is lost or done twice."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from sync.client.device import Device
from tests.sync.town import Town, says
from tests.sync.town_http import serving

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60


def start(store: Path, *words: str) -> subprocess.Popen[str]:
    """Start one ``fieldsync`` command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", "from sync.cli.main import main; main()", *words, "--store", str(store)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    said, complained = process.communicate(timeout=PATIENCE_S)
    return process.returncode, said, complained


def kill_after(process: subprocess.Popen[str], seconds: float) -> None:
    """Kill at about that time, wherever the process is then; one that is through already has ended by itself."""
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate(timeout=PATIENCE_S)


@pytest.fixture
def town() -> Town:
    town = Town()
    town.limits = {"changes": 5, "bytes": 100_000}
    for number in range(300):
        town.put(f"s{number:03}", head=str(number))
    return town


class Killer:
    """Kills a process when it has asked the server so many times, before or after the server did what was asked."""

    def __init__(self, town: Town, process: subprocess.Popen[str], *, asked: int, is_done: bool) -> None:
        self.process = process
        self.is_done = is_done
        town.faults = [lambda work: work() for _ in range(asked)] + [self]

    def __call__(self, work):
        if self.is_done:
            work()
        self.process.kill()
        return says(503)(work)


def test_a_client_that_is_killed_again_and_again_ends_with_all_its_work_done_once(town, tmp_path):
    chance = random.Random(4711)
    table = tmp_path / "stations.csv"
    table.write_text("area,label\n" + "".join(f",站{number}\n" for number in range(60)), encoding="utf-8")
    store = tmp_path / "laptop"
    with serving(town) as address:
        assert ended(start(store, "login", f"{address}/key/worker"))[0] == 0
        began = time.monotonic()
        assert ended(start(store, "pull"))[0] == 0
        whole_s = time.monotonic() - began
        for round in range(12):
            for words in (("answers", str(table), "--type", "stations"), ("edit", f"s{round:03}", "head=x")):
                kill_after(start(store, *words), chance.uniform(0.3, 1.2) * whole_s)
            victim = start(store, "sync")
            Killer(town, victim, asked=chance.randrange(6), is_done=chance.random() < 0.5)
            victim.communicate(timeout=PATIENCE_S)
            town.faults = []
        assert ended(start(store, "answers", str(table), "--type", "stations"))[0] == 0
        assert ended(start(store, "sync"))[0] == 0

    with Device(store) as device:
        assert device.row("PRAGMA integrity_check") == {"integrity_check": "ok"}
        changes = device.rows("SELECT id, seq, state, verdict FROM change ORDER BY seq")
        held = {each["id"]: each["version"] for each in device.rows("SELECT id, version FROM row")}
    assert [each["seq"] for each in changes] == list(range(1, len(changes) + 1))
    assert {(each["state"], each["verdict"]) for each in changes} == {("sent", "applied")}
    contents: dict[str, set[str]] = {}
    for _, text in town.received:
        contents.setdefault(json.loads(text)["id"], set()).add(text)
    assert contents.keys() == {each["id"] for each in changes}
    assert {len(texts) for texts in contents.values()} == {1}
    labels = sorted(record["label"] for record in town.state.records.values() if record["label"])
    assert labels == sorted(f"站{number}" for number in range(60))
    assert held == {id: record["version"] for id, record in town.state.records.items()}


def test_two_at_once_share_the_work_without_doing_any_of_it_twice(town, tmp_path):
    store = tmp_path / "laptop"
    with serving(town) as address:
        assert ended(start(store, "login", f"{address}/key/worker"))[0] == 0
        writers = [start(store, "create", "stations", f"label=站{number}") for number in range(8)]
        assert {ended(each)[0] for each in writers} == {0}
        is_other_there = threading.Event()
        town.faults = [lambda work: is_other_there.wait(PATIENCE_S) and work()]
        first = start(store, "sync")
        second = start(store, "sync")
        is_other_there.set()
        assert (ended(first)[0], ended(second)[0]) == (0, 0)

    assert len(town.received) == 8
    with Device(store) as device:
        assert [each["seq"] for each in device.rows("SELECT seq FROM change ORDER BY seq")] == list(range(1, 9))
        assert {each["verdict"] for each in device.rows("SELECT verdict FROM change")} == {"applied"}
        assert len(device.rows("SELECT id FROM row")) == 308
