"""The commands login and logout: with a phone's key or a password."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click

from sync.cli.opening import Command, opened_or_new, store_option
from sync.client import credentials, earlier_users, synchronization
from sync.client.connection import Connection
from sync.client.credentials import Credentials
from sync.client.device import Device

_LOOPBACK = ("http://127.", "http://localhost", "http://[::1]")


@click.command(cls=Command)
@click.argument("address")
@click.option("--user", help="sign in with a password 用户名，密码另行输入")
@click.option("--password-stdin", is_flag=True, help="password: first line of standard input 从标准输入读密码")
@click.option("--key-stdin", is_flag=True, help="key: first line of standard input 从标准输入读密钥")
@store_option
def login(address: str, user: str | None, password_stdin: bool, key_stdin: bool, store: Path) -> None:
    """Sign in: ADDRESS is the server's, or the whole one of a phone's card. 登录服务器。"""
    server, key = credentials.server_and_key(address)
    if key_stdin:
        key = sys.stdin.readline().strip()
    if (key is None) == (user is None):
        raise click.UsageError("请给手机卡片上的地址、--key-stdin，或 --user NAME · a key or --user, one of them")
    if server.startswith("http://") and not server.startswith(_LOOPBACK):
        click.echo("注意：http 不加密，同一网络里的人能看到密钥 · http is not encrypted", err=True)
    with _opened_to_sign_in(store) as device, closing(Connection(Credentials(server, user, key))) as connection:
        if user is not None:
            connection.sign_in(user, _password(password_stdin))
        given_back = earlier_users.switch(device, synchronization.identify(device, connection), server, user)
        credentials.save(store, connection.credentials)
    click.echo(f"已登录 {server} · signed in")
    if given_back:
        click.echo(f"您以前在本机送出的 {given_back} 条仍留存着 · what you sent from here is still kept: {given_back}")


@click.command(cls=Command)
@store_option
def logout(store: Path) -> None:
    """Sign out; what is on this device stays. 退出登录。"""
    credentials.forget(store)
    click.echo("已退出；本机的数据和未发送的工作都还在 · signed out; nothing on this device was deleted")


@contextmanager
def _opened_to_sign_in(store: Path) -> Iterator[Device]:
    """Open the store, a new one where there is none; what was made goes again when nobody could sign in."""
    before = {*store.iterdir()} if store.is_dir() else None
    try:
        with opened_or_new(store) as device:
            yield device
    except BaseException:
        if store.is_dir() and not credentials.exist(store):
            for made in {*store.iterdir()} - (before or set()):
                made.unlink()
            if before is None:
                store.rmdir()
        raise


def _password(is_piped: bool) -> str:
    # Without a terminal nothing can be asked, and whatever comes is shown to nobody: a script gives it by a pipe.
    if not is_piped and sys.stdin.isatty():
        return str(click.prompt("密码 password", hide_input=True, err=True))
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise click.UsageError(
            "没有密码：请在终端里登录，或用管道给出 · no password: sign in on a terminal, or pipe it in"
        )
    return password
