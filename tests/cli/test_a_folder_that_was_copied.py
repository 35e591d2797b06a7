"""A data folder knows its machine and its file: moved, put back or copied, it asks before anybody works in it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from server.cli import serve as serve_module
from server.cli.main import main
from server.db import database, identity
from server.db.folder import FILE_NAME, secret
from server.replication.store import epochs
from tests.county import new_database
from tests.put_back import copied, put_back
from tests.valley import UNIT, lay

pytestmark = pytest.mark.sqlite  # a schema is in no folder that could be moved

HERE, ELSEWHERE = "machine-of-the-county", "another-machine"


@pytest.fixture(autouse=True)
def machine(monkeypatch):
    """Say which machine this is, and let a server that would start end at once; returns how to change the machine."""
    monkeypatch.setattr(serve_module, "run", lambda *_: None)

    def be(name: str) -> None:
        monkeypatch.setenv("FIREGRID_MACHINE", name)

    be(HERE)
    return be


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder that was served here once."""
    path = tmp_path / "data"
    new_database(path, lay)
    secret(path)
    assert run("serve", path).exit_code == 0
    return path


def run(command: str, data: Path):
    return CliRunner().invoke(main, [*command.split(), "--data", str(data)])


def told(data: Path) -> tuple[str, int]:
    """Return the epoch of a folder, and how many it has taken."""
    store = database.open_inline(data)
    with store.reading() as reading:
        found = epochs.current(reading), epochs.restores(reading)
    store.close()
    return found


def audited(data: Path) -> list[str]:
    store = database.open_inline(data)
    with store.reading() as reading:
        rows = reading.sql.rows(
            "SELECT action FROM audit WHERE action LIKE 'folder%' OR action LIKE 'epoch%' ORDER BY id"
        )
    store.close()
    return [row["action"] for row in rows]


def moved_within_the_disk(folder: Path) -> Path:
    return folder.rename(folder.with_name("renamed"))


def copied_whole(folder: Path) -> Path:
    return Path(shutil.copytree(folder, folder.with_name("copy")))


def copied_as_the_page_says(folder: Path) -> Path:
    return copied(folder, folder.with_name("copy"))


def put_back_where_it_was(folder: Path) -> Path:
    copy = copied_whole(folder)
    put_back(copy, folder)  # on many file systems the numbers of the files are those of the deleted ones
    return folder


def put_in_the_place_of_the_file(folder: Path) -> Path:
    copy = copied_whole(folder)
    (copy / FILE_NAME).replace(folder / FILE_NAME)
    return folder


@pytest.mark.parametrize(
    "way", [copied_whole, copied_as_the_page_says, put_back_where_it_was, put_in_the_place_of_the_file]
)
def test_a_copy_is_not_served_until_somebody_says_what_it_is(folder, way):
    copy = way(folder)

    for _ in range(2):
        refused = run("serve", copy)

        assert refused.exit_code == 1
        [line] = refused.stderr.splitlines()
        assert line.startswith(f"firegrid: 数据目录 {copy} 像是移来或复制来的")
        assert all(word in line for word in ("--moved", "--restored", "--as-copy", f"check --data {copy}"))
    assert told(copy)[1] == 0


def test_a_folder_on_another_machine_asks_too(folder, machine):
    machine(ELSEWHERE)

    assert run("serve", folder).exit_code == 1
    machine(HERE)
    assert run("serve", folder).exit_code == 0


@pytest.mark.parametrize("command", ["serve --moved", "check --moved"])
def test_a_moved_folder_goes_on_as_the_same_county(folder, command):
    before, signed = told(folder), secret(folder)
    moved = copied_whole(folder)

    assert run(command, moved).exit_code == 0

    assert (told(moved), secret(moved)) == (before, signed)
    assert run("serve", moved).exit_code == 0
    assert audited(moved) == ["folder.moved"]


@pytest.mark.parametrize("command", ["serve --as-copy", "check --as-copy"])
def test_a_copy_beside_the_original_takes_an_epoch_and_a_secret_of_its_own_once(folder, command):
    before, signed = told(folder), secret(folder)
    copy = copied_whole(folder)

    assert [run(command, copy).exit_code for _ in range(3)] == [0, 0, 0]

    assert told(copy)[0] != before[0]
    assert told(copy)[1] == 1
    assert secret(copy) != signed
    assert (told(folder), secret(folder)) == (before, signed)
    assert run("serve", copy).exit_code == run("serve", folder).exit_code == 0


