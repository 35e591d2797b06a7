"""``firegrid demo``: a county to try things on, made once from the real grid and invented people, then served."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import click

from server.admin.usecases import setup
from server.admin.usecases.recognition import Answer
from server.cli.folder import Command, making_folder, opened, require_access, require_in_folder, with_data
from server.cli.folder_answers import recognise
from server.db import database
from server.db import training as trainings
from server.db.locks import serving
from server.db.transactions import Reading
from server.demo import county
from server.demo import people as demonstration
from server.demo.patrols import Event
from server.errors import Conflict
from server.grid.store import areas
from server.grid.usecases import files
from server.people.domain import roles
from server.people.usecases import sign_in

MARK = "demo.txt"
"""File that marks a data folder of invented people, so that the command never touches a county's own."""


@click.command(cls=Command)
@click.option("--port", type=click.IntRange(1, 65535), default=8600, show_default=True)
@click.option("--training", is_flag=True, help="mark everything as practice and count nothing 练习，不计入统计")
@click.option(
    "--data",
    type=click.Path(readable=False, path_type=Path),
    help="data folder 数据目录  [default: firegrid-demo; with --training firegrid-training]",
)
def demo(port: int, training: bool, data: Path | None) -> None:
    """Serve a demonstration at http://127.0.0.1:PORT: Laiyuan's real grid, invented people, half a year of cases."""
    data = data or Path("firegrid-training" if training else "firegrid-demo")
    from server.cli import serve
    from server.settings import from_environment

    require_access(data)
    require_in_folder(data, "演示请在没有设置 FIREGRID_DATABASE 的环境里运行。")
    if not (data / MARK).exists():
        with serve.listening("127.0.0.1", port):
            pass  # the port can be had: making the demonstration takes a minute
        make(data, training=training)
    base = from_environment(data).public_url or f"http://127.0.0.1:{port}"
    with serving(data), opened(data) as store:  # no new keys beside a server that is running already
        recognise(data, Answer.MOVED)  # invented people: a demonstration may be copied about without a question
        with store.reading() as reading:
            _require_kind(reading, data, training=training)
            demonstration.require_everyone(reading, str(data))
            older = demonstration.to_keep_printed(reading)
        store.write(lambda tx: demonstration.keep_printed(tx, older))
        keys = store.write(demonstration.give_keys)
        with store.reading() as reading:
            print_guide(reading, base, keys, data)
        sign_ins = tuple(demonstration.sign_ins(reading))
    serve.run(data, "127.0.0.1", port, serve.THREADS, sign_ins=sign_ins)


def _require_kind(reading: Reading, data: Path, *, training: bool) -> None:
    """Raise Conflict when the folder is for training and ``training`` is not set, or the other way round."""
    if trainings.is_on(reading) is not training:
        kind, cure = ("演示", "去掉 --training") if training else ("练习", "加上 --training")
        raise Conflict(f"目录 {data} 是{kind}数据；请{cure}，或用 --data 换一个目录。", folder=str(data))


def make(data: Path, *, training: bool) -> None:
    """Make the demonstration's data folder. Nothing is there under this name until all of it is.

    training: mark it as practice, for good.

    Raises Conflict when ``data`` holds something else.
    """
    if data.exists() and any(data.iterdir()):
        raise Conflict(f"目录 {data} 里已有别的内容，不是演示数据；请用 --data 换一个目录。", folder=str(data))
    making = making_folder(data)
    shutil.rmtree(making, ignore_errors=True)
    click.echo("正在准备演示数据：读取涞源县网格，转换内置表单 …", err=True)
    basis = county.Basis(
        list(files.shipped_rows()),
        list(setup.built_in_forms()),
        sign_in.hash_password(demonstration.PASSWORD),
        training,
    )
    county.fill(making, basis, database.system_clock(), _with_progress)
    (making / MARK).write_text("演示数据：网格是真实的，人员和事项都是虚构的。请勿用于实际工作。\n", encoding="utf-8")
    making.replace(data)


def _with_progress(events: list[Event]) -> Iterator[Event]:
    with click.progressbar(events, label="正在演练半年的上报、派遣、处置、反馈和办结", file=sys.stderr) as bar:
        shown: Iterable[Event] = bar
        yield from shown


def print_guide(reading: Reading, base: str, keys: Mapping[str, str], data: Path) -> None:
    """Print who can sign in, every phone's address with its new key, and what to try next.

    base: the address of the server. keys: phone key by user name.
    """
    title = trainings.marked_if_on(reading, "演示")
    click.echo(f"\n{title} {base}/  用浏览器打开，点一个身份就能登录 open it in a browser")
    click.echo(f"（网格真实，人员和案件虚构；数据在 {data}，删除该目录即重来）")
    click.echo(f"\n登录 sign-ins，密码都是 {demonstration.PASSWORD}")
    for each in demonstration.people():
        place = areas.full_name(reading, each.area)
        left = "  已停用" if demonstration.has_left(reading, each) else ""
        click.echo(f"  {each.name:<8} {each.display}  {roles.label(each.role, reading.now)}  {place}{left}")
    click.echo("\n手机密钥 phone keys（每次启动都发新的，以前的仍有效）")
    for name, token in keys.items():
        click.echo(f"  {name:<8} {base}/key/{token}")
    click.echo("\n接下来 what to try next")
    if trainings.is_on(reading):
        click.echo(f"  {trainings.NOT_COUNTED}汇总的每个数都是 0，没有案件清单。")
    for hint in hints(base, data):
        if hint.is_counted and trainings.is_on(reading):
            continue
        click.echo(f"  {hint.what}\n    {hint.how}")
    click.echo("  手机要用局域网地址，见 docs/worker.md 的“Set up a phone”。按 Ctrl-C 停止。\n")


class Hint(NamedTuple):
    """Something to try.

    how: an address or a command. who: user name to sign in with, empty for none. is_counted: shows figures or cases
    behind them, of which training has none.
    """

    what: str
    how: str
    who: str = ""
    is_counted: bool = False


def hints(base: str, data: Path) -> Iterator[Hint]:
    """Yield what to try next."""
    api = f"{base}/api/v1"
    yield Hint("接口说明 the API, where one can sign in and try", f"{base}/api/docs")
    yield Hint("逾期案件 overdue cases（brigade）", f"{api}/records?type=hazards&overdue=true", "brigade")
    yield Hint("待核查 cases to check（village）", f"{api}/records?type=hazards&status=feedback", "village")
    yield Hint("两人各写一值的站点 two phones, one field（town）", f"{api}/records?conflict=true", "town")
    yield Hint("待处理问题 what a person must settle（town）", f"{api}/problems", "town")
    yield Hint(
        "本季闭环汇总 the closure rates（brigade）",
        f"{api}/summaries/closure?period=quarter",
        "brigade",
        is_counted=True,
    )
    yield Hint(
        "同一汇总在终端 the same on a terminal", with_data("summary closure --period quarter", data), is_counted=True
    )
    overdue = with_data("summary closure --period quarter --figure handling_overdue", data)
    yield Hint("一个数背后的案件 the cases behind a number", overdue, is_counted=True)
    yield Hint("一台手机的二维码 a card to scan", with_data("user key gw0001 --format qr", data))
    yield Hint("核对数据 is everything sound?", with_data("check", data))
