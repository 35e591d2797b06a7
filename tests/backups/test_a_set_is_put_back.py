"""A backup is put back as a folder of its own: whole, with a new epoch; or refused, and nothing is touched."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest

from server.admin.store import backup_facts
from server.audit.domain.entries import Entry
from server.audit.store import entry_lists
from server.audit.store.entry_lists import EVERYWHERE, AuditFilters
from server.audit.usecases.recording import record
from server.backups.domain import manifests
from server.backups.domain.manifests import Manifest
from server.backups.store import set_folder
from server.backups.usecases import forgotten
from server.db.folder import FILE_NAME, secret
from server.replication.store import epochs
from tests.backups.backed_up import back_up, files_in, newest, reading, run, send_photo
from tests.county import close, open_county
from tests.valley import a_valley, lay

pytestmark = pytest.mark.sqlite  # a backup set is a copy of the file


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A data folder that nobody serves, with two photos, beside two backups of it."""
    place = tmp_path_factory.mktemp("made")
    county = open_county(place / "data", lay)
    send_photo(county, b"first")
    back_up(county, place / "backups")
    send_photo(county, b"second")
    back_up(county, place / "backups")
    close(county.app)
    return place


@pytest.fixture
def place(made, tmp_path) -> Path:
    shutil.copytree(made / "backups", tmp_path / "backups")
    return tmp_path


def test_the_newest_of_a_folder_is_put_back_with_all_that_it_held(made, place):
    restored = run("restore", place / "backups", "--to", place / "back")

    assert restored.exit_code == 0, restored.output
    assert "照片 2 个" in restored.output
    assert run("check", "--data", place / "back").exit_code == 0
    blobs = {name for name in files_in(made / "data") if name.startswith("blobs/")}
    assert {name for name in files_in(place / "back") if name.startswith("blobs/")} == blobs
    assert secret(place / "back") == secret(made / "data")


def test_it_begins_a_new_epoch_raises_every_version_and_says_from_which_set_it_came(made, place):
    manifest = newest(place / "backups").manifest
    with reading(made / "data") as before:
        versions = dict(before.sql.tuples("SELECT id, version FROM record"))

    assert run("restore", place / "backups", "--to", place / "back").exit_code == 0

    with reading(place / "back") as found:
        assert epochs.current(found) != manifest.epoch
        assert epochs.durable(found) == manifest.seq
        assert dict(found.sql.tuples("SELECT id, version FROM record")) == {
            id: version + 1_000 for id, version in versions.items()
        }
        filters = AuditFilters(events=("folder.restored", "epoch.new"))
        entries = entry_lists.page(found, EVERYWHERE, filters, before=None, limit=5)
        assert [entry.event for entry in entries] == ["folder.restored", "epoch.new"]
        told = entries[0].details
        assert (told["seal"], told["audit"]) == (manifest.seal, f"{manifest.audit_number} {manifest.audit_hash}")
        assert backup_facts.last_backup(found).finished_at == manifest.made_at


def test_it_knows_its_place_and_is_written_to_without_a_question(place):
    assert run("restore", place / "backups", "--to", place / "back").exit_code == 0

    assert run("form", "close", "hazard", "--data", place / "back").exit_code == 0
    copy = shutil.copytree(place / "back", place / "copy")
    assert run("form", "close", "hazard", "--data", copy).exit_code == 1


def test_an_older_set_is_numbered_above_those_beside_it(place):
    """What was put back once gave out numbers of its own; the same set put back again must not give them again."""
    oldest = set_folder.sets(place / "backups")[0]
    assert run("restore", oldest.path, "--to", place / "first").exit_code == 0
    assert run("backup", place / "backups", "--data", place / "first").exit_code == 0

    assert run("restore", oldest.path, "--to", place / "second").exit_code == 0

    with reading(place / "first") as first, reading(place / "second") as second:
        assert (epochs.restores(first), epochs.restores(second)) == (1, 2)
        versions = [dict(each.sql.tuples("SELECT id, version FROM record")) for each in (first, second)]
    assert {versions[1][id] - version for id, version in versions[0].items()} == {1_000}


def refusal(place: Path, *arguments: str | Path) -> str:
    """Restore, expecting a refusal of one line that leaves nothing behind; return what it says."""
    before = files_in(place)

    refused = run("restore", *(arguments or (place / "backups",)), "--to", place / "back")

    assert refused.exit_code == 1, refused.output
    assert files_in(place) == before
    assert not (place / "back").exists()
    return refused.stderr.splitlines()[-1]


def test_one_changed_byte_anywhere_is_found_before_anything_is_written(place):
    chosen, chance = newest(place / "backups"), random.Random(4711)
    paths = [path for path in chosen.path.iterdir() if path.stat().st_size]
    paths += [chosen.photo(sha256) for sha256, _ in set_folder.photos_of(chosen)]
    assert len(paths) == 6
    for path in paths:
        sound = path.read_bytes()
        for _ in range(2):
            at = chance.randrange(len(sound))
            path.write_bytes(sound[:at] + bytes([sound[at] ^ 1]) + sound[at + 1 :])

            told = refusal(place, chosen.path)

            assert "不完整或被改动过" in told, path
            assert "请换一份备份" in told
        path.write_bytes(sound)
    assert run("restore", chosen.path, "--to", place / "back").exit_code == 0