def test_a_copy_that_was_put_back_takes_a_new_epoch_under_the_same_secret(folder):
    before, signed = told(folder), secret(folder)
    copy = copied_whole(folder)

    assert run("check --restored", copy).exit_code == 0

    assert told(copy)[0] != before[0]
    assert secret(copy) == signed
    assert run("serve", copy).exit_code == 0
    assert audited(copy) == ["epoch.new", "folder.restored"]


def test_that_a_copy_was_put_back_counts_even_where_nobody_would_have_asked(folder):
    assert run("check --restored", folder).exit_code == 0

    assert told(folder)[1] == 1


def test_a_folder_that_is_where_it_was_is_moved_and_copied_by_nobody(folder):
    before = told(folder)

    for command in ("serve --moved", "serve --as-copy", "check --as-copy", "serve"):
        assert run(command, folder).exit_code == 0
    assert told(folder) == before
    assert run("serve", moved_within_the_disk(folder)).exit_code == 0


def test_a_folder_of_the_version_before_is_adopted_with_one_line(tmp_path, capfd):
    new_database(tmp_path / "data", lay)
    copy = Path(shutil.copytree(tmp_path / "data", tmp_path / "copy"))  # made ready elsewhere, and never served there

    assert [run("serve", copy).exit_code for _ in range(2)] == [0, 0]

    lines = capfd.readouterr().err.splitlines()  # of the log, which goes to the process's own standard error
    assert sum("已记下" in line for line in lines) == 1
    assert told(copy)[1] == 0


def test_who_only_reads_is_asked_nothing_and_changes_nothing(folder):
    copy = copied_whole(folder)

    for command in ("check", "user list", "form list", "summary closure --area 130630000000"):
        assert run(command, copy).exit_code == 0, command
    assert run("serve", copy).exit_code == 1


@pytest.mark.parametrize(
    "command",
    [f"user add new --role grid_worker --area {UNIT}", "user revoke worker", "user key worker", "form close hazard"],
)
def test_who_would_write_is_asked(folder, command):
    copy = copied_whole(folder)
    before = (copy / FILE_NAME).read_bytes()

    refused = run(command, copy)

    assert (refused.exit_code, "--as-copy" in refused.stderr) == (1, True)
    assert (copy / FILE_NAME).read_bytes() == before
    assert run(command, folder).exit_code == 0


def test_two_answers_are_misuse(folder):
    assert run("serve --moved --as-copy", folder).exit_code == 2
    assert run("check --moved --restored", folder).exit_code == 2


@pytest.fixture
def no_machine(monkeypatch, tmp_path):
    """A container whose machine has no id, or another at each start."""
    monkeypatch.delenv("FIREGRID_MACHINE")
    ids = tmp_path / "machine-id"
    monkeypatch.setattr(identity, "MACHINE_FILES", (tmp_path / "nowhere", ids))
    return ids


def test_a_machine_without_an_id_goes_by_the_file_alone(tmp_path, no_machine):
    new_database(tmp_path / "data", lay)
    for content in (None, "", "uninitialized\n", "0123456789abcdef\n"):
        if content is not None:
            no_machine.write_text(content)

        assert run("serve", tmp_path / "data").exit_code == 0
    assert run("serve", copied_whole(tmp_path / "data")).exit_code == 1


def test_a_container_that_gets_another_id_each_time_is_given_a_name(tmp_path, no_machine, monkeypatch):
    new_database(tmp_path / "data", lay)
    no_machine.write_text("first\n")
    assert run("serve", tmp_path / "data").exit_code == 0
    no_machine.write_text("second\n")
    assert run("serve", tmp_path / "data").exit_code == 1

    monkeypatch.setenv("FIREGRID_MACHINE", "county-server")
    assert run("serve --moved", tmp_path / "data").exit_code == 0
    no_machine.write_text("third\n")

    assert run("serve", tmp_path / "data").exit_code == 0


def test_the_id_of_the_machine_is_nowhere_in_the_folder(tmp_path, no_machine):
    new_database(tmp_path / "data", lay)
    no_machine.write_text("0123456789abcdef0123456789abcdef\n")

    assert run("serve", tmp_path / "data").exit_code == 0

    assert b"0123456789abcdef0123456789abcdef" not in (tmp_path / "data" / FILE_NAME).read_bytes()


@pytest.mark.parametrize(
    ("there", "is_same"),
    [
        (("a", "1", "9"), True),
        (("", "1", "9"), True),
        (("a", "1", ""), True),
        (("b", "1", "9"), False),
        (("a", "2", "9"), False),
        (("a", "1", "8"), False),
        (("", "1", "8"), False),
    ],
)
def test_what_is_not_known_decides_nothing_and_what_differs_decides(there, is_same):
    here, other = identity.Identity("a", "1", "9"), identity.Identity(*there)

    assert here.is_same(other) is other.is_same(here) is is_same
