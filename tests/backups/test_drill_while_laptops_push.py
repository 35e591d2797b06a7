"""A drill: laptops push while a backup is made, the folder is lost, the backup put back, and the laptops offer again.

Every change that the server acknowledged is there afterwards, once. The slow one kills a real server, and the command
that makes the backup, at fifty instants.
"""

from __future__ import annotations

import random
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from server.backups.store import set_folder
from server.backups.store.copying import Pace
from sync.client import outbox, records, synchronization
from sync.client.backoff import Backoff
from sync.client.connection import Connection
from sync.client.credentials import Credentials
from sync.client.device import Device
from sync.client.failures import NoConnection
from tests.backups import forked_commands
from tests.backups.backed_up import back_up, run
from tests.backups.forked_commands import Command, Commands
from tests.county import County, restart
from tests.stories import child_server
from tests.stories.child_server import Folder, Server, make_folder, records_in
from tests.sync.test_with_the_real_server import Road
from tests.sync.town import Phone
from tests.valley import UNIT, a_valley

pytestmark = pytest.mark.sqlite  # a backup set is a copy of the file

LAPTOPS, INSTANTS = 8, 50
PAUSE_S = 0.1
"""Between two pushes of a laptop: what it has sent it offers again after each restore, and the more, the longer."""

NAMES = ("worker", "officer", "town")


class Meanwhile(Pace):
    """Between two steps of a backup ``work`` is done now and then, until the backup ends."""

    def __init__(self, work: Callable[[], None], chance: random.Random) -> None:
        super().__init__()
        self._work, self._chance = work, chance

    def spend(self, size: int) -> None:
        if self._chance.random() < 0.5:
            self._work()


@pytest.mark.parametrize("seed", range(2))
def test_what_was_acknowledged_beside_a_backup_is_there_after_it_was_put_back(tmp_path, seed):
    chance, to = random.Random(seed), tmp_path / "backups"
    with a_valley(tmp_path / "data") as valley:
        laptops = [
            Phone(Road(valley), tmp_path / f"laptop{number}", valley.keys[NAMES[number % 3]], hand=number + 1)
            for number in range(LAPTOPS)
        ]

        def work() -> None:
            each = chance.choice(laptops)
            held = each.device.rows("SELECT id FROM row WHERE type = 'stations' ORDER BY id")
            if held and chance.random() < 0.5:
                each.edit(chance.choice(held)["id"], head=f"{chance.random()}")
            else:
                each.create(area=UNIT, label="站", head="甲")
            sync(each)

        back_up(valley, to)
        for _ in range(LAPTOPS):
            work()
        back_up(valley, to, pace=Meanwhile(work, chance))
        not_durable = sum(outbox.count_not_durable(each.device) for each in laptops)
        for _ in range(chance.randrange(6)):
            work()

        restart(valley, lambda folder: put_back(to, folder))
        for each in [*laptops, *laptops]:
            sync(each)

        assert not_durable > 0
        assert_all_there(valley, laptops)
        for each in laptops:
            each.close()


def sync(each: Phone) -> None:
    synchronization.exchange(each.device, each.way)


def put_back(to: Path, folder: Path) -> None:
    shutil.rmtree(folder)
    restored = run("restore", to, "--to", folder)
    assert restored.exit_code == 0, restored.output


def assert_all_there(valley: County, laptops: list[Phone]) -> None:
    """Every change of every laptop has taken effect here, and none waits on a laptop."""
    made = {change["id"] for each in laptops for change in each.changes()}
    stored = {row["id"]: row["verdict"] for row in valley.rows("SELECT id, verdict FROM change")}
    assert {stored.get(id) for id in made} <= {"applied", "merged"}
    for each in laptops:
        assert outbox.count_unsent(each.device) == 0


@pytest.fixture
def folder(tmp_path) -> Folder:
    return make_folder(tmp_path / "data", is_small=True)


def work_until_gone(path: Path, server: Server, told: list[str]) -> None:
    """Make records and send them, one after the other, until the server is gone."""
    with Device(path) as device:
        while True:
            with device.writing():
                id = records.create(device, "reports", {"place": "演示民宿"}, area=child_server.UNIT)
            try:
                exchange(device, server)
            except NoConnection:
                return
            told.append(id)
            time.sleep(PAUSE_S)


def exchange(device: Device, server: Server) -> None:
    shown = Credentials(f"http://127.0.0.1:{server.port}", key=server.key)
    way = Connection(shown, backoff=Backoff(tries=1, sleep=lambda _: None))
    try:
        synchronization.exchange(device, way)
    finally:
        way.close()


def killed_during_a_backup(
    commands: Commands, folder: Folder, to: Path, served: Command, chance: random.Random
) -> None:
    """Begin a backup beside the server, and kill both at some instant of it."""
    backup = commands.begin("backup", to, "--data", folder.path)
    until = time.monotonic() + child_server.PATIENCE_S
    while backup.is_running() and not list(to.glob("*.making")) and time.monotonic() < until:
        time.sleep(0.002)
    time.sleep(chance.random() * 0.4)
    served.kill()
    backup.kill()


@pytest.mark.slow
def test_fifty_instants_at_which_server_and_backup_are_killed(folder, tmp_path):
    chance, to = random.Random(4711), tmp_path / "backups"
    laptops = [Device(tmp_path / f"laptop{number}") for number in range(LAPTOPS)]
    told: list[str] = []
    unfinished = 0
    with forked_commands.commands() as commands:
        for instant in range(INSTANTS):
            with commands.serving(folder) as (server, served):
                for each in laptops:
                    exchange(each, server)
                if instant == 0:
                    assert run("backup", to, "--data", folder.path).exit_code == 0
                threads = [
                    threading.Thread(target=work_until_gone, args=(each.folder, server, told)) for each in laptops
                ]
                for each in threads:
                    each.start()
                killed_during_a_backup(commands, folder, to, served, chance)
                for each in threads:
                    each.join()
            unfinished += len(list(to.glob("*.making")))
            put_back(to, folder.path)
            for old in set_folder.sets(to)[:-1]:
                set_folder.delete(old)
        with commands.serving(folder) as (server, _):
            for each in [*laptops, *laptops]:
                exchange(each, server)

    for each in laptops:
        each.close()
    checked = run("check", "--data", folder.path)
    assert (checked.exit_code, checked.stderr) == (0, "")
    assert unfinished > 0
    assert len(told) > INSTANTS
    assert set(told) - set(records_in(folder)) == set()