def test_a_photo_that_went_bad_among_the_backups_is_copied_anew_once_it_is_deleted_as_the_refusal_says(made, place):
    photo = newest(place / "backups").photo(set_folder.photos_of(newest(place / "backups"))[0][0])
    photo.write_bytes(photo.read_bytes()[:-1] + b"?")
    drill = ("backup", place / "backups", "--verify", "--data", made / "data")

    refused = run(*drill)
    assert (refused.exit_code, f"删去 {photo} 再备份一次" in refused.stderr) == (1, True)
    photo.unlink()

    assert run(*drill).exit_code == 0


def test_without_its_damaged_photos_all_the_rest_is_put_back_and_they_are_named_and_taken_again(made, place):
    chosen = newest(place / "backups")
    (rotten, _), (sound, _) = set_folder.photos_of(chosen)
    path = chosen.photo(rotten)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert "--without-damaged-photos" in refusal(place)

    restored = run("restore", chosen.path, "--without-damaged-photos", "--to", place / "back")

    assert restored.exit_code == 0, restored.output
    assert "照片 1 个" in restored.output and "缺少的照片 1 个" in restored.stderr
    assert rotten in restored.stderr and "上报 hazard " in restored.stderr and " 1.jpg" in restored.stderr
    assert sound not in restored.stderr
    assert run("check", "--data", place / "back").exit_code == 0
    with reading(place / "back") as found:
        assert [sha256 for (sha256,) in found.sql.tuples("SELECT sha256 FROM submission_file")] == [sound]
        [entry] = entry_lists.page(found, EVERYWHERE, AuditFilters(events=("folder.restored",)), before=None, limit=5)
        assert (entry.details["photos_lost"], entry.details["lost"]) == (1, [rotten])


def test_no_other_file_than_a_photo_may_be_damaged(place):
    chosen = newest(place / "backups")
    for name in (FILE_NAME, "secret", "audit-heads.txt", "photos.txt"):
        path = chosen.path / name
        if sound := path.read_bytes():
            path.write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))
            assert "不完整或被改动过" in refusal(place, chosen.path, "--without-damaged-photos"), name
            path.write_bytes(sound)


def test_a_file_that_is_missing_cut_off_or_grown_is_named(place):
    chosen = newest(place / "backups")
    sha256, _ = set_folder.photos_of(chosen)[0]
    for path in (chosen.path / FILE_NAME, chosen.photo(sha256), chosen.path / "photos.txt"):
        sound = path.read_bytes()
        path.unlink()
        assert path.name in refusal(place, chosen.path)
        for wrong in (sound[:-1], sound + b"\0", b""):
            path.write_bytes(wrong)
            assert path.name in refusal(place, chosen.path)
        path.write_bytes(sound)


def resealed(place: Path, **changed: object) -> None:
    """Write the newest manifest anew, as a program would that means it."""
    chosen = newest(place / "backups")
    manifest: Manifest = chosen.manifest._replace(**changed)
    (chosen.path / manifests.FILE_NAME).write_text(manifests.text_of(manifest), encoding="utf-8")


def test_a_set_of_a_newer_program_asks_for_that(place):
    resealed(place, schema=(*newest(place / "backups").manifest.schema, "9999_to_come"), program="9.0")

    told = refusal(place)

    assert "更新的 Firegrid（9.0）" in told
    assert "请先升级程序" in told


def test_a_manifest_of_a_newer_format_asks_for_that(place, monkeypatch):
    manifest = newest(place / "backups").manifest._replace(program="9.0")
    with monkeypatch.context() as newer:
        newer.setattr(manifests, "FORMAT", manifests.FORMAT + 1)
        text = manifests.text_of(manifest)
    (newest_path(place) / manifests.FILE_NAME).write_text(text, encoding="utf-8")

    assert "请先升级程序" in refusal(place)


def newest_path(place: Path) -> Path:
    return set_folder.paths(place / "backups")[-1]


def test_no_name_is_taken_from_a_manifest_that_a_data_folder_does_not_have(place):
    files = newest(place / "backups").manifest.files
    resealed(place, files={**files, "../outside": files["secret"]})

    assert "清单里的文件不全" in refusal(place)


@pytest.mark.parametrize("content", ["", "[]", "{}", "null", '{"format": 1}', "\0", '{"format": 1, "seal": "0"}'])
def test_what_is_no_manifest_is_refused_and_no_older_set_is_taken_in_its_place(place, content):
    path = newest_path(place)
    (path / manifests.FILE_NAME).write_text(content)

    assert path.name in refusal(place, path)
    assert path.name in refusal(place, place / "backups")


