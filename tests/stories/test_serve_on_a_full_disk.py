"""The disk fills up while phones are sending: they are told to try again, and nothing is said to be kept."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.stories.child_server import (
    Folder,
    Phones,
    Server,
    give_own_password,
    instances_in,
    logging_to,
    make_folder,
    new_instance,
    post,
    run,
    send,
    serving,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Folder:
    return make_folder(tmp_path_factory.mktemp("made") / "data")


@pytest.fixture
def small_disk(made: Folder, tmp_path: Path) -> Iterator[Folder]:
    """The data folder on a file system of 24 MB of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", place]
    if os.geteuid() != 0 or subprocess.run(mounting, check=False, capture_output=True).returncode != 0:
        pytest.skip("mounting a small file system needs root")
    try:
        shutil.copytree(made.path, place / "data")
        yield Folder(place / "data", made.key)
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def test_when_files_can_grow_no_further_phones_are_told_to_try_again_and_the_server_recovers_by_itself(made, tmp_path):
    shutil.copytree(made.path, tmp_path / "data")
    folder = Folder(tmp_path / "data", made.key)
    with serving(folder) as server:
        _limit(server, 600_000)
        with Phones(server) as phones:
            phones.wait_until(lambda told: len(told.refused) >= 20)
        _limit(server, resource.RLIM_INFINITY)
        again = [send(server, instance) for instance, _ in phones.refused]
        assert server.stop() == 0

    assert {status for _, status in phones.refused} <= {503, 507}
    assert set(again) == {201}
    assert sorted(instances_in(folder)) == sorted([*phones.kept, *(instance for instance, _ in phones.refused)])
    assert run("check", "--data", folder.path).returncode == 0


def test_on_a_full_disk_a_photo_is_refused_with_507_and_taken_when_there_is_room(small_disk):
    ballast = small_disk.path / "ballast"
    photo = b"\xff\xd8\xff" + os.urandom(400_000)
    instance = new_instance()
    with serving(small_disk) as server:
        _fill(ballast)
        with closing(server.connect()) as connection:
            status, envelope = post(connection, server.key, instance, photo)
        ready, _ = server.get("/readyz")
        ballast.unlink()

        later = send(server, instance, photo)
        assert server.stop() == 0

    assert status == 507
    assert "磁盘已满" in envelope
    assert ready == 503
    assert later == 201
    assert instances_in(small_disk) == [instance]
    assert run("check", "--data", small_disk.path).returncode == 0


def test_on_a_full_disk_what_was_answered_201_stays_and_the_rest_is_answered_507(small_disk):
    with serving(small_disk) as server:
        _fill(small_disk.path / "ballast")
        with Phones(server) as phones:
            phones.wait_until(lambda told: len(told.refused) >= 20)
        (small_disk.path / "ballast").unlink()
        assert server.stop() == 0

    assert {status for _, status in phones.refused} == {507}
    assert sorted(instances_in(small_disk)) == sorted(phones.kept)
    assert run("check", "--data", small_disk.path).returncode == 0


def test_on_a_full_disk_with_the_log_on_it_people_sign_in_and_read_and_phones_pull(made, small_disk):
    password = "correct-horse-7"
    give_own_password(small_disk, "gw1", password)
    with (small_disk.path / "log").open("ab", buffering=0) as log, logging_to(log.fileno(), small_disk) as server:
        assert send(server, new_instance()) == 201
        _fill(small_disk.path / "ballast")

        signed_in = server.post("/api/v1/session", {"username": "gw1", "password": password})
        wrong = server.post("/api/v1/session", {"username": "gw1", "password": "wrong"})
        token = {"Authorization": f"Bearer {json.loads(signed_in[1])['access_token']}"}
        read = [server.get(path, **token)[0] for path in ("/api/v1/records", "/api/v1/areas", "/api/v1/submissions")]
        pulled = server.post("/api/v1/sync/pull", {"device": "laptop", "unsent": 3}, Authorization=f"Key {server.key}")
        on_phone = [server.get(f"/KEY/{path}")[0] for path in ("formList", "forms/report.xml", "forms/report/manifest")]
        refused = _until_refused(server), send(server, new_instance(), b"\xff\xd8\xff" + os.urandom(400_000))
        (small_disk.path / "ballast").unlink()
        again = send(server, new_instance())
        assert server.stop() == 0

    assert (signed_in[0], wrong[0], pulled[0]) == (200, 401, 200)
    assert (read, on_phone) == ([200] * 3, [200] * 3)
    assert refused == (507, 507)
    assert again == 201
    assert run("check", "--data", small_disk.path).returncode == 0


def test_on_a_full_disk_nothing_is_exported_and_what_the_audit_lacks_is_one_entry_afterwards(small_disk):
    adding = ("user", "add", "chief", "--role", "county_admin", "--area", "130630000000", "--display", "演示县管")
    assert run(*adding, "--data", small_disk.path).returncode == 0
    password = "correct-horse-7"
    give_own_password(small_disk, "chief", password)
    login = {"username": "chief", "password": password}
    with serving(small_disk) as server:
        _fill(small_disk.path / "ballast")
        assert _until_refused(server) == 507

        token = {"Authorization": f"Bearer {json.loads(server.post('/api/v1/session', login)[1])['access_token']}"}
        exported = [_until(507, lambda: server.get("/api/v1/audit.csv?event=export", **token)[0]) for _ in range(2)]
        read = server.get("/api/v1/audit", **token)[0], server.get("/api/v1/records/7", **token)[0]
        (small_disk.path / "ballast").unlink()
        assert _until(200, lambda: server.get("/api/v1/audit.csv", **token)[0])
        assert server.stop() == 0

    audit = json.loads(run("audit", "--data", small_disk.path, "--format", "json").stdout)
    missing = Counter()
    for entry in audit:
        missing.update(entry["details"]["entries"] if entry["event"] == "audit.gap" else {})
    assert exported == [True, True]
    assert read == (200, 404)
    assert missing["audit.export"] >= 2
    assert missing["session.begin"] + sum(entry["event"] == "session.begin" for entry in audit) == 1
    assert run("check", "--data", small_disk.path).returncode == 0


def test_commands_on_a_full_disk_say_so_in_one_line(small_disk):
    assert run("user", "list", "--data", small_disk.path).returncode == 0
    _fill(small_disk.path / "ballast")

    for command in (["serve", "--port", "8779"], ["user", "list"], ["user", "key", "gw1"]):
        done = run(*command, "--data", small_disk.path)

        assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
        assert "磁盘" in done.stderr


def _limit(server: Server, size_bytes: int) -> None:
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size_bytes, resource.RLIM_INFINITY))


def _until(status: int, ask: Callable[[], int]) -> bool:
    """Ask until the answer has this status: a few small writes find room in files that are there, or are late."""
    return any(ask() == status for _ in range(200))


def _until_refused(server: Server) -> int:
    """Send small reports until one is refused, and return its status: a few find room in files that are there."""
    return next(status for _ in range(200) if (status := send(server, new_instance())) != 201)


def _fill(ballast: Path) -> None:
    """Write until the file system is full."""
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(65536))
        except OSError:
            return
