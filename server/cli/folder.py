"""Open the data folder for a command, and answer a Refusal by exit status 1 and one line on stderr."""

from __future__ import annotations

import errno
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from server import settings
from server.admin.usecases import recognition
from server.db import database, engines, identity
from server.db.database import Database
from server.db.engine import Engine
from server.db.folder import FILE_NAME
from server.db.repeats import RepeatingWriter
from server.db.transactions import Reading
from server.db.writer import Writer
from server.errors import Invalid, NotFound, Refusal
from server.grid.domain.scope import Scope
from server.grid.store import areas


class Command(click.Command):
    """A command whose refusals, and those of the system, are one line on stderr and exit status 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            if (data := ctx.params.get("data")) is not None:
                require_access(data)
            return super().invoke(ctx)
        except Refusal as refusal:
            click.echo(f"firegrid: {refusal.message}", err=True)
            ctx.exit(1)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise  # click ends quietly when nobody reads the output any more
            message = "：".join(str(part) for part in (error.filename, reason(error)) if part)
            click.echo(f"firegrid: {message}。请检查路径、权限和磁盘空间，或用 --data 换一个目录。", err=True)
            ctx.exit(1)


class Group(click.Group):
    """A group of such commands."""

    command_class = Command
    group_class = type


def reason(error: OSError) -> str:
    """Return why the system refused, in Chinese where the reason is one that people meet."""
    known = _REASONS.get(error.errno or 0)
    said = error.strerror or str(error)
    return said if known is None else f"{known}（{said}）"


_REASONS = {
    errno.EACCES: "没有权限",
    errno.EPERM: "没有权限",
    errno.ENOENT: "没有这个文件或目录，或不能在这里新建",
    errno.ENOTDIR: "路径中有一段不是目录",
    errno.EISDIR: "这是目录，不是文件",
    errno.EEXIST: "已经存在",
    errno.ENOSPC: "磁盘空间已满",
    errno.EDQUOT: "磁盘配额已满",
    errno.EROFS: "磁盘是只读的",
    errno.EADDRINUSE: "端口已被占用",
    errno.EADDRNOTAVAIL: "本机没有这个地址",
}


def require_access(data: Path) -> None:
    """Raise Invalid when ``data`` is there and is no folder, or none that this user may work in."""
    if data.is_file():
        raise Invalid(f"{data} 是文件，不是数据目录；请用 --data 写目录。", folder=str(data))
    for path, needed in ((data, os.R_OK | os.W_OK | os.X_OK), (data / FILE_NAME, os.R_OK | os.W_OK)):
        if path.exists() and not os.access(path, needed):
            if os.statvfs(path).f_flag & os.ST_RDONLY:
                cure = "磁盘出错后系统会这样挂载：先看系统日志 (dmesg)，修好或换掉磁盘，再以可写方式重新挂载。"
                raise Invalid(f"{path} 所在的磁盘是只读的，写不了；{cure}", folder=str(data))
            owner = path.owner()
            cure = f"请用这个用户运行（sudo -u {owner} …），或用 --data 换一个目录。"
            raise Invalid(f"没有权限读写 {path}，它属于用户 {owner}；{cure}", folder=str(data))


def data_option(command: Any) -> Any:
    """Give a command ``--data DIR`` (default ``$FIREGRID_DATA``, else ``./firegrid-data``)."""
    return click.option(
        "--data",
        type=click.Path(readable=False, path_type=Path),  # require_access says in Chinese what is wrong with it
        envvar="FIREGRID_DATA",
        default=Path("firegrid-data"),
        show_default=True,
        help="data folder 数据目录",
    )(command)


def with_data(command: str, data: Path) -> str:
    """Return a command of this program for a reader to type, for the folder that the message is about.

    command: its words after ``firegrid``. Where the shell does not find that name, the path by which it was started
    stands in its place, such as ``.venv/bin/firegrid`` under ``make run``.
    """
    started = Path(sys.argv[0])
    is_found = started.name != "firegrid" or shutil.which("firegrid") is not None
    program = "firegrid" if is_found else shlex.quote(str(started))
    return f"{program} {command} --data {shlex.quote(str(data))}"


def making_folder(data: Path) -> Path:
    """Return the folder in which ``data`` is made, so that nothing half made ever stands under its own name.

    Raises Invalid for the current folder: it would be replaced while a shell stands in it.
    """
    whole = data.resolve()
    if whole == Path.cwd():
        raise Invalid(
            "当前目录本身不能作数据目录；请用 --data 写一个子目录，如 --data firegrid-data。", folder=str(data)
        )
    return whole.with_name(f"{whole.name}.making")


def engine_of(data: Path) -> Engine:
    """Return what keeps the county of ``data``, as the environment says. Raises Invalid."""
    return engines.engine_of(data, settings.county_database())


def require_in_folder(data: Path, cure: str) -> None:
    """Raise Invalid where PostgreSQL keeps the county, for a command that works on the file of the folder.

    cure: what to do in its place.
    """
    if not engine_of(data).is_in_folder:
        raise Invalid(
            f"这个县的数据在 PostgreSQL 里 (FIREGRID_DATABASE)，这条命令只管数据目录；{cure}", folder=str(data)
        )


def _writer_of(engine: Engine) -> Callable[[Writer], Writer]:
    """Return how a command writes: where the connection to the database can be lost, so that it finds out and repeats.

    In a file of its own nothing can come between COMMIT and its answer.
    """
    return (lambda writer: writer) if engine.is_in_folder else RepeatingWriter


@contextmanager
def opened(data: Path) -> Iterator[Database]:
    """Open the database in ``data`` for a command; it works beside a running server.

    Raises NotFound when there is none.
    """
    engine = engine_of(data)
    store = database.open_inline(data, around=_writer_of(engine), engine=engine)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def opened_to_write(data: Path) -> Iterator[Database]:
    """Open the database in ``data`` for a command that writes.

    Raises NotFound when there is none, FolderMoved when nobody has said yet what a folder is that was moved or copied;
    a server that runs has asked.
    """
    with opened(data) as store:
        if store.engine.is_in_folder and not store.engine.is_served_elsewhere():
            with store.reading() as reading:
                here = identity.here(data, settings.machine())
                recognition.require_own(reading, data, here, with_data("check", data))
        yield store


def everything(reading: Reading) -> Scope:
    """Return the scope of who has the data folder: the county. Raises NotFound before there is one."""
    county = next((area for area in areas.whole_grid(reading).values() if area.parent is None), None)
    if county is None:
        raise NotFound("数据目录里还没有网格；请先用 firegrid grid load 读入网格文件。")
    return Scope(places=(county.place,))
