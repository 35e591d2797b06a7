"""A server makes backups by itself at the times that the settings name, and tells how old the last one is."""

from __future__ import annotations

import shutil
import threading
from datetime import time
from pathlib import Path

import pyrage
import pytest

from server.admin.store import backup_facts
from server.app import blobs_of
from server.backups.store import plain_copy, set_folder
from server.backups.usecases import restoring, schedule
from server.backups.usecases.orders import Order
from server.cli.beside_serving import doing_beside
from server.db.locks import serving
from server.errors import Busy, Invalid
from server.replication.store import epochs
from server.settings import Settings, from_environment
from tests.backups.backed_up import back_up, files_in, reading, run, send_photo
from tests.county import close, open_county
from tests.valley import a_valley, lay

pytestmark = pytest.mark.sqlite  # a backup set is a copy of the file


@pytest.fixture
def valley(tmp_path):
    with a_valley(tmp_path / "data") as county:
        yield county


@pytest.fixture
def to(tmp_path) -> Path:
    return tmp_path / "backups"


@pytest.fixture
def keeper(valley, to) -> schedule.Keeper:
    return schedule.Keeper(valley.store, Order(to, "server"), [time(2, 30)])


def durable(county) -> int:
    with county.store.reading() as reading:
        return epochs.durable(reading)


def last(county) -> backup_facts.LastBackup:
    with county.store.reading() as reading:
        return backup_facts.last_backup(reading)


def test_the_first_is_made_at_once_and_the_next_when_its_time_has_come(valley, to, keeper):
    for _ in range(3):
        keeper.round()
    assert len(set_folder.sets(to)) == 1

    valley.clock.pass_by(hours=24)
    keeper.round()

    assert len(set_folder.sets(to)) == 2


def test_some_nights_keep_what_the_table_says(valley, to, keeper):
    for _ in range(12):
        keeper.round()
        valley.clock.pass_by(days=1)

    days = [each.path.name[:10] for each in set_folder.sets(to)]

    # From 11-24 to 12-05: the last seven days, among which are the ends of both weeks and of the month before.
    assert days == ["2026-11-29", "2026-11-30", *(f"2026-12-0{day}" for day in range(1, 6))]


def test_while_none_was_finished_nothing_is_durable_where_backups_are_set_up(valley, to):
    send_photo(valley, b"first")
    assert durable(valley) > 0
    to.write_text("no folder")

    schedule.Keeper(valley.store, Order(to, "server"), [time(2, 30)]).round()

    assert durable(valley) == 0
    assert "请检查磁盘是否接好" in last(valley).failure


def test_a_try_that_failed_is_made_again_an_hour_later(valley, to, keeper):
    to.write_text("no folder")
    keeper.round()
    to.unlink()

    keeper.round()
    assert not to.exists()
    valley.clock.pass_by(hours=1)
    keeper.round()

    assert len(set_folder.sets(to)) == 1
    assert last(valley).failure == ""


def test_a_server_that_is_started_anew_after_a_failure_tries_at_once(valley, to, keeper):
    to.write_text("no folder")
    keeper.round()
    to.unlink()

    schedule.Keeper(valley.store, Order(to, "server"), [time(2, 30)]).round()

    assert len(set_folder.sets(to)) == 1


def test_another_folder_in_the_settings_gets_its_first_at_once(valley, to, keeper):
    keeper.round()

    for _ in range(2):
        schedule.Keeper(valley.store, Order(to.with_name("other"), "server"), [time(2, 30)]).round()

    assert [len(set_folder.sets(each)) for each in (to, to.with_name("other"))] == [1, 1]


def test_a_clock_that_was_a_year_ahead_puts_no_backup_off(valley, to, keeper):
    valley.clock.pass_by(days=365)
    keeper.round()
    valley.clock.pass_by(days=-365)

    keeper.round()
    keeper.round()

    assert len({each.path for each in set_folder.sets(to)}) == 2


def test_what_was_made_under_a_clock_that_was_ahead_is_not_taken_for_the_newest(valley, to, keeper):
    valley.clock.pass_by(days=365)
    keeper.round()
    valley.clock.pass_by(days=-365)
    id = send_photo(valley, b"since")

    keeper.round()

    chosen = restoring.find(to).set
    assert chosen.path.name == last(valley).name < max(each.path.name for each in set_folder.sets(to))
    assert run("restore", to, "--to", to.with_name("back")).exit_code == 0
    with reading(to.with_name("back")) as found:
        assert found.sql.value("SELECT COUNT(*) FROM record WHERE id = :id", {"id": id}) == 1


def test_what_is_made_under_a_clock_that_was_set_back_is_not_cleared_away_as_the_oldest(valley, to, keeper):
    for _ in range(12):  # one in each of the months that the table keeps
        keeper.round()
        valley.clock.pass_by(days=31)
    valley.clock.pass_by(days=-4000)
    send_photo(valley, b"since")

    keeper.round()

    assert restoring.find(to).set.path.name == last(valley).name
    assert len(set_folder.sets(to)) == 13


def test_a_stop_ends_the_one_under_way_is_no_failure_and_leaves_no_set(valley, to):
    stopping = threading.Event()
    order = schedule.order_of(valley.store, to, (), stopping, 0)
    stopping.set()

    schedule.Keeper(valley.store, order, [time(2, 30)]).round()

    assert (set_folder.sets(to), last(valley).failure) == ([], "")


