"""A command that a message tells its reader to type works where the message was printed."""

from __future__ import annotations

import re
import shlex

import pytest
from click.testing import CliRunner

from server.cli import phone_card
from server.cli.main import main
from sync.cli.main import main as fieldsync
from sync.client import credentials
from sync.client.credentials import Credentials
from sync.client.device import Device
from tests.people.people_county import UNIT, County

PRINTED = re.compile(r"((?:firegrid|fieldsync) [a-z][-\w ./:]*)")
PROGRAMS = {"firegrid": main, "fieldsync": fieldsync}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder to stand in, with no setting that says where data are."""
    for name in ("FIREGRID_DATA", "FIREGRID_PUBLIC_URL", "FIELDSYNC_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(phone_card, "lan_addresses", lambda: ["192.168.1.10"])
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def county(here):
    """A county in a folder that a command does not take by itself."""
    made = County(here / "county-a")
    yield made
    made.store.close()


def run(command):
    program, *arguments = shlex.split(command)
    return CliRunner().invoke(PROGRAMS[program], arguments)


def printed(result):
    return PRINTED.findall(result.stderr.replace("（", "\n").replace("。", "\n"))


def test_what_follows_the_adding_of_a_worker_is_done_in_the_same_folder(county):
    added = run(f"firegrid user add gw-01 --role grid_worker --area {UNIT} --data county-a")

    assert [run(command).exit_code for command in printed(added)] == [0, 0]


def test_the_cure_for_an_address_that_no_phone_reaches_serves_the_same_folder(county):
    run(f"firegrid user add gw-01 --role grid_worker --area {UNIT} --data county-a")

    [serve] = printed(run("firegrid user key gw-01 --data county-a"))

    assert serve == "firegrid serve --host 0.0.0.0 --port 8600 --data county-a"


def test_a_program_that_the_shell_does_not_find_is_named_by_its_path(county, monkeypatch):
    monkeypatch.setattr("sys.argv", [".venv/bin/firegrid"])
    monkeypatch.setenv("PATH", "")

    added = run(f"firegrid user add gw-01 --role grid_worker --area {UNIT} --data county-a")

    assert ".venv/bin/firegrid user key gw-01 --format qr --data county-a" in added.stderr


@pytest.mark.sqlite  # about the database in a folder
@pytest.mark.parametrize("command", ["serve", "check", "user list", "form list"])
def test_who_forgets_to_name_the_folder_is_told_which_there_are(county, command):
    refused = run(f"firegrid {command}")

    assert refused.exit_code == 1
    assert "请用 --data 指明（当前目录下有 county-a）" in refused.stderr
    assert run(f"firegrid check --data {re.search('当前目录下有 ([^）]+)', refused.stderr)[1]}").exit_code == 0


def test_where_there_are_no_data_they_are_made_by_the_command_that_is_named(here):
    [init] = printed(run("firegrid user list"))

    assert run(init).exit_code == 0
    assert run("firegrid user list").exit_code == 0


@pytest.mark.sqlite  # about the database in a folder
def test_a_folder_of_something_else_is_not_to_be_made_into_data(here):
    (here / "firegrid-data").mkdir()
    (here / "firegrid-data" / "letter.txt").write_text("mine")

    assert printed(run("firegrid user list")) == []


@pytest.mark.parametrize("command", ["pull", "push", "status", "list --todo"])
def test_who_is_not_signed_in_is_told_how(here, command):
    refused = run(f"fieldsync {command}")

    assert "--store 指明" in refused.stderr
    assert "fieldsync login 服务器地址 --user 用户名 --store fieldsync" in refused.stderr


def test_whose_sign_in_has_ended_is_told_where_they_were_signed_in(here, monkeypatch):
    Device(here / "laptop").close()
    credentials.save(here / "laptop", Credentials("http://127.0.0.1:1", user="town", access="a", refresh="r"))
    monkeypatch.setattr("sync.client.connection.Connection.post", lambda *_, **_more: not_signed_in())

    refused = run("fieldsync pull --store laptop")

    assert refused.exit_code == 4
    assert printed(refused) == ["fieldsync login http://127.0.0.1:1 --user town --store laptop"]


def not_signed_in():
    from sync.client.failures import NotSignedIn

    raise NotSignedIn("登录已失效")
