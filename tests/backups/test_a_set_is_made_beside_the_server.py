"""A backup is made while the county is served: whole or absent, for its owner alone, photos once for all sets."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from server import background
from server.admin.store import backup_facts
from server.audit.store import entry_lists
from server.audit.store.entry_lists import EVERYWHERE, AuditFilters
from server.backups.store import copying, set_folder
from server.backups.store.copying import Pace
from server.backups.usecases import making, orders, restoring
from server.db.sqlite import snapshot
from server.errors import Busy, Conflict, DiskFull, Invalid, Unavailable
from server.replication.store import epochs, pulls
from tests.backups.backed_up import back_up, files_in, run, send_photo
from tests.county import a_county
from tests.filled_forms import a_station, new_uuid
from tests.valley import a_valley, lay

pytestmark = pytest.mark.sqlite  # a backup set is a copy of the file


@pytest.fixture
def valley(tmp_path):
    with a_valley(tmp_path / "data") as county:
        send_photo(county, b"first")
        send_photo(county, b"second")
        yield county


@pytest.fixture
def to(tmp_path) -> Path:
    return tmp_path / "backups"


def last(county) -> backup_facts.LastBackup:
    with county.store.reading() as reading:
        return backup_facts.last_backup(reading)


def durable(county) -> tuple[int, int]:
    """Return up to which seq the county is backed up, and how far it has got."""
    with county.store.reading() as reading:
        return epochs.durable(reading), pulls.current_seq(reading)


def test_a_set_says_what_is_in_it_and_the_county_remembers_it(valley, to):
    made = back_up(valley, to)

    manifest = made.set.manifest
    assert (made.photos, made.photo_bytes, made.missing) == (2, manifest.photo_bytes, [])
    assert (manifest.photos, manifest.is_encrypted, manifest.restores) == (2, False, 0)
    assert manifest.seq == durable(valley)[0] == durable(valley)[1]
    assert (last(valley).name, last(valley).finished_at) == (made.set.path.name, manifest.made_at)
    with valley.store.reading() as reading:
        [entry] = entry_lists.page(reading, EVERYWHERE, AuditFilters(events=("backup.make",)), before=None, limit=5)
    assert (entry.actor, entry.details["seal"], entry.details["seq"]) == ("test", manifest.seal, manifest.seq)


def test_what_comes_after_a_set_is_not_durable_until_the_next(valley, to):
    back_up(valley, to)
    covered = durable(valley)[0]

    valley.phone().send(a_station(new_uuid()))

    assert durable(valley)[0] == covered < durable(valley)[1]
    back_up(valley, to)
    assert durable(valley)[0] == durable(valley)[1]


def test_photos_are_copied_once_for_all_sets(valley, to):
    back_up(valley, to)
    send_photo(valley, b"third")

    made = back_up(valley, to)

    assert (made.photos, made.set.manifest.photos) == (1, 3)
    assert len(list((to / "blobs").rglob("*/*"))) == 3
    assert len(set_folder.sets(to)) == 2


def test_everything_in_a_folder_of_backups_is_for_its_owners_eyes(valley, to):
    back_up(valley, to)

    modes = {stat.S_IMODE(path.stat().st_mode) for path in to.rglob("*") if path.is_file()}
    assert modes == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (to, *to.rglob("*")) if path.is_dir()} == {0o700}


def test_writers_go_on_beside_it_and_the_set_is_of_one_instant(valley, to):
    sent: list[str] = []
    stop = threading.Event()

    class Watched(Pace):
        """Between two steps somebody else sends, as often as there are steps."""

        def spend(self, size: int) -> None:
            if not stop.is_set():
                id = new_uuid()
                assert valley.phone().send(a_station(id)).status_code == 201
                sent.append(id)

    made = back_up(valley, to, pace=Watched())
    stop.set()

    assert len(sent) > 3
    assert run("restore", made.set.path, "--to", to.parent / "back").exit_code == 0
    assert run("check", "--data", to.parent / "back").exit_code == 0
    covered, got = durable(valley)
    assert covered < got


class Killed(BaseException):
    """Not an Exception: nothing tidies up after kill -9."""


def die_at(monkeypatch, step: int) -> list[int]:
    """Let the process end at the given chance to die, of those that a backup passes; return how many it has passed."""
    passed = [0]

    def chance() -> None:
        passed[0] += 1
        if passed[0] == step:
            raise Killed

    def around(call):
        def called(*arguments, **more):
            chance()
            result = call(*arguments, **more)
            chance()
            return result

        return called

    for module, name in ((copying, "write"), (copying, "_pour"), (set_folder, "begin"), (set_folder, "finish")):
        monkeypatch.setattr(module, name, around(getattr(module, name)))
    monkeypatch.setattr(Path, "unlink", lambda *_, **__: None)  # whoever was killed deletes nothing
    return passed


def test_one_that_is_killed_anywhere_leaves_no_set_that_looks_whole_and_is_not(valley, tmp_path, monkeypatch):
    for step in range(1, 100):
        to = tmp_path / f"backups{step}"
        with monkeypatch.context() as dying:
            passed = die_at(dying, step)
            with suppress(Killed):
                back_up(valley, to)
        if passed[0] < step:
            break
        whole = set_folder.sets(to)
        for each in whole:  # it was finished, and only the county did not come to remember it
            restoring.verify(restoring.find(each.path))

        back_up(valley, to)

        assert not [path for path in to.rglob("*") if path.suffix in (".making", ".part", ".deleting")]
        assert len(set_folder.sets(to)) == len(whole) + 1
        assert restoring.verify(restoring.find(to)).photos == 2
    assert passed[0] == step - 1 > 20


def test_a_full_disk_is_told_and_the_server_and_the_sets_before_stay_as_they_were(valley, to, monkeypatch):
    back_up(valley, to)
    before = files_in(to)
    send_photo(valley, b"third")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(copying, "_sync", full)
        with pytest.raises(DiskFull, match="磁盘已满"):
            back_up(valley, to)

    assert "磁盘已满" in last(valley).failure
    assert {name: content for name, content in files_in(to).items() if name in before} == before
    assert len(set_folder.sets(to)) == 1
    back_up(valley, to)
    assert last(valley).failure == ""


@pytest.mark.parametrize(
    ("target", "refusal", "words"),
    [("/dev/full", DiskFull, "磁盘已满，没有做完"), ("/dev/full/absent", Invalid, "请检查磁盘是否接好")],
)
def test_a_disk_that_does_not_take_the_database_is_told_as_that_of_the_backup(
    valley, to, monkeypatch, target, refusal, words
):
    def connect(_path: Path, **more: None) -> sqlite3.Connection:
        return sqlite3.connect(target, **more)

    with monkeypatch.context() as disk:
        disk.setattr(snapshot, "sqlite3", SimpleNamespace(connect=connect, OperationalError=sqlite3.OperationalError))
        with pytest.raises(refusal, match=words):
            back_up(valley, to)

    assert words in last(valley).failure
    assert str(to) in last(valley).failure
    assert set_folder.sets(to) == []


def test_one_for_which_there_is_no_room_is_not_begun(valley, to, monkeypatch):
    usage = shutil.disk_usage(to.parent)
    monkeypatch.setattr(orders.shutil, "disk_usage", lambda _: usage._replace(free=1_000_000))

    with pytest.raises(DiskFull, match="磁盘空间不够"):
        back_up(valley, to)

    assert set_folder.sets(to) == []
    assert not (to / "blobs").exists()


def test_whoever_copies_beside_a_server_gives_way_to_those_who_ask():
    """In a thread of its own: a priority that was given away is not had back."""
    own = priority()

    assert background.giving_way(priority, pytest.fail) == background.PRIORITY
    assert priority() == own < background.PRIORITY


def test_the_command_beside_a_server_gives_way_in_the_thread_that_copies_alone(valley, to, monkeypatch):
    copied_by: list[int] = []
    write = copying.write

    def watched(*arguments):
        copied_by.append(priority())
        return write(*arguments)

    own = priority()
    monkeypatch.setattr(copying, "write", watched)
    with beside_another_server(valley.store.folder):
        assert run("backup", to, "--data", valley.store.folder).exit_code == 0

    assert set(copied_by) == {background.PRIORITY}
    assert priority() == own


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Take Ctrl-C as a terminal's program does; what a shell starts in the background was told to ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_a_command_that_is_interrupted_lets_its_copy_come_to_an_end():
    stopping = threading.Event()

    def interrupted() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        assert stopping.wait(10)

    with pytest.raises(KeyboardInterrupt):
        background.giving_way(interrupted, stopping.set)


def priority() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


@contextmanager
def beside_another_server(folder: Path) -> Iterator[None]:
    """Let another process hold the lock of who serves, until the block ends."""
    program = "import sys, pathlib\nfrom server.db.locks import serving\n"
    program += "with serving(pathlib.Path(sys.argv[1])):\n    print(flush=True)\n    sys.stdin.read()"
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", program, folder], stdin=pipe, stdout=pipe) as process:
        process.stdout.readline()
        yield
        process.stdin.close()


def test_one_that_is_told_to_stop_stops_and_says_so(valley, to):
    stopping = threading.Event()
    stopping.set()

    with pytest.raises(Unavailable, match="正在停止"):
        back_up(valley, to, pace=Pace(stopping=stopping))

    assert set_folder.sets(to) == []


def test_a_photo_that_is_lost_keeps_no_other_from_being_backed_up(valley, to):
    [lost, _] = valley.blobs()
    content = lost.read_bytes()
    lost.unlink()

    made = back_up(valley, to)

    assert (made.photos, made.missing) == (1, [lost.parent.name + lost.name])
    assert run("restore", to, "--to", to.parent / "back").exit_code == 0
    lost.write_bytes(content)
    assert back_up(valley, to).missing == []


def test_a_photo_that_was_changed_on_the_disk_is_not_taken_for_the_one_that_was_sent(valley, to):
    [changed, _] = valley.blobs()
    content = changed.read_bytes()
    changed.write_bytes(bytes(len(content)))

    assert back_up(valley, to).missing == [changed.parent.name + changed.name]
    changed.write_bytes(content)


def test_backups_within_the_data_or_in_a_data_folder_are_refused(valley, to):
    with pytest.raises(Invalid, match="在数据目录里面"):
        back_up(valley, valley.store.folder / "backups")
    (to / "firegrid.db").parent.mkdir()
    (to / "firegrid.db").touch()
    with pytest.raises(Invalid, match="是一个数据目录"):
        back_up(valley, to)


def test_a_folder_that_cannot_be_written_is_named_with_the_cure(valley, tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(Invalid, match="请检查磁盘是否接好"):
        back_up(valley, tmp_path / "file" / "backups")


def test_another_countys_folder_is_refused_since_each_would_delete_the_others_sets(valley, to, tmp_path):
    back_up(valley, to)

    with a_county(tmp_path / "other", lay) as other, pytest.raises(Conflict, match="另一个数据目录"):
        back_up(other, to)


def test_two_at_once_are_refused(valley, to):
    with set_folder.locked(to), pytest.raises(Busy):
        back_up(valley, to)


def test_sets_that_are_not_kept_go_with_the_photos_that_no_other_names(valley, to):
    old = back_up(valley, to).set
    unneeded = to / "blobs" / "ab" / ("c" * 62)
    unneeded.parent.mkdir(exist_ok=True)
    unneeded.touch()
    assert making.prune(valley.store, to) == ()

    kept = back_up(valley, to).set

    assert making.prune(valley.store, to) == (old.path.name,)  # of one day the newest is kept
    assert set_folder.sets(to) == [kept]
    assert not unneeded.exists()
    assert run("restore", to, "--to", to.parent / "back").exit_code == 0


def test_where_it_cannot_be_told_what_a_set_names_no_photo_goes(valley, to):
    broken = back_up(valley, to).set
    (broken.path / "manifest.json").write_text("{}")
    old = back_up(valley, to).set
    unneeded = to / "blobs" / "ab" / ("c" * 62)
    unneeded.parent.mkdir(exist_ok=True)
    unneeded.touch()
    back_up(valley, to)

    assert making.prune(valley.store, to) == (old.path.name,)
    assert unneeded.exists()
