"""A store that is empty, cut off or without its device id is refused with the cure, and left as it is."""

from __future__ import annotations

import sqlite3

import pytest

from sync.client import device_file
from sync.client.device import Device
from sync.client.failures import Refused
from sync.client.wire import Json


def emptied(path):
    path.write_bytes(b"")


def cut_to(size):
    def cut(path):
        path.write_bytes(path.read_bytes()[:size])

    return cut


def cut_in_half(path):
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def another_file(path):
    path.write_bytes("今天巡查了三户".encode() * 400)


def without(statement):
    def strike(path):
        with sqlite3.connect(path) as connection:
            connection.execute(statement)
        connection.close()

    return strike


def begun(path):
    """As an older program left it when it was killed between opening the file and its first step."""
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    connection.close()


DAMAGES = {
    "empty": emptied,
    "a header cut off": cut_to(50),
    "one page": cut_to(4096),
    "half": cut_in_half,
    "another file": another_file,
    "no device id": without("DELETE FROM setting WHERE name = 'device'"),
    "a blank device id": without("UPDATE setting SET value = '' WHERE name = 'device'"),
    "no table of settings": without("DROP TABLE setting"),
    "no tables": begun,
}
COMMANDS = (
    ("status",), ("list",), ("show", "x"), ("edit", "x", "head=乙"), ("create", "stations", "head=乙"), ("push",),
    ("pull",), ("sync",), ("fields",),
)  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_every_command_refuses_a_damaged_store_and_leaves_it_as_it_is(laptop, tmp_path, damage):
    laptop("create", "stations", "head=甲")
    store = tmp_path / "laptop"
    damage(store / "device.db")
    before = content_of(store)

    for words in COMMANDS:
        status, said, complaint = laptop(*words)

        assert (status, said, complaint.count("\n")) == (1, "", 1), (words, complaint)
        assert all(each in complaint for each in ("已损坏", "备份", "改名")), complaint
    assert content_of(store) == before


def content_of(store) -> Json:
    return {each.name: each.read_bytes() for each in store.iterdir() if not each.name.startswith("device.db-")}


def test_signing_in_on_top_of_a_damaged_store_begins_no_new_one(laptop, address, tmp_path):
    (tmp_path / "laptop/device.db").write_bytes(b"")

    status, _, complaint = laptop("login", f"{address}/key/worker")

    assert (status, "已损坏" in complaint) == (1, True)
    assert (tmp_path / "laptop/device.db").read_bytes() == b""


def test_a_store_of_which_only_the_sign_in_is_left_is_no_new_one(laptop, address, tmp_path):
    for each in (tmp_path / "laptop").glob("device.db*"):
        each.unlink()

    for words in (("pull",), ("create", "stations", "head=甲"), ("login", f"{address}/key/worker")):
        status, _, complaint = laptop(*words)

        assert (status, "不见了" in complaint, "logout" in complaint) == (1, True, True), complaint
        assert not (tmp_path / "laptop/device.db").exists()
    assert laptop("logout")[0] == 0
    assert laptop("login", f"{address}/key/worker")[0] == 0
    assert laptop("pull")[0] == 0


def test_a_journal_without_its_store_is_kept(tmp_path):
    (tmp_path / "device.db-wal").write_bytes(b"unsent work")

    with pytest.raises(Refused, match="不见了"):
        Device(tmp_path)

    assert (tmp_path / "device.db-wal").read_bytes() == b"unsent work"
    assert not (tmp_path / "device.db").exists()


def test_damage_that_shows_only_later_is_told_as_damage_and_not_as_a_full_disk(laptop, monkeypatch):
    def torn(*_, **__):
        error = sqlite3.DatabaseError("database disk image is malformed")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error

    monkeypatch.setattr("sync.client.outbox.add", torn)

    status, _, complaint = laptop("create", "stations", "head=甲")

    assert (status, "已损坏" in complaint, "磁盘" in complaint) == (1, True, False)


def test_a_store_that_is_killed_while_it_is_made_is_made_anew(tmp_path):
    class Died(BaseException): ...

    def dying(path):
        class Dying(sqlite3.Connection):
            def execute(self, sql, *arguments):
                if sql == "COMMIT":
                    raise Died
                return super().execute(sql, *arguments)

        return sqlite3.connect(path, isolation_level=None, factory=Dying)

    with pytest.raises(Died):
        Device(tmp_path, connect=dying)
    assert not (tmp_path / device_file.FILE_NAME).exists()

    with Device(tmp_path) as device:
        assert device.id


def test_a_store_with_work_in_its_journal_is_whole(tmp_path):
    """A program that was killed leaves committed work in the journal only."""
    first = Device(tmp_path)
    with first.writing():
        first.set_setting("epoch", "e")
    journal = tmp_path / "device.db-wal"
    assert journal.stat().st_size > 0

    with Device(tmp_path) as second:
        assert second.setting("epoch") == "e"
    first.close()