def test_a_server_makes_its_backup_beside_its_other_work(tmp_path, to):
    county = open_county(tmp_path / "data", lay, backup_folder=to)
    made = threading.Event()
    settings = Settings(county.store.folder, backup_folder=to)
    with serving(county.store.folder), doing_beside(county.store, blobs_of(county.app), settings, is_seen_whole=True):
        for _ in range(600):
            if last(county).finished_at:
                made.set()
                break
            made.wait(0.05)
    close(county.app)

    assert made.is_set()
    assert len(set_folder.sets(to)) == 1


def test_settings_that_can_never_make_one_are_refused_at_the_start(valley):
    for wrong in ({"backup_folder": valley.store.folder / "b"}, {"backup_recipients": ("age1nobody",)}):
        settings = Settings(valley.store.folder, **{"backup_folder": valley.store.folder.parent / "b", **wrong})
        with pytest.raises(Invalid), doing_beside(valley.store, blobs_of(valley.app), settings, is_seen_whole=True):
            raise AssertionError


def test_the_environment_says_where_when_and_for_whom():
    stated = {
        "FIREGRID_BACKUP_DIR": "/mnt/backups",
        "FIREGRID_BACKUP_AT": "14:30, 02:30",
        "FIREGRID_BACKUP_RECIPIENTS": "age1a,age1b",
    }

    settings = from_environment(None, stated)

    assert settings.backup_folder == Path("/mnt/backups")
    assert settings.backup_times == (time(2, 30), time(14, 30))
    assert settings.backup_recipients == ("age1a", "age1b")
    assert from_environment(None, {}).backup_folder is None
    for wrong in ("25:00", "2:30", "x", "02:30+08:00", "02:30Z,14:30"):
        with pytest.raises(Invalid, match="02:30"):
            from_environment(None, {"FIREGRID_BACKUP_AT": wrong})


def test_a_copy_that_goes_its_own_way_has_no_backups_and_a_series_of_its_own(valley, to, tmp_path):
    back_up(valley, to)
    copy = shutil.copytree(valley.store.folder, tmp_path / "copy")
    assert run("check", "--as-copy", "--data", copy).exit_code == 0

    refused = run("backup", to, "--data", copy)

    assert (refused.exit_code, "另一个数据目录的备份" in refused.stderr) == (1, True)


@pytest.fixture(scope="module")
def keys() -> pyrage.x25519.Identity:
    return pyrage.x25519.Identity.generate()


def test_an_encrypted_set_shows_nothing_and_only_its_key_opens_it(valley, to, tmp_path, keys):
    send_photo(valley, b"a face")
    back_up(valley, to, recipients=[keys.to_public()])
    own, other = tmp_path / "own.txt", tmp_path / "other.txt"
    own.write_text(f"# created by age-keygen\n{keys}\n")
    other.write_text(f"{pyrage.x25519.Identity.generate()}\n")

    assert not [name for name, content in files_in(to).items() if b"a face" in content or b"SQLite" in content]
    back = tmp_path / "back"
    for arguments, told in (((), "--identity"), (("--identity", other), "解不开"), (("--identity", to), "目录")):
        refused = run("restore", to, "--to", back, *arguments)
        assert refused.exit_code in (1, 2), told
        assert not back.exists()
    assert run("restore", to, "--to", back, "--identity", own).exit_code == 0
    assert run("check", "--data", back).exit_code == 0
    assert not (valley.store.folder / "backup.making").exists()


def test_a_plain_copy_of_one_that_was_killed_while_it_encrypted_is_gone_at_the_next_start(valley, to, keys):
    left = valley.store.folder / "backup.making"
    left.mkdir()
    (left / "firegrid.db").write_bytes(b"plain")
    settings = Settings(valley.store.folder)

    with doing_beside(valley.store, blobs_of(valley.app), settings, is_seen_whole=True):
        assert not left.exists()
    with plain_copy.held(valley.store.folder) as held:
        plain_copy.sweep(valley.store.folder)
        assert held.exists()
        with pytest.raises(Busy, match="正在加密"):
            back_up(valley, to, recipients=[keys.to_public()])
    assert not left.exists()


def test_check_says_in_chinese_when_the_last_backup_was_made(valley, to):
    folder = valley.store.folder
    assert "从未备份" in run("check", "--data", folder).stdout
    back_up(valley, to)

    assert "上次备份：2026-11-24 12:00（北京时间）" in run("check", "--data", folder).stdout


def test_one_changed_byte_of_an_encrypted_set_is_found(valley, to, tmp_path, keys):
    send_photo(valley, b"a face")
    chosen = back_up(valley, to, recipients=[keys.to_public()]).set
    own = tmp_path / "own.txt"
    own.write_text(str(keys))
    [photo] = (to / "blobs").rglob("*.age")
    for path in (chosen.path / "firegrid.db.age", photo):
        sound = path.read_bytes()
        path.write_bytes(sound[:-20] + bytes([sound[-20] ^ 1]) + sound[-19:])

        refused = run("restore", to, "--to", tmp_path / "back", "--identity", own)

        assert (refused.exit_code, path.name in refused.stderr) == (1, True)
        path.write_bytes(sound)


def test_plain_and_encrypted_sets_lie_side_by_side(valley, to, tmp_path, keys):
    send_photo(valley, b"a face")
    back_up(valley, to)
    made = back_up(valley, to, recipients=[keys.to_public()])

    assert made.photos == 1  # the plain one is nothing that whoever has the key could be given
    assert run("restore", set_folder.paths(to)[0], "--to", tmp_path / "back").exit_code == 0


def test_a_drill_of_an_encrypted_backup_asks_for_the_key(valley, to, keys):
    asked = run("backup", to, "--verify", "--recipient", str(keys.to_public()), "--data", valley.store.folder)

    assert (asked.exit_code, "--identity" in asked.stderr) == (2, True)
