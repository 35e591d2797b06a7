"""What every command needs: the options, the open store, the connection, and failures as one line and exit status."""

from __future__ import annotations

import errno
import os
import shlex
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from sync.client import credentials
from sync.client.backoff import Backoff
from sync.client.connection import Connection
from sync.client.device import Device
from sync.client.device_file import FILE_NAME, damaged, is_damage
from sync.client.failures import Failure, NotSignedIn, Refused

C = TypeVar("C", bound=Callable[..., Any])

_DISK = (
    "本机数据读写失败（{}），这一步没有保存；请检查磁盘空间和权限"
    " · this step was not saved: check disk space and permissions"
)


class Command(click.Command):
    """A command whose failures are one line on stderr and an exit status."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except NotSignedIn as failure:
            cure = _login(ctx.params["store"])
            _stop(ctx, f"{failure.message}；登录 sign in: {cure}（本机数据在别处时用 --store 指明）", failure.exit_code)
        except Failure as failure:
            _stop(ctx, failure.message, failure.exit_code)
        except sqlite3.Error as error:
            torn = damaged(ctx.params["store"] / FILE_NAME, f"不完整 is not whole: {error}")
            _stop(ctx, torn.message if is_damage(error) else _DISK.format(error), 1)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise  # click ends quietly when nobody reads the output any more
            _stop(ctx, _DISK.format("：".join(str(each) for each in (error.strerror, error.filename) if each)), 1)


def _stop(ctx: click.Context, message: str, status: int) -> None:
    click.echo(f"fieldsync: {message}", err=True)
    ctx.exit(status)


def _login(store: Path) -> str:
    """Return the command that signs in to this store: at the server that it knows, else with words for what is open."""
    try:
        known = credentials.load(store)
    except NotSignedIn:
        return f"fieldsync login 服务器地址 --user 用户名 --store {shlex.quote(str(store))}"
    who = f"--user {known.user}" if known.user else "--key-stdin"
    return f"fieldsync login {known.server} {who} --store {shlex.quote(str(store))}"


def store_option(command: C) -> C:
    """Give a command ``--store DIR``; left out, the one before the command, ``$FIELDSYNC_HOME``, ``./fieldsync``."""
    return click.option(
        "--store",
        type=click.Path(file_okay=False, path_type=Path),
        callback=_store,
        show_default="./fieldsync",
        help="folder of this device's data 本机数据目录",
    )(command)


def _store(ctx: click.Context, parameter: click.Parameter, store: Path | None) -> Path:
    before: Path | None = ctx.find_root().params.get("store") if ctx.parent is not None else None
    return store or before or Path(os.environ.get("FIELDSYNC_HOME") or "fieldsync")


def format_option(command: C) -> C:
    """Give a command ``--format text|json``."""
    return click.option("--format", type=click.Choice(["text", "json"]), default="text", show_default=True)(command)


@contextmanager
def opened(store: Path) -> Iterator[Device]:
    """Open an existing store. Raises Refused when the folder holds none; it may be mistyped."""
    if not (store / FILE_NAME).is_file():
        raise Refused(
            f"{store} 里没有本机数据 · no data of this device in {store}；本机数据在别处时用 --store 指明，"
            f"还没有登录过时请运行 {_login(store)}"
        )
    with Device(store) as device:
        yield device


def opened_or_new(store: Path) -> Device:
    """Open the store, a new one where there is none. Raises Refused when it is gone and its credentials are not."""
    if credentials.exist(store) and not (store / FILE_NAME).is_file():
        raise Refused(
            f"{store} 里有登录信息，本机数据 {FILE_NAME} 却不见了；请用备份放回整个目录，没有备份时先运行"
            f" fieldsync logout --store {shlex.quote(str(store))}，再重新登录 · signed in, but the store is gone:"
            " put back a copy of the whole folder, or log out and sign in anew"
        )
    return Device(store)


@contextmanager
def connected(store: Path) -> Iterator[tuple[Device, Connection]]:
    """Open the store and a connection to the server as the signed-in user. Raises NotSignedIn."""
    saved = credentials.load(store)
    connection = Connection(
        saved,
        on_renewed=lambda new: credentials.save(store, new),
        reload=lambda: credentials.load(store),
        backoff=Backoff(sleep=_wait),
    )
    with opened_or_new(store) as device, closing(connection):
        yield device, connection


def progress(number: int) -> None:
    """Show on a terminal how far a push or pull is."""
    if sys.stderr.isatty():
        click.echo(f"\r… {number}\r", err=True, nl=False)


def photo_progress(done: int, whole: int) -> None:
    """Show on a terminal how far the photos are."""
    if sys.stderr.isatty():
        click.echo(f"\r… 照片 photos {done * 100 // max(whole, 1)} %\r", err=True, nl=False)


def _wait(seconds: float) -> None:
    if sys.stderr.isatty():
        click.echo(f"没有回应，{seconds:.0f} 秒后再试 · no answer yet, trying again in {seconds:.0f} s", err=True)
    time.sleep(seconds)
