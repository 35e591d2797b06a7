"""What a clerk at the laptop reads: what goes on, what became of the work, and what to do when it does not go on."""

from __future__ import annotations

import errno
import json
import shutil
import sqlite3
import subprocess
import sys
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from sync.cli import opening
from sync.cli.main import COMMANDS, main
from tests.sync.town import says
from tests.sync.town_http import PASSWORD

LONG = "长" * 3_000


def test_every_command_is_listed_and_no_other_one_is_taken():
    listed = CliRunner().invoke(main, ["--help"]).stdout

    assert all(f"  {name} " in listed for name in COMMANDS)
    assert CliRunner().invoke(main, ["nonsense"]).exit_code == 2


def test_a_record_shows_what_was_done_to_it_here_and_what_the_server_said(laptop):
    id = laptop("create", "forbidden", "head=甲")[1].strip()
    assert "未发送 unsent  head:  → 甲" in laptop("show", id)[1]

    laptop("push")

    assert "quarantined  head:  → 甲" in laptop("show", id)[1]


def test_what_the_server_has_carried_out_still_shows_with_its_verdict(laptop):
    id = laptop("create", "stations", "--area", "unit1", "head=甲")[1].strip()
    laptop("sync")
    laptop("edit", id, "head=乙")
    laptop("push")

    shown = [line for line in laptop("show", id)[1].splitlines() if line.startswith("* ")]
    [newest, first] = json.loads(laptop("show", id, "--format", "json")[1])["answered"]

    assert shown == ["* edit  已生效 applied  v2", "* create  已生效 applied  v1"]
    assert (newest["action"], newest["verdict"], first["version"]) == ("edit", "applied", 1)


def test_a_restored_server_is_told_to_have_been_offered_the_work_again(laptop, town):
    town.durable = 0
    backup = town.backup()
    laptop("create", "stations", "--area", "unit1", "head=甲")
    laptop("push")
    town.restore(backup)
    laptop("create", "stations", "--area", "unit1", "head=乙")

    assert "恢复过备份" in laptop("push")[1]
    assert {record["fields"]["head"] for record in town.state.records.values()} == {"甲", "乙"}


@pytest.mark.parametrize("others", [0, 1])
def test_what_is_too_large_for_the_server_is_named_beside_what_went(laptop, town, others):
    town.limits = {"changes": 200, "bytes": 3_000}
    laptop("create", "stations", f"note={LONG}")
    for _ in range(others):
        laptop("create", "stations", "head=甲")

    status, said, complaint = laptop("push")

    assert (status, "1 条太大" in complaint) == (1, True)
    assert ("已送达" in said, "没有要发送" in said) == (others > 0, False)
    assert "unsent: 1" in laptop("status")[1]


def test_what_had_to_be_read_again_is_named(laptop, town, tmp_path):
    town.put("s1", head="甲")
    town.put("s2", head="乙")
    laptop("pull")
    with sqlite3.connect(tmp_path / "laptop/device.db") as connection:
        connection.execute("DELETE FROM row WHERE id = 's2'")
    connection.close()
    town.put("s1", head="丙")

    assert "重新读取：area:unit1" in laptop("pull")[1]


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "credentials.json"), "credentials.json"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), ""),
    ],
    ids=["the disk is full", "nobody reads any more"],
)
def test_a_system_that_says_no_is_told_in_one_line_and_a_closed_pipe_in_none(laptop, monkeypatch, failure, told):
    def fail(*_):
        raise failure

    monkeypatch.setattr("sync.cli.push_pull.status_report", fail)

    status, said, complaint = laptop("status")

    assert (status, said) == (1, "")
    assert (told in complaint, complaint.count("\n")) == (True, bool(told))


def test_at_a_terminal_it_shows_how_far_it_is_and_for_how_long_it_waits(laptop, town, monkeypatch):
    pauses = []
    monkeypatch.setattr(opening, "sys", SimpleNamespace(stderr=SimpleNamespace(isatty=lambda: True)))
    monkeypatch.setattr(opening, "time", SimpleNamespace(sleep=pauses.append))
    town.put("s1", head="甲")
    town.faults = [says(503, {"Retry-After": "7"})]

    complaint = laptop("pull")[2]

    assert len(pauses) == 1 and 7 <= pauses[0] <= 7.5
    assert "7 秒后再试" in complaint
    assert "… 1\r" in complaint


