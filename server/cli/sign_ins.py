"""The ``user`` commands about signing in: another password, opening a lock, where one is signed in."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from server import instants
from server.cli.folder import Command, data_option, opened, opened_to_write
from server.errors import Invalid
from server.instants import BEIJING
from server.people.store import accounts
from server.people.store import sessions as stored_sessions
from server.people.usecases import password_rules, passwords, sessions, sign_in

BY = "command"
KEEP, REVOKE = "keep", "revoke"

PASSWORD = click.option(
    "--password-stdin",
    "password",
    is_flag=True,
    callback=lambda _ctx, _param, wanted: _first_line() if wanted else None,
    help="read the password from stdin 从标准输入读密码",
)


@click.command(cls=Command)
@click.argument("name")
@PASSWORD
@click.option(
    "--phone-keys",
    type=click.Choice((KEEP, REVOKE)),
    help="whether their phone keys stay good; asked for on a terminal 手机密钥保留还是作废",
)
@data_option
def password(name: str, password: str | None, phone_keys: str | None, data: Path) -> None:
    """Give NAME another password: a generated one, printed this once, or the one from stdin.

    It opens a lock and signs NAME out everywhere. At the next sign-in NAME has to change it.
    """
    with opened_to_write(data) as database:
        with database.reading() as reading:
            account = accounts.get(reading, name)
            rules = password_rules.of(reading, name, account.display)
            has_keys = accounts.has_phone_keys(reading, name)
        end_keys = has_keys and _wanted(name, phone_keys) == REVOKE
        generated = passwords.make_password() if password is None else ""
        hashed = sign_in.hash_password(generated) if password is None else rules.hashed(password)
        database.write(lambda tx: passwords.reset(tx, name, hashed, by=BY, end_keys=end_keys))
    click.echo(generated or f"{name} 的密码已更换。")
    if generated:
        click.echo(f"以上是 {name} 的新密码，只显示这一次。", err=True)
    click.echo("之前的登录已失效；下次登录时要先换成自己的密码。", err=True)
    if has_keys:
        click.echo("手机密钥已全部作废，请重新发二维码。" if end_keys else "手机密钥照旧有效。", err=True)


@click.command(cls=Command)
@click.argument("name")
@data_option
def unlock(name: str, data: Path) -> None:
    """Let NAME sign in again after too many wrong passwords; the password stays as it is."""
    with opened_to_write(data) as database:
        database.write(lambda tx: sign_in.unlock(tx, name, by=BY))
    click.echo(f"{name} 可以登录了。")


@click.command(cls=Command)
@click.argument("name")
@data_option
def sign_out(name: str, data: Path) -> None:
    """Sign NAME out everywhere; password and phone keys stay good."""
    with opened_to_write(data) as database:
        ended = database.write(lambda tx: sessions.end_all(tx, name, by=BY))
    click.echo(f"{name} 已在所有地方退出登录（{ended} 处）；密码和手机密钥不变。")


@click.command(name="sessions", cls=Command)
@click.argument("name")
@data_option
def list_sessions(name: str, data: Path) -> None:
    """List where NAME is signed in: since when, last used, from which address."""
    with opened(data) as database, database.reading() as reading:
        open_ones = list(stored_sessions.list_open(reading, accounts.get(reading, name).name))
    for session in open_ones:
        begun, used = (instants.parse(at).astimezone(BEIJING) for at in (session.created_at, session.last_used_at))
        click.echo(f"自 {begun:%Y-%m-%d %H:%M}  最近 {used:%Y-%m-%d %H:%M}  {session.address or '-'}")
    if not open_ones:
        click.echo(f"{name} 没有在任何地方登录。")


def _wanted(name: str, stated: str | None) -> str:
    """Return what is to happen to the phone keys: as stated, else as answered. Raises Invalid without a terminal."""
    if stated is not None:
        return stated
    if not sys.stdin.isatty():
        raise Invalid(
            f"{name} 有手机密钥：请写明 --phone-keys keep（保留）或 --phone-keys revoke（一起作废）。",
            field="phone_keys",
        )
    question = f"{name} 的手机密钥：保留 keep，还是一起作废 revoke（手机丢失、怀疑泄露时）"
    return str(click.prompt(question, type=click.Choice((KEEP, REVOKE)), err=True))


def _first_line() -> str:
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise click.UsageError("--password-stdin 没有读到密码：请把密码写到标准输入的第一行。")
    return line
