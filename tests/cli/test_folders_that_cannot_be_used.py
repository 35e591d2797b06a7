"""A command that cannot use its data folder says so in Chinese, with the cure, and makes nothing."""

from __future__ import annotations

import getpass
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import pytest
from click.testing import CliRunner

from server.cli.folder import Command
from server.cli.main import main

ROOT = Path(__file__).parents[2]
COMMANDS = (["init"], ["serve"], ["check"], ["user", "list"], ["demo"])


def run(*arguments):
    return CliRunner().invoke(main, [*arguments])


def commands(group: click.Group, *names: str) -> Iterator[tuple[str, click.Command]]:
    """Yield every command below ``group`` with its words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        if isinstance(found, click.Group):
            yield from commands(found, *names, name)
        else:
            yield " ".join((*names, name)), found


def test_every_command_answers_a_refusal_by_a_line_and_not_by_its_own_fault():
    found = dict(commands(main))

    assert len(found) > 60
    assert [words for words, command in found.items() if not isinstance(command, Command)] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_is_no_folder(tmp_path, command):
    (tmp_path / "data").write_text("mine")

    refused = run(*command, "--data", str(tmp_path / "data"))

    assert refused.exit_code == 1
    assert refused.stderr.startswith(f"firegrid: {tmp_path}/data 是文件，不是数据目录；请用 --data 写目录。")
    assert (tmp_path / "data").read_text() == "mine"


@pytest.mark.parametrize("command", [["init"], pytest.param(["demo"], marks=pytest.mark.sqlite)])  # of folders alone
def test_where_nothing_can_be_made_the_reason_comes_in_chinese_with_the_cure(command):
    refused = run(*command, "--data", "/proc/firegrid")

    assert refused.exit_code == 1
    said = refused.stderr.splitlines()[-1]
    assert "没有这个文件或目录，或不能在这里新建" in said
    assert said.endswith("请检查路径、权限和磁盘空间，或用 --data 换一个目录。")


AS_ANOTHER = """
import os, sys
from server.cli import users
from server.cli.main import main
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
main(sys.argv[1:])
"""
"""Root may read everything, so that its tests become another user once the program is loaded."""


@pytest.mark.parametrize("shut", ["data", "data/firegrid.db"])
def test_what_belongs_to_another_user_is_told_with_the_users_name(shut):
    with TemporaryDirectory() as made:
        home, folder = Path(made), Path(made) / "data"
        home.chmod(0o755)
        folder.mkdir()
        folder.chmod(0o777)
        (folder / "firegrid.db").touch()
        (home / shut).chmod(0)
        command = [sys.executable, "-c", AS_ANOTHER, "user", "list", "--data", str(folder)]
        refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        folder.chmod(0o700)

    assert refused.returncode == 1
    assert refused.stderr.startswith(f"firegrid: 没有权限读写 {home / shut}，它属于用户 {getpass.getuser()}；")
    assert f"sudo -u {getpass.getuser()} …" in refused.stderr


def test_a_disk_that_was_mounted_read_only_is_told_as_such_and_not_as_want_of_rights(tmp_path):
    (tmp_path / "data").mkdir()
    mount = f"mount -t tmpfs -o ro tmpfs {tmp_path / 'data'}"
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-rm", "sh", "-c", mount], check=False).returncode:
        pytest.skip("no file system can be mounted here")
    program = "import sys; from server.cli.main import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", program, "check", "--data", str(tmp_path / "data")]
    within = ["unshare", "-rm", "sh", "-c", f'{mount} && exec "$@"', "sh", *command]

    refused = subprocess.run(within, cwd=ROOT, capture_output=True, text=True, check=False)

    assert refused.returncode == 1
    assert refused.stderr.startswith(f"firegrid: {tmp_path}/data 所在的磁盘是只读的，写不了；")