def test_what_is_no_backup_or_not_finished_is_refused(place):
    unfinished = newest_path(place).rename(place / "backups" / "2026-11-24-120000.making")

    assert "不是一份完整的备份" in refusal(place, unfinished)
    (place / "empty").mkdir()
    assert "不是一份完整的备份" in refusal(place, place / "empty")


def test_a_folder_that_holds_something_is_left_as_it_is(made, place):
    shutil.copytree(made / "data", place / "data")
    before = files_in(place / "data")

    refused = run("restore", place / "backups", "--to", place / "data")

    assert (refused.exit_code, "原样没动" in refused.stderr) == (1, True)
    assert files_in(place / "data") == before


def test_a_folder_among_the_backups_is_refused(place):
    before = files_in(place / "backups")

    refused = run("restore", place / "backups", "--to", place / "backups" / "back")

    assert (refused.exit_code, "在备份目录里面" in refused.stderr) == (1, True)
    assert files_in(place / "backups") == before


def test_a_folder_that_cannot_be_written_is_named_and_called_no_backup(place):
    refused = run("restore", place / "backups", "--to", "/dev/full/data")

    assert (refused.exit_code, "/dev/full 写不了（" in refused.stderr) == (1, True)
    assert "写备份" not in refused.stderr


def test_an_empty_folder_is_taken(place):
    (place / "back").mkdir()

    assert run("restore", place / "backups", "--to", place / "back").exit_code == 0
    assert run("check", "--data", place / "back").exit_code == 0


def test_the_drill_restores_checks_and_leaves_nothing(made, place, monkeypatch):
    (place / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place / "temporary"))
    shutil.copytree(made / "data", place / "data")
    assert run("check", "--moved", "--data", place / "data").exit_code == 0

    drilled = run("backup", place / "backups", "--verify", "--data", place / "data")

    assert (drilled.exit_code, "恢复演练通过" in drilled.stdout) == (0, True)
    assert list((place / "temporary").iterdir()) == []


def test_the_drill_fails_where_what_was_backed_up_is_not_well(made, place):
    shutil.copytree(made / "data", place / "data")
    assert run("check", "--moved", "--data", place / "data").exit_code == 0
    lost = next(path for path in (place / "data" / "blobs").rglob("*/*") if path.is_file())
    lost.unlink()
    shutil.rmtree(place / "backups")

    drilled = run("backup", place / "backups", "--verify", "--data", place / "data")

    assert (drilled.exit_code, "恢复演练没有通过" in drilled.stderr) == (1, True)


def test_a_manifest_is_readable_by_others(place):
    plain = json.loads((newest_path(place) / manifests.FILE_NAME).read_text(encoding="utf-8"))

    assert plain["format"] == 1
    assert set(plain["files"]) == {"firegrid.db", "secret", "audit-heads.txt", "photos.txt"}


def test_what_was_forgotten_after_a_set_is_forgotten_again_when_that_is_put_back(tmp_path):
    county = open_county(tmp_path / "data", lay)
    to, data = tmp_path / "backups", tmp_path / "data"
    back_up(county, to)
    record = send_photo(county, b"first")
    back_up(county, to)
    close(county.app)
    assert run("user", "revoke", "worker", "--data", data).exit_code == 0
    assert run("forget", "worker", "--apply", "--data", data).exit_code == 0
    told = json.loads((to / "forgotten.json").read_text())
    assert [each["account"] for each in told] == ["worker"]
    assert (to / "forgotten.json").stat().st_mode & 0o077 == 0

    restored = run("restore", to, "--to", tmp_path / "back")

    assert restored.exit_code == 0, restored.output
    assert "已再次删除：worker" in restored.stderr
    with reading(tmp_path / "back") as found:
        row = found.sql.find("SELECT display, revoked_at FROM person WHERE name = 'worker'", {})
        assert (row["display"], row["revoked_at"] is not None) == ("已删除姓名", True)
        assert found.sql.value("SELECT 1 FROM record WHERE id = :id", {"id": record}) == 1
    assert run("check", "--data", tmp_path / "back").exit_code == 0


def test_everything_forgotten_is_kept_beside_the_sets_however_much_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr(forgotten, "_AT_ONCE", 2)
    with a_valley(tmp_path / "data") as county:
        names = [f"left{number}" for number in range(5)]
        for name in names:
            entry = Entry("user.forget", "command", name, {})
            county.store.write(lambda tx, entry=entry: record(tx, entry))
        back_up(county, tmp_path / "backups")

    told = json.loads((tmp_path / "backups" / "forgotten.json").read_text())
    assert sorted(each["account"] for each in told) == names


def test_a_list_of_what_was_forgotten_that_is_broken_is_told_before_anything_is_put_back(place):
    (place / "backups" / "forgotten.json").write_text("[")

    assert "forgotten.json 读不出来" in refusal(place)
