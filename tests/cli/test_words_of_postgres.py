"""Whoever starts a command is told why the database cannot be worked with, and what to do: one line, no password."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from server.cli.main import main
from server.db import database
from server.db.postgres import reasons
from server.db.postgres.engine import PostgresEngine
from server.errors import Unavailable
from tests import postgres_server

pytestmark = [pytest.mark.postgres, pytest.mark.sqlite]  # commands find the database by their own settings

COUNTY, PASSWORD = "130635", "S3kr3t"
ALL = "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA c130635 TO clerk"


@pytest.fixture
def admin() -> Iterator[psycopg.Connection]:
    postgres_server.require()
    with psycopg.connect(postgres_server.database_url(), autocommit=True) as opened:
        yield opened


@pytest.fixture
def clerk(admin, tmp_path: Path) -> Iterator[str]:
    """An empty county, and the address of one who may read and write it and owns nothing."""
    made = PostgresEngine(postgres_server.database_url(), COUNTY, tmp_path / "data")
    made.create("a" * 32)
    admin.execute(f"CREATE USER clerk PASSWORD '{PASSWORD}'")
    admin.execute("GRANT USAGE ON SCHEMA c130635 TO clerk")
    admin.execute(ALL)
    yield address("clerk")
    made.drop()
    admin.execute("DROP OWNED BY clerk")
    admin.execute("DROP USER clerk")


def address(user: str = "firegrid", host: str = "", name: str = "", more: str = "") -> str:
    at, _, known = postgres_server.database_url().split("@")[1].rpartition("/")
    return f"postgresql://{user}:{PASSWORD}@{host or at}/{name or known}{more}"


def run(url: str, *arguments: str | Path, county: str = COUNTY) -> Result:
    return CliRunner().invoke(
        main, list(map(str, arguments)), env={"FIREGRID_DATABASE": url, "FIREGRID_COUNTY": county}
    )


def refused(done: Result, *words: str) -> None:
    """Check that a command has ended with one line, which says all of ``words`` and no password."""
    assert done.exit_code == 1, done.output
    assert isinstance(done.exception, SystemExit)
    assert PASSWORD not in done.stderr
    [line] = done.stderr.splitlines()
    for word in ("firegrid: ", " · ", *words):
        assert word in line


@pytest.mark.parametrize("command", ["init", "check", "serve"])
@pytest.mark.parametrize(
    ("where", "words"),
    [
        ({"host": "127.0.0.1:notaport"}, ("不是能用的数据库地址", "no address")),
        ({"host": "127.0.0.1:99999"}, ("不是能用的数据库地址", "no address")),
        ({"host": f"ret{PASSWORD}@127.0.0.1"}, ("%40", "no address")),
        ({"more": "?sslmode=nonsense"}, ("不是能用的数据库地址", "no address")),
        ({"host": "nowhere.invalid"}, ("找不到这台主机", "DNS", "unknown host")),
        ({"host": "127.0.0.1:1"}, ("没有数据库在听", "是否在运行", "connection refused")),
        ({"name": "nowhere"}, ("没有这个数据库", "CREATE DATABASE", "no such database")),
        ({"user": "nobody_here"}, ("没有这个数据库用户", "CREATE ROLE", "no such user")),
    ],
    ids=["port", "port-number", "at-sign", "parameter", "host", "refused", "database", "user"],
)
def test_what_keeps_a_command_from_the_database_is_named_with_its_cure(command, where, words, tmp_path):
    postgres_server.require()

    refused(run(address(**where), command, "--data", tmp_path / "data", county="130630"), *words)


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ('connection failed: FATAL:  password authentication failed for user "a"', "wrong user or password"),
        ('connection failed: 致命错误:  用户 "a" 的密码认证失败', "wrong user or password"),
        ("connection is bad: fe_sendauth: no password supplied", "wrong user or password"),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.9", user "a", database "b"', "pg_hba.conf"),
        ('致命错误:  数据库 "b" 不存在', "no such database"),
        ('致命错误:  角色 "a" 不存在', "no such user"),
        ("FATAL:  sorry, too many clients already", "too many connections"),
        ("致命错误:  客户端连接过多", "too many connections"),
        ('FATAL:  too many connections for role "a"', "too many connections"),
        ("FATAL:  the database system is starting up", "starting up"),
        ("致命错误:  数据库系统正在启动", "starting up"),
        ("connection timeout expired", "no answer"),
        ("connection failed: session is read-only", "no database that takes writes"),
        ("something that nobody knows", "it said: something that nobody knows"),
    ],
    ids=str,
)
def test_a_reason_is_known_by_the_words_of_the_server_in_english_and_in_chinese(said, what):
    found = reasons.refusal_of(psycopg.OperationalError(said), "c130635")

    assert isinstance(found, Unavailable)
    assert f" · {what}" in found.message or what in found.message.partition(" · ")[2]


def test_a_user_whose_connections_are_all_taken_is_told_so(admin, clerk, tmp_path):
    admin.execute("ALTER USER clerk CONNECTION LIMIT 1")

    with psycopg.connect(clerk):
        refused(run(clerk, "check", "--data", tmp_path / "data"), "连接数已满", "too many connections")


@pytest.mark.parametrize("right", ["SELECT", "INSERT", "UPDATE", "DELETE"])
@pytest.mark.parametrize("table", ["area", "write_result"])
def test_a_right_on_any_table_that_is_missing_is_named_with_what_gives_it(admin, clerk, tmp_path, table, right):
    store = database.open_inline(tmp_path, engine=PostgresEngine(clerk, COUNTY, tmp_path))
    store.require_writable()
    admin.execute(f"REVOKE {right} ON c130635.{table} FROM clerk")

    with pytest.raises(Unavailable) as refusal:
        store.require_writable()

    for word in (f"c130635.{table} 做 {right}", ALL, f"no right to {right} on c130635.{table}"):
        assert word in refusal.value.message
    refused(run(clerk, "check", "--data", tmp_path / "data"), f"c130635.{table} 做 {right}", ALL)
    store.close()


def test_a_schema_that_is_closed_is_named_with_what_opens_it(admin, clerk, tmp_path):
    admin.execute("REVOKE USAGE ON SCHEMA c130635 FROM clerk")

    refused(run(clerk, "check", "--data", tmp_path / "data"), "GRANT USAGE ON SCHEMA c130635 TO clerk", ALL)


def test_a_right_that_is_taken_while_somebody_works_is_a_refusal_and_no_fault(admin, clerk, tmp_path):
    store = database.open_inline(tmp_path, engine=PostgresEngine(clerk, COUNTY, tmp_path))
    admin.execute("REVOKE UPDATE ON c130635.counter FROM clerk")

    for asked in (lambda: store.write(lambda tx: tx.next_seq()), lambda: store.write(lambda tx: None)):
        with pytest.raises(Unavailable, match="没有需要的权限"):
            asked()
    store.close()


def test_a_database_that_is_read_only_is_named_by_commands_that_write(admin, clerk, tmp_path):
    admin.execute("ALTER USER clerk SET default_transaction_read_only = on")

    refused(
        run(clerk, "user", "add", "gw1", "--role", "viewer", "--area", COUNTY, "--data", tmp_path), "只读", "read-only"
    )
    refused(run(clerk, "init", "--data", tmp_path / "new", county="130630"), "只读", "read-only")


def test_a_county_whose_grid_has_another_code_is_not_made(admin, tmp_path):
    done = run(address(), "init", "--data", tmp_path / "data", county="130631")

    refused(done, "FIREGRID_COUNTY 是 130631", "130630", "--grid", "nothing was written")
    assert not (tmp_path / "data").exists()
    assert admin.execute("SELECT to_regnamespace('c130631')").fetchone() == (None,)


def test_what_init_has_made_is_told_with_database_and_schema(admin, tmp_path):
    done = run(address(), "init", "--data", tmp_path / "data", county="130630")

    admin.execute("DROP SCHEMA c130630 CASCADE")
    assert done.exit_code == 0, done.output
    at, _, name = postgres_server.database_url().split("@")[1].rpartition("/")
    assert f"数据库 {at}/{name} 的 schema c130630（照片在数据目录 {tmp_path / 'data'}） 已就绪" in done.output
    assert PASSWORD not in done.output


def test_a_county_is_not_copied_under_the_code_of_another(admin, tmp_path):
    assert CliRunner().invoke(main, ["init", "--data", str(tmp_path / "data")], env={}).exit_code == 0

    done = run("", "copy", "--from", tmp_path / "data", "--to", address(), "--county", "130631", county="130631")

    refused(done, "130631", "130630", "nothing was written")
    assert admin.execute("SELECT to_regnamespace('c130631')").fetchone() == (None,)
