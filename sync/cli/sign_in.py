"""The commands login and logout: with a phone's key or a password."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

import click

from sync.cli import messages
from sync.cli.opening import Command, opened_or_new, store_option
from sync.client import credentials, earlier_users, outbox, synchronization
from sync.client.connection import Connection
from sync.client.credentials import Credentials
from sync.client.device import Device
from sync.client.device_file import exchange_lock
from sync.client.failures import Failure, NotSignedIn, Refused

TRIES = 3
"""How often a new password is asked for on a terminal."""

_LOOPBACK = ("http://127.", "http://localhost", "http://[::1]")


@click.command(cls=Command)
@click.argument("address")
@click.option("--user", help="sign in with a password 用户名，密码另行输入")
@click.option("--password-stdin", is_flag=True, help="password: first line of standard input 从标准输入读密码")
@click.option("--key-stdin", is_flag=True, help="key: first line of standard input 从标准输入读密钥")
@store_option
def login(address: str, user: str | None, password_stdin: bool, key_stdin: bool, store: Path) -> None:
    """Sign in: ADDRESS is the server's, or the whole one of a phone's card. 登录服务器。

    A password that somebody else has set is changed at once: on a terminal it is asked for, a script gives the new one
    as the second line of standard input.
    """
    server, key = credentials.server_and_key(address)
    if key_stdin:
        key = sys.stdin.readline().strip()
    if (key is None) == (user is None):
        raise click.UsageError("请给手机卡片上的地址、--key-stdin，或 --user NAME · a key or --user, one of them")
    if server.startswith("http://") and not server.startswith(_LOOPBACK):
        click.echo("注意：http 不加密，同一网络里的人能看到密钥 · http is not encrypted", err=True)
    with _opened_to_sign_in(store) as device, closing(Connection(Credentials(server, user, key))) as connection:
        if user is not None:
            password = _password(password_stdin)
            if connection.sign_in(user, password):
                _change(connection, password, is_piped=password_stdin or not sys.stdin.isatty())
        # Nothing is sent or received for whoever was signed in before while the data and the sign-in change hands.
        with exchange_lock(device.folder):
            identity = synchronization.identify(device, connection)
            given_back = earlier_users.switch(device, identity, server, user)
            credentials.save(store, connection.credentials)
        to_offer = outbox.counts_to_offer_again(device, identity.epoch)
    click.echo(f"已登录 {server} · signed in")
    if given_back:
        click.echo(f"您以前在本机送出的 {given_back} 条仍留存着 · what you sent from here is still kept: {given_back}")
    for name, number in to_offer.items():
        click.echo(messages.to_offer_again(name, number))


@click.command(cls=Command)
@store_option
def logout(store: Path) -> None:
    """Sign out; what is on this device stays. 退出登录。"""
    with (
        exchange_lock(store) if credentials.exist(store) else nullcontext()
    ):  # or what it renews meanwhile would be kept
        if not _ended(store):
            click.echo(
                "没有连上服务器，那边的登录到期才失效；要马上失效，请管理员运行 firegrid user sign-out"
                " · the server was not reached: there the sign-in ends when it runs out",
                err=True,
            )
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


def _change(connection: Connection, old: str, *, is_piped: bool) -> None:
    """Change a password that somebody else has set, which opens nothing else. Raises Refused."""
    click.echo(
        "这个密码是别人设的或太容易猜，要先换成只有自己知道的（至少10个字符）"
        " · somebody else set this password, or it is easily guessed: choose your own first",
        err=True,
    )
    if is_piped:
        new = sys.stdin.readline().rstrip("\r\n")
        if not new:
            raise Refused(
                "请在终端里登录，或在标准输入的第二行给出新密码，或先在网页上改"
                " · sign in on a terminal, give the new password as the second line, or change it on the web page"
            )
        connection.change_password(old, new)
        return
    for left in range(TRIES - 1, -1, -1):
        new = str(click.prompt("新密码 new password", hide_input=True, confirmation_prompt="再输一次 again", err=True))
        try:
            connection.change_password(old, new)
        except Refused as refused:
            if not left:
                raise
            click.echo(refused.message, err=True)
        else:
            return


def _ended(store: Path) -> bool:
    """Return whether nothing is left of the sign-in at the server, as far as is known here; keys are no sign-ins."""
    try:
        known = credentials.load(store)
    except NotSignedIn:
        return True
    if known.refresh is None:
        return True
    try:
        with closing(Connection(known)) as connection:
            return connection.sign_out()
    except Failure:  # the address or its certificate; nobody is kept from signing out here
        return False


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
