"""An administrator resets a password, says what becomes of the phone keys, and signs somebody out everywhere."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing

import pytest
from click.testing import CliRunner

from server.cli.users import user
from server.db import database
from server.errors import KeyRefused, SignInRequired
from server.people.usecases import phone_keys, sessions, sign_in
from tests.people.people_county import County

ON_A_TERMINAL = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
FIREGRID = "from server.cli.main import main; main()"
GIVEN = "kolmi-tarre-55"


@pytest.fixture
def county(tmp_path):
    made = County(tmp_path / "data")
    made.a_worker("gw-01")
    yield made
    made.store.close()


@pytest.fixture
def store(county):
    """The store by the machine's own clock, which the commands go by."""
    with closing(database.open_inline(county.folder)) as opened:
        yield opened


@pytest.fixture
def run(county):
    def runs(*args, input=None):
        return CliRunner().invoke(user, [*args, "--data", str(county.folder)], input=input)

    return runs


def test_whoever_has_no_phone_gets_a_password_without_a_question(run, county):
    reset = run("password", "gw-01")

    assert reset.exit_code == 0
    assert "要先换成自己的密码" in reset.stderr
    assert sign_in.sign_in(county.store, "gw-01", reset.stdout.strip()).must_change


def test_a_script_has_to_say_what_becomes_of_the_phone_keys(run, county):
    key = county.do(phone_keys.issue, "gw-01")

    refused = run("password", "gw-01")

    assert refused.exit_code == 1
    assert "--phone-keys keep" in refused.stderr
    assert county.caller(key).name == "gw-01"


@pytest.mark.parametrize("choice", ["keep", "revoke"])
def test_the_phone_keys_stay_or_go_as_was_said(run, county, choice):
    key = county.do(phone_keys.issue, "gw-01")

    reset = run("password", "gw-01", "--password-stdin", "--phone-keys", choice, input=f"{GIVEN}\n")

    assert reset.exit_code == 0
    if choice == "keep":
        assert county.caller(key).name == "gw-01"
        assert "照旧有效" in reset.stderr
    else:
        with pytest.raises(KeyRefused):
            county.caller(key)
        assert "重新发二维码" in reset.stderr


@pytest.mark.sqlite  # the child opens the folder
def test_on_a_terminal_it_is_asked(county):
    key = county.do(phone_keys.issue, "gw-01")
    command = [sys.executable, "-c", FIREGRID, "user", "password", "gw-01", "--data", str(county.folder)]
    with subprocess.Popen(
        [sys.executable, "-c", ON_A_TERMINAL, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as terminal:
        shown = b""
        while "怀疑泄露".encode() not in shown:
            shown += terminal.stdout.read1() or pytest.fail(shown.decode())
        terminal.stdin.write(b"revoke\n")
        terminal.stdin.flush()
        shown += terminal.stdout.read()

    assert terminal.returncode == 0, shown.decode()
    with pytest.raises(KeyRefused):
        county.caller(key)


def test_signing_out_everywhere_ends_sessions_and_leaves_password_and_phone(run, county, store):
    key = county.do(phone_keys.issue, "gw-01")
    run("password", "gw-01", "--password-stdin", "--phone-keys", "keep", input=f"{GIVEN}\n")
    open_ones = [sign_in.sign_in(store, "gw-01", GIVEN, "192.0.2.7").session for _ in range(2)]

    listed = run("sessions", "gw-01")
    done = run("sign-out", "gw-01")

    assert (listed.stdout.count("\n"), "192.0.2.7" in listed.stdout) == (2, True)
    assert (done.exit_code, "2 处" in done.stdout) == (0, True)
    assert "没有在任何地方登录" in run("sessions", "gw-01").stdout
    for session in open_ones:
        with pytest.raises(SignInRequired):
            sessions.caller(store, session.id, session.token, may_be_given=True)
    assert county.caller(key).name == "gw-01"
    assert sign_in.sign_in(store, "gw-01", GIVEN).actor.name == "gw-01"
    assert run("sign-out", "nobody").exit_code == 1


@pytest.mark.parametrize("given", ["laiyuan2026", "gw-01-gw-01-83", "13812345678", "woaini5201314"])
def test_a_password_that_is_easily_guessed_is_given_to_nobody(run, given):
    reset = run("password", "gw-01", "--password-stdin", input=f"{given}\n")
    added = run("add", "li", "--role", "brigade", "--area", "130630", "--password-stdin", input=f"{given}\n")

    for refused in (reset, added if given != "gw-01-gw-01-83" else reset):
        assert refused.exit_code == 1
        assert "互不相干的词" in refused.stderr
