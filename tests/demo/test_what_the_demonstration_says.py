"""The demonstration says what is true: its sign-ins, keys, addresses and commands work, and it starts again at once."""

from __future__ import annotations

import csv
import re
import shlex
import shutil
import socket
from dataclasses import replace

import click
import pytest
from click.testing import CliRunner

from server.app import close, create_app
from server.cli import demo as command
from server.cli.main import main
from server.db.locks import serving
from server.demo import county, people
from server.people.domain.passwords import PasswordState
from server.people.store import accounts
from server.settings import Settings
from tests.passwords import hash_of

pytestmark = pytest.mark.sqlite  # demonstrations are of folders alone

BASE = "http://127.0.0.1:8770"


@pytest.fixture
def copy(folder, tmp_path):
    """A folder of one's own, with the mark that the command leaves."""
    shutil.copytree(folder, tmp_path / "firegrid-demo")
    (tmp_path / "firegrid-demo" / command.MARK).write_text("演示", encoding="utf-8")
    return tmp_path / "firegrid-demo"


@pytest.fixture
def said(copy, monkeypatch):
    """What the command prints on a folder that is there already."""
    monkeypatch.setattr("server.cli.serve.run", lambda *served, **offered: None)
    monkeypatch.delenv("FIREGRID_PUBLIC_URL", raising=False)
    ran = CliRunner().invoke(command.demo, ["--port", "8770", "--data", str(copy)])
    assert ran.exit_code == 0, ran.stderr
    return ran.stdout


@pytest.fixture
def client(copy, said):
    app = create_app(Settings(copy))
    yield app.test_client()
    close(app)


def test_every_sign_in_that_is_printed_lets_one_in(said, client):
    for person in people.people():
        assert re.search(rf"^  {person.name} +{person.display}  ", said, re.MULTILINE)

    for name in ("admin", "brigade", "town2", "hotel", "viewer"):
        answer = client.post("/api/v1/session", json={"username": name, "password": people.PASSWORD})
        assert answer.status_code == 200, name


def test_who_chose_a_password_keeps_it_and_all_others_have_the_printed_one(copy, monkeypatch):
    changed = hash_of("lang jin tu 77 wei")
    with command.opened(copy) as store:
        store.write(lambda tx: tx.sql.run("UPDATE person SET password_state = :state", {"state": "to_change"}))
        store.write(lambda tx: accounts.set_password(tx, "town", changed, PasswordState.OWN))
    monkeypatch.setattr("server.cli.serve.run", lambda *served, **offered: None)

    assert CliRunner().invoke(command.demo, ["--port", "8770", "--data", str(copy)]).exit_code == 0

    with command.opened(copy) as store, store.reading() as reading:
        found = {each.name: accounts.get(reading, each.name).password_state for each in people.people()}
    assert found.pop("town") == "own"
    assert set(found.values()) == {"printed"}


def test_every_key_that_is_printed_opens_the_list_of_forms(said, client):
    keys = re.findall(rf"^  (\S+) +{BASE}(/key/\S+)$", said, re.MULTILINE)

    assert {name for name, _ in keys} == {each.name for each in people.people() if each.has_phone}
    for name, path in keys:
        answer = client.get(f"{path}/formList", headers={"X-OpenRosa-Version": "1.0"})
        assert answer.status_code == 200, name
        assert b"hazard_report" in answer.data


def test_every_phone_has_something_to_do(said, client):
    for name, path in re.findall(rf"^  (\S+) +{BASE}(/key/\S+)$", said, re.MULTILINE):
        listed = client.get(f"{path}/forms/hazard_task/attachments/hazards.csv", headers={"X-OpenRosa-Version": "1.0"})
        acts = {act for row in csv.DictReader(listed.text.splitlines()) for act in row["todo"].split()}
        assert acts - {"note"}, name


