"""The commands login and logout: with a phone's key or a password."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click

from sync.cli.opening import Command, opened_or_new, store_option
from sync.client import credentials, outbox, replica, synchronization
from sync.client.connection import Connection
from sync.client.credentials import Credentials
from sync.client.device import Device
from sync.client.failures import Refused
from sync.client.synchronization import Identity

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
        _switch_user(device, synchronization.identify(device, connection), server, user)
        credentials.save(store, connection.credentials)
    click.echo(f"已登录 {server} · signed in")


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


def _switch_user(device: Device, identity: Identity, server: str, user: str | None) -> None:
    """Delete another user's data and changes. Raises Refused while those changes may exist only here."""
    user = user or identity.user
    with device.writing():
        is_other = (
            identity.is_another_user
            or _differs(device.setting("user"), user)
            or (_differs(device.setting("server"), server) and _differs(device.setting("epoch"), identity.epoch))
        )
        if is_other and _differs(device.setting("epoch"), identity.epoch) and (kept := outbox.count_kept(device)):
            raise Refused(
                f"服务器的数据放回过较早的副本，或换了服务器；本机有原来登录的 {kept} 条工作可能不在上面。"
                "请先用原来的登录运行 fieldsync sync，或用 --store 另建目录"
                " · an older copy of the server's data was put back, or this is another server, and it may lack work of"
                " the earlier sign-in: sync with that first, or use another --store"
            )
        waiting = outbox.count_needed(device)
        if is_other and waiting:
            raise Refused(
                f"本机还有原来登录的 {waiting} 条工作未发送或未备份；请先用原来的登录发送，或用 --store 另建目录"
                " · work of the earlier sign-in is unsent or in no backup yet: push it first, or use another --store"
            )
        if is_other:
            replica.clear(device)
            outbox.delete_sent(device)
        device.set_setting("server", server)
        if user is not None:
            device.set_setting("user", user)


def _differs(known: str | None, now: str | None) -> bool:
    return None not in (known, now) and known != now