def test_piped_away_it_waits_without_a_word(laptop, town, monkeypatch):
    pauses = []
    monkeypatch.setattr(opening, "time", SimpleNamespace(sleep=pauses.append))
    town.faults = [says(503, {"Retry-After": "7"})]

    status, _, complaint = laptop("pull")

    assert (status, len(pauses), complaint) == (0, 1, "")


def test_a_field_that_stands_twice_is_refused(laptop):
    status, _, complaint = laptop("create", "stations", "head=甲", "head=乙")

    assert (status, "head 写了两次" in complaint) == (1, True)


def test_what_was_made_here_is_in_its_unit_and_no_other_before_it_is_sent(laptop):
    laptop("create", "stations", "--area", "130630100201001", "label=东站")

    assert "东站" in laptop("list", "--area", "130630100201001")[1]
    assert "东站" in laptop("list", "--area", "130630100201")[1]
    assert laptop("list", "--area", "130630100201002")[1] == ""


def test_a_way_that_anybody_can_listen_to_is_warned_of(fieldsync, address):
    status, _, complaint = fieldsync("login", f"{address.replace('127.0.0.1', '0.0.0.0')}/key/worker")

    assert (status, "http 不加密" in complaint) == (0, True)
    assert "worker" not in complaint


ON_A_TERMINAL = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"


def test_a_password_is_asked_for_on_a_terminal_and_not_shown(address, tmp_path):
    login = "from sync.cli.main import main; main()"
    where = ["login", address, "--user", "worker", "--store", str(tmp_path / "laptop")]
    command = [sys.executable, "-c", ON_A_TERMINAL, sys.executable, "-c", login, *where]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as terminal:
        shown = b""
        while "密码 password: ".encode() not in shown:
            shown += terminal.stdout.read1() or pytest.fail(shown.decode())
        terminal.stdin.write(f"{PASSWORD}\n".encode())  # only now: what is typed before is thrown away
        terminal.stdin.flush()
        shown += terminal.stdout.read()

    assert terminal.returncode == 0
    assert "已登录" in shown.decode()
    assert PASSWORD not in shown.decode()


def test_who_has_signed_out_still_sees_what_is_unsent(laptop):
    laptop("create", "stations", "head=甲")
    laptop("logout")

    status, told, _ = laptop("status", "--format", "json")

    assert status == 0
    assert (json.loads(told)["server"], json.loads(told)["unsent"]) == (None, 1)


@pytest.mark.parametrize(("action", "instead"), [("report", "create"), ("create", "create"), ("edit", "edit")])
def test_what_is_no_step_of_the_workflow_says_which_command_does_it(laptop, town, action, instead):
    town.put("c1", head="x")
    laptop("pull")

    status, _, complaint = laptop("act", "c1", action)

    assert (status, f"fieldsync {instead}" in complaint) == (1, True)


# A store and its copy


def test_two_copies_of_a_store_that_both_went_on_are_not_mixed(laptop, fieldsync, tmp_path):
    shutil.copytree(tmp_path / "laptop", tmp_path / "copy")
    fieldsync("create", "stations", "head=乙", store="copy")
    laptop("create", "stations", "head=甲")
    fieldsync("export-unsent", str(tmp_path / "copy.json"), store="copy")

    status, _, complaint = laptop("import-unsent", str(tmp_path / "copy.json"))

    assert (status, "另一个副本" in complaint) == (1, True)
    assert "unsent: 1" in laptop("status")[1]
    assert fieldsync("import-unsent", str(tmp_path / "copy.json"), store="fresh")[0] == 0


def test_an_older_copy_takes_its_own_work_back_and_goes_on_behind_it(laptop, town, tmp_path):
    shutil.copytree(tmp_path / "laptop", tmp_path / "older")
    laptop("create", "stations", "--area", "unit1", "head=甲")
    laptop("export-unsent", str(tmp_path / "unsent.json"))
    shutil.rmtree(tmp_path / "laptop")
    shutil.copytree(tmp_path / "older", tmp_path / "laptop")

    assert "1 条" in laptop("import-unsent", str(tmp_path / "unsent.json"))[1]
    laptop("create", "stations", "--area", "unit1", "head=乙")
    laptop("push")

    assert [json.loads(text)["seq"] for _, text in town.received] == [1, 2]
    assert {record["fields"]["head"] for record in town.state.records.values()} == {"甲", "乙"}
