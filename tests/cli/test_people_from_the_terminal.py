"""An administrator adds people, hands out phone keys and passwords, and looks at who is there, from the terminal."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from server.cli import phone_card
from server.cli.serve import address_of
from server.cli.users import body, user
from server.db import locks
from server.errors import KeyRefused
from server.people.domain.actors import Actor
from server.people.store import accounts, people
from server.people.usecases import sign_in
from server.people.usecases.setup_card import setup_card
from tests.people.people_county import COUNTY, NEXT_UNIT, PASSWORD, TOWN, UNIT, County


@pytest.fixture
def county(tmp_path):
    made = County(tmp_path / "data")
    yield made
    made.store.close()


@pytest.fixture
def run(county, monkeypatch):
    monkeypatch.setenv("FIREGRID_PUBLIC_URL", "https://fire.example.org")

    def runs(command, *args, input=None):
        return CliRunner().invoke(command, [*args, "--data", str(county.folder)], input=input)

    return runs


def worker(run, *more):
    return run(user, "add", "gw-01", "--role", "grid_worker", "--area", UNIT, "--display", "网格员甲", *more)


def test_a_worker_is_added_and_listed_with_role_area_and_dates(run):
    added = worker(run, "--from", "2026-05-15")

    assert added.exit_code == 0
    listed = run(user, "list").stdout
    assert "gw-01  网格员甲" in listed
    assert f"grid_worker 网格员  {UNIT} 白石山镇 荆山口村 第1单元  自 2026-05-15 00:00" in listed


def test_a_duty_without_from_is_open_at_its_start(run):
    worker(run)

    assert "起始不限" in run(user, "list").stdout


def test_a_refusal_is_one_line_on_stderr_and_status_1(run):
    worker(run)

    again = worker(run)

    assert again.exit_code == 1
    assert again.stdout == ""
    assert len(again.stderr.splitlines()) == 1
    assert "gw-01" in again.stderr


@pytest.mark.parametrize(
    "args",
    [
        ("add", "gw-01", "--role", "king", "--area", UNIT),
        ("add", "gw-01", "--role", "grid_worker"),
        ("add", "gw-01", "--role", "grid_worker", "--area", UNIT, "--from", "soon"),
        ("key", "gw-01", "--format", "pdf"),
        ("dance",),
    ],
)
def test_misuse_is_status_2(run, args):
    assert run(user, *args).exit_code == 2


def test_a_password_comes_from_stdin_and_is_never_printed(run, county):
    added = worker(run, "--password-stdin")
    assert added.exit_code == 2

    added = run(user, "add", "li", "--role", "brigade", "--area", "130630", "--password-stdin", input=f"{PASSWORD}\n")

    assert added.exit_code == 0
    assert PASSWORD not in added.output
    assert sign_in.sign_in(county.store, "li", PASSWORD).actor.name == "li"


def test_a_weak_password_adds_nobody(run):
    added = run(user, "add", "li", "--role", "brigade", "--area", COUNTY, "--password-stdin", input="short\n")

    assert added.exit_code == 1
    assert added.stderr == "firegrid: 密码不可用：至少10个字符。\n"
    assert "li" not in run(user, "list").stdout


def test_a_reset_prints_a_password_that_works_once_and_alone_on_stdout(run, county):
    worker(run)

    made = run(user, "password", "gw-01").stdout.strip()

    assert sign_in.sign_in(county.store, "gw-01", made).actor.name == "gw-01"


def test_a_reset_takes_a_chosen_password(run, county):
    worker(run)

    reset = run(user, "password", "gw-01", "--password-stdin", input=f"{PASSWORD}\r\n")

    assert PASSWORD not in reset.output
    assert sign_in.sign_in(county.store, "gw-01", PASSWORD).actor.name == "gw-01"


def test_a_key_is_printed_as_the_url_for_the_phone(run, county):
    worker(run)

    printed = run(user, "key", "gw-01")

    base, _, token = printed.stdout.strip().rpartition("/")
    assert base == "https://fire.example.org/key"
    assert county.caller(token).name == "gw-01"
    assert printed.stderr == ""


def test_replace_is_all_that_a_lost_phone_needs(run, county):
    worker(run)
    lost = run(user, "key", "gw-01").stdout.strip().rpartition("/")[2]

    new = run(user, "key", "gw-01", "--replace").stdout.strip().rpartition("/")[2]

    with pytest.raises(KeyRefused):
        county.caller(lost)
    assert county.caller(new).name == "gw-01"


def test_json_is_collects_settings_for_this_worker(run):
    worker(run)

    made = json.loads(run(user, "key", "gw-01", "--format", "json").stdout)

    assert made["general"]["server_url"].startswith("https://fire.example.org/key/")
    assert made["general"]["metadata_username"] == "gw-01"
    assert made["project"]["name"] == "荆山口村 第1单元 消防网格"


def test_an_administrators_project_is_named_for_the_county(run):
    run(user, "add", "admin", "--role", "county_admin", "--area", COUNTY)

    made = json.loads(run(user, "key", "admin", "--format", "json").stdout)

    assert made["project"]["name"] == "涞源县 消防网格"


@pytest.mark.parametrize(("shape", "begins"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("qr", "█".encode())])
def test_a_picture_goes_to_stdout_and_its_instructions_to_stderr(run, shape, begins):
    worker(run)

    printed = run(user, "key", "gw-01", "--format", shape)

    assert printed.exit_code == 0
    assert printed.stdout_bytes.startswith(begins)
    assert "ODK Collect 里面扫描" in printed.stderr


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8600", "http://localhost:8600", "http://[::1]:8600", "http://0.0.0.0:9"]
)
def test_an_address_that_no_phone_reaches_brings_the_cure(run, monkeypatch, address):
    worker(run)
    monkeypatch.setenv("FIREGRID_PUBLIC_URL", address)
    monkeypatch.setattr(phone_card, "lan_addresses", lambda: ["192.168.1.10"])

    printed = run(user, "key", "gw-01")

    assert printed.exit_code == 0
    assert printed.stdout.startswith(f"{address}/key/")
    assert "手机连不上" in printed.stderr
    assert f"FIREGRID_PUBLIC_URL=http://192.168.1.10:{address.rpartition(':')[2]}" in printed.stderr


def test_without_a_public_address_the_key_is_for_this_machine_and_says_so(run, monkeypatch):
    worker(run)
    monkeypatch.delenv("FIREGRID_PUBLIC_URL")

    printed = run(user, "key", "gw-01")

    assert printed.stdout.startswith("http://127.0.0.1:8600/key/")
    assert "FIREGRID_PUBLIC_URL" in printed.stderr


def test_without_a_public_address_the_key_is_for_where_the_folder_was_last_served(run, monkeypatch, county):
    worker(run)
    monkeypatch.delenv("FIREGRID_PUBLIC_URL")
    locks.write_address(county.folder, "http://127.0.0.1:8640")
    locks.write_address(county.folder, "http://127.0.0.1:86")

    assert run(user, "key", "gw-01").stdout.startswith("http://127.0.0.1:86/key/")


def test_who_has_a_proxy_is_told_to_state_its_address_and_not_to_open_the_port(run, monkeypatch):
    worker(run)
    monkeypatch.delenv("FIREGRID_PUBLIC_URL")

    lines = run(user, "key", "gw-01").stderr.splitlines()

    cure = next(number for number, line in enumerate(lines) if "前面有反向代理" in line)
    assert lines[cure + 1].strip() == "export FIREGRID_PUBLIC_URL=https://fire.example.org"
    assert "没有反向代理" in lines[cure + 2]


def test_the_next_command_keeps_the_public_address_that_was_stated_for_this_one(run, county):
    added = run(user, "add", "gw-07", "--role", "grid_worker", "--area", UNIT)
    assert "FIREGRID_PUBLIC_URL=https://fire.example.org firegrid user key gw-07 --format qr" in added.stderr

    locks.write_address(county.folder, "https://fire.example.org")
    added = run(user, "add", "gw-08", "--role", "grid_worker", "--area", UNIT)
    assert "FIREGRID_PUBLIC_URL" not in added.stderr


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:86"),
        ("0.0.0.0", "http://127.0.0.1:86"),
        ("::", "http://127.0.0.1:86"),
        ("::1", "http://[::1]:86"),
        ("192.168.1.20", "http://192.168.1.20:86"),
    ],
)
def test_a_server_that_listens_everywhere_is_reached_at_this_machine_itself(host, address):
    assert address_of(host, 86) == address


def test_an_address_that_is_none_gives_no_key(run, monkeypatch, county):
    worker(run)
    monkeypatch.setenv("FIREGRID_PUBLIC_URL", "fire.example.org")

    assert run(user, "key", "gw-01").exit_code == 1
    assert "手机" not in run(user, "list").stdout


def test_the_card_of_somebody_who_never_had_a_duty_carries_their_name(county):
    visitor = Actor("li", "李", county.clock.now)

    assert county.see(setup_card, visitor, "https://fire.example.org/key/x").project == "李"


def test_the_machines_own_addresses_are_never_loopback():
    assert not any(phone_card.is_loopback(address) for address in phone_card.lan_addresses())


def test_the_list_shows_each_phones_last_contact_and_app_and_no_token(run, county):
    worker(run)
    token = run(user, "key", "gw-01").stdout.strip().rpartition("/")[2]
    key_id = county.caller(token).key_id
    assert "尚未联系" in run(user, "list").stdout

    county.clock.set("2026-05-02T09:30")
    county.store.write(lambda tx: people.touch_key(tx, key_id, "collect:abc", "org.odk.collect.android/v2026.3.3"))

    listed = run(user, "list").stdout
    assert "最近联系 2026-05-02 09:30  org.odk.collect.android/v2026.3.3  collect:abc" in listed
    assert token not in listed
    assert people.token_hash(token) not in listed


def test_a_move_shows_in_the_list_with_both_duties(run):
    worker(run, "--from", "2026-01-01")

    moved = run(user, "move", "gw-01", "--area", NEXT_UNIT, "--from", "2026-05-15T08:00")

    assert moved.exit_code == 0
    listed = run(user, "list").stdout
    assert "自 2026-01-01 00:00  到 2026-05-15 08:00" in listed
    assert f"{NEXT_UNIT} 白石山镇 花园村 第1单元  自 2026-05-15 08:00" in listed


def test_a_revoked_person_stays_in_the_list_as_such(run, county):
    worker(run)
    token = run(user, "key", "gw-01").stdout.strip().rpartition("/")[2]

    assert run(user, "revoke", "gw-01").exit_code == 0

    listed = run(user, "list").stdout
    assert "已停用" in listed
    assert "密钥已停用" in listed
    with pytest.raises(KeyRefused):
        county.caller(token)
    assert run(user, "revoke", "gw-01").exit_code == 1


def test_who_is_locked_or_not_on_duty_shows_so(run, county):
    worker(run)
    county.store.write(lambda tx: accounts.set_locked_until(tx, "gw-01", "2999-01-01T00:00:00.000Z"))
    run(user, "add", "gw-02", "--role", "grid_worker", "--area", UNIT, "--from", "2999-01-01")

    listed = run(user, "list").stdout

    assert "gw-01  网格员甲  在岗  登录锁定到 2999-01-01 08:00" in listed
    assert "gw-01 可以登录了" in run(user, "unlock", "gw-01").stdout
    assert "登录锁定" not in run(user, "list").stdout
    assert run(user, "unlock", "nobody").exit_code == 1
    assert "gw-02  gw-02  不在岗" in listed


def test_a_department_handler_without_a_body_is_added_with_a_warning(run):
    added = run(user, "add", "wang", "--role", "dept_handler", "--area", COUNTY)

    assert added.exit_code == 0
    assert "--body" in added.stderr


def test_bodies_are_registered_renamed_and_listed(run):
    assert run(body, "add", "dept-gas", "--name", "燃气办", "--kind", "department", "--area", COUNTY).exit_code == 0
    assert run(body, "add", "dept-gas", "--name", "别的", "--kind", "department", "--area", COUNTY).exit_code == 1
    assert run(body, "rename", "dept-gas", "--name", "城市燃气办", "--from", "2020-01-01").exit_code == 0

    assert "dept-gas  城市燃气办  department  130630000000" in run(body, "list").stdout
    handler = run(user, "add", "wang", "--role", "dept_handler", "--area", TOWN, "--body", "dept-gas")
    assert handler.exit_code == 0
    assert "dept-gas" in handler.stdout
