"""A device that dies between any two statements loses nothing, and never sends one change with two contents."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.client import device_file
from sync.client.device import Device
from sync.client.failures import Refused
from tests.laws import examples
from tests.sync.town import Phone, Town, lost_answer


class Died(BaseException):
    """The power went."""


class Battery:
    """Lets so many statements through, and then none any more until it is changed."""

    def __init__(self, left: float) -> None:
        self.left = left

    def connect(self, path: Path) -> sqlite3.Connection:
        battery = self

        class Draining(sqlite3.Connection):
            def execute(self, *arguments):
                battery.left -= 1
                if battery.left < 0:
                    raise Died
                # A process dies here, not the machine: the system's cache outlives it, and fsync would only take time.
                return super().execute(arguments[0].replace("synchronous = FULL", "synchronous = OFF"), *arguments[1:])

            def rollback(self):
                if battery.left >= 0:  # a dead process rolls nothing back: the next one to open does
                    super().rollback()

        return sqlite3.connect(path, isolation_level=None, timeout=1, factory=Draining)


def life(phone: Phone) -> None:
    """Do one of everything: write, send, receive, send what was restored, let go."""
    town = phone.town
    first = phone.create(head="甲")
    phone.edit(first, head="乙")
    town.faults = [lost_answer]
    phone.push()
    phone.edit(first, head="丙")
    town.put("s1", head="丁")
    phone.pull()
    phone.edit("s1", hoses="6")
    town.entitled["worker"] = ["county"]
    phone.pull()
    town.entitled["worker"] = ["area:unit1", "county"]
    phone.push()
    phone.pull()


def statements_of_a_life() -> int:
    with TemporaryDirectory() as folder:
        battery = Battery(float(10**6))
        phone = Phone(Town(), Path(folder), connect=battery.connect)
        life(phone)
        phone.close()
        return int(10**6 - battery.left)


TOTAL = statements_of_a_life()


@settings(max_examples=examples(60))
@given(st.integers(1, TOTAL), st.sampled_from([0, 5]))
def test_whatever_statement_is_the_last_the_work_kept_before_it_reaches_the_server_unchanged(last, durable):
    with TemporaryDirectory() as folder:
        town = Town()
        town.durable = durable
        kept = dies(town, Path(folder), Battery(last))
        town.faults = []
        town.entitled["worker"] = ["area:unit1", "county"]

        phone = Phone(town, Path(folder), hand=2, connect=Battery(float("inf")).connect)
        before = {each["id"]: each["body"] for each in phone.changes()}
        assert kept.keys() <= before.keys()
        assert all(before[id] in (body, None) for id, body in kept.items())
        assert [each["seq"] for each in phone.changes()] == list(range(1, len(before) + 1))
        phone.push()
        phone.pull()

        arrived = [json.loads(text) for _, text in town.received]
        assert {each["id"] for each in arrived} == before.keys()  # Town itself refuses two contents of one id
        assert all(each["verdict"] == "applied" for each in phone.changes())
        assert {device for device, _ in town.received} <= {phone.device.id}
        assert phone.held() == {id: town.state.records[id]["version"] for id in phone.held()}
        phone.close()


def dies(town: Town, folder: Path, battery: Battery) -> dict[str, str]:
    """Live until the battery is empty; return id and content of what had been kept for certain by then."""
    kept: dict[str, str] = {}

    class Careful(Phone):
        def note(self):
            """Look at the store with another eye: what that sees is committed."""
            with Device(folder, connect=Battery(float("inf")).connect) as other:
                kept.update(
                    {each["id"]: each["body"] for each in other.rows("SELECT id, body FROM change") if each["body"]}
                )

        def create(self, *arguments, **values):
            try:
                return super().create(*arguments, **values)
            finally:
                self.note()

        def edit(self, *arguments, **values):
            try:
                return super().edit(*arguments, **values)
            finally:
                self.note()

    phone = None
    try:
        phone = Careful(town, folder, connect=battery.connect)
        life(phone)
    except Died:
        pass_away(phone)
    else:
        phone.close()
    return kept


def pass_away(phone: Phone | None) -> None:
    """Let go of the file as the system does for a killed process: nothing more is written."""
    if phone is not None:
        phone.device._db.conn.close()


def test_a_store_written_by_a_newer_program_is_not_touched(tmp_path):
    Device(tmp_path).close()
    with sqlite3.connect(tmp_path / device_file.FILE_NAME) as connection:
        connection.execute(f"PRAGMA user_version = {len(device_file.STEPS) + 1}")
    connection.close()

    with pytest.raises(Refused, match="升级"):
        Device(tmp_path)


def test_the_store_is_for_its_owners_eyes_and_commits_are_durable(tmp_path):
    with Device(tmp_path / "store") as device:
        assert device.row("PRAGMA synchronous") == {"synchronous": 2}
        assert device.row("PRAGMA journal_mode") == {"journal_mode": "wal"}
        assert (tmp_path / "store").stat().st_mode & 0o077 == 0
        assert {each.name for each in (tmp_path / "store").iterdir() if each.stat().st_mode & 0o077} == set()


def test_a_store_of_an_older_fieldsync_is_brought_up_to_date_and_stays_the_same_device(tmp_path, monkeypatch):
    with Device(tmp_path) as older:
        id = older.id
    monkeypatch.setattr(device_file, "STEPS", (*device_file.STEPS, "CREATE TABLE later (id TEXT) STRICT;"))

    with Device(tmp_path) as newer:
        assert newer.id == id
        assert newer.rows("SELECT * FROM later") == []


def test_what_belongs_to_a_step_is_not_written_outside_of_one(tmp_path):
    with Device(tmp_path) as device, pytest.raises(RuntimeError, match="outside"):
        device.run("DELETE FROM setting")


def test_a_store_that_has_lost_its_device_id_sends_as_nobody_else(tmp_path):
    with Device(tmp_path) as device:
        with device.writing():
            device.set_setting("device", None)

        with pytest.raises(RuntimeError, match="device id"):
            assert device.id


def test_what_the_file_has_undone_by_itself_is_told_as_what_it_was(tmp_path):
    """As SQLite does on a full disk: there is no transaction left to roll back."""

    def fill(device):
        device.set_setting("epoch", "e")
        device.run("ROLLBACK")
        raise sqlite3.OperationalError("database or disk is full")

    with Device(tmp_path) as device:
        with pytest.raises(sqlite3.OperationalError, match="full"), device.writing():
            fill(device)

        assert device.setting("epoch") is None