def test_every_address_to_try_next_shows_something(said, client, copy):
    for hint in command.hints(BASE, copy):
        assert hint.how in said
        if not hint.how.startswith(BASE):
            continue
        headers = {}
        if hint.who:
            person = {"username": hint.who, "password": people.PASSWORD}
            headers["Authorization"] = f"Bearer {client.post('/api/v1/session', json=person).json['access_token']}"
        answer = client.get(hint.how.removeprefix(BASE), headers=headers)
        assert answer.status_code == 200, hint.how
        assert not answer.is_json or answer.json.get("items") or answer.json.get("rows"), hint.how


def test_every_command_to_try_next_is_one_that_firegrid_takes(copy):
    for hint in command.hints(BASE, copy):
        if hint.how.startswith("firegrid "):
            found, words = main, shlex.split(hint.how)[1:]
            while isinstance(found, click.Group):
                found, words = found.get_command(click.Context(found), words[0]), words[1:]
            found.make_context("firegrid", words)


def test_a_port_that_is_taken_is_told_before_the_demonstration_is_made(tmp_path, monkeypatch):
    monkeypatch.setattr(county, "fill", lambda *asked: pytest.fail("made for nobody"))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ran = CliRunner().invoke(command.demo, ["--port", str(port), "--data", str(tmp_path / "firegrid-demo")])

    assert ran.exit_code == 1
    assert ran.stderr.startswith(f"firegrid: 不能在 127.0.0.1:{port} 上提供服务：端口已被占用")
    assert "PORT=" in ran.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_second_start_makes_nothing_anew_and_gives_new_keys(said, copy, monkeypatch):
    monkeypatch.setattr("server.cli.serve.run", lambda *served, **offered: None)
    monkeypatch.setattr(county, "fill", lambda *asked: pytest.fail("made anew"))

    again = CliRunner().invoke(command.demo, ["--port", "8770", "--data", str(copy)])

    assert again.exit_code == 0
    keys, new = (set(re.findall(r"/key/(\S+)", each)) for each in (said, again.stdout))
    assert len(new) == len(keys)
    assert not keys & new


def test_the_demonstration_starts_again_without_somebody_who_was_revoked_in_it(said, copy, monkeypatch):
    monkeypatch.setattr("server.cli.serve.run", lambda *served, **offered: None)
    assert CliRunner().invoke(main, ["user", "revoke", "gw0003", "--data", str(copy)]).exit_code == 0

    again = CliRunner().invoke(command.demo, ["--port", "8770", "--data", str(copy)])

    assert again.exit_code == 0, again.stderr
    assert re.findall(r"^  (\S+) .*  已停用$", again.stdout, re.MULTILINE) == ["gw0003"]
    keys = re.findall(rf"^  (\S+) +{BASE}/key/", again.stdout, re.MULTILINE)
    assert {"gw0003", "gw0004"} & set(keys) == {"gw0004"}


def test_a_folder_of_an_older_version_is_refused_with_the_cure(copy, monkeypatch):
    everyone = people.people()
    monkeypatch.setattr(people, "people", lambda: (*everyone, replace(everyone[0], name="newcomer")))

    ran = CliRunner().invoke(command.demo, ["--data", str(copy)])

    assert ran.exit_code == 1
    assert "由旧版本生成" in ran.stderr


def test_a_second_start_beside_a_running_one_is_refused_before_it_gives_keys(copy, monkeypatch):
    monkeypatch.setattr("server.cli.serve.run", lambda *served, **offered: None)

    with serving(copy):
        ran = CliRunner().invoke(command.demo, ["--port", "8770", "--data", str(copy)])

    assert (ran.exit_code, ran.stdout) == (1, "")
    assert "请先停止它" in ran.stderr


def test_a_folder_that_holds_something_else_is_not_touched(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "precious.txt").write_text("mine", encoding="utf-8")

    ran = CliRunner().invoke(command.demo, ["--data", str(tmp_path / "data")])

    assert ran.exit_code == 1
    assert "不是演示数据" in ran.stderr
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["precious.txt"]
