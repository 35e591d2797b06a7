"""``firegrid move-address``: give the server another public address, with the old one answered beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from server import instants
from server.cli.folder import Command, data_option, everything, opened, opened_to_write, with_data
from server.db.locks import read_address
from server.db.transactions import Reading
from server.grid.store import areas
from server.instants import BEIJING, Instant
from server.people.domain.public_addresses import KeptAddress, disagreement
from server.people.domain.unmoved_devices import UnmovedDevice
from server.people.store import public_addresses, unmoved_devices
from server.people.usecases import address_moves
from server.settings import from_environment, public_url

BY = "command"


@click.command(cls=Command)
@click.argument("url", required=False, metavar="[URL]")
@click.option("--from", "old", metavar="URL", help="the address of before, where it is not known 原来的地址")
@click.option("--status", is_flag=True, help="say how far it is, and which phones and laptops have not moved 查看进度")
@click.option("--finish", is_flag=True, help="give the old address up 办完，停用旧地址")
@click.option("--undo", is_flag=True, help="give out the old address again 撤回")
@click.option("--even-if-not-moved", "anyway", is_flag=True, help="finish though phones are left 有手机没搬也办完")
@data_option
def move_address(
    url: str | None, old: str | None, status: bool, finish: bool, undo: bool, anyway: bool, data: Path
) -> None:
    """Move the public address to URL, beside a running server, such as https://fire.example.org 更换公开地址.

    New cards are given URL from now on; phones that come by the old address are answered there until --finish.
    """
    if sum((url is not None, status, finish, undo)) != 1:
        raise click.UsageError("请写新地址，或 --status、--finish、--undo 中的一个 · needs URL or one of these options")
    if (old is not None and url is None) or (anyway and not finish):
        raise click.UsageError("--from 和新地址一起用，--even-if-not-moved 和 --finish 一起用 · of another option")
    new = None if url is None else public_url(url, "URL")
    before = None if old is None else public_url(old, "--from")
    stated = from_environment(data).public_url
    if status:
        with opened(data) as database, database.reading() as reading:
            lines = list(_status(reading, stated, data))
    else:
        with opened_to_write(data) as database:
            with database.reading() as reading:
                county = everything(reading)
            if new is not None:
                known = stated or read_address(data)
                database.write(lambda tx: address_moves.begin(tx, new, old=before, known=known, by=BY))
            elif finish:
                database.write(lambda tx: address_moves.finish(tx, county, by=BY, even_if_not_moved=anyway))
            else:
                database.write(lambda tx: address_moves.undo(tx, by=BY))
            with database.reading() as reading:
                lines = list(_taken(reading, stated, data))
    for line in lines:
        click.echo(line)


def _taken(reading: Reading, stated: str | None, data: Path) -> Iterator[str]:
    """Yield what has changed, and what is to be done next."""
    kept = public_addresses.newest(reading)
    if kept is None:
        return
    yield f"公开地址现在是 {kept.url} ：新卡片和二维码都用它；正在运行的服务一秒内照此办，不用重启。"
    if kept.url.startswith("https:"):
        yield "  https 由前面的反向代理提供：请确认它已把这个地址转到本服务（部署手册）。"
    if kept.old_url:
        left = _unmoved(reading, kept)
        yield (
            f"{kept.old_url} 仍应答：从它来的手机照旧取表单、名单和上报，拿到的网址也还是它的。"
            "旧地址本身要通：旧域名、旧端口和网线先不要撤。"
        )
        phones = sum(each.is_phone for each in left)
        yield (
            f"还没用新地址来过的手机 {phones} 部、电脑 {len(left) - phones} 台，"
            f"名单：{with_data('move-address --status', data)}"
        )
        if len(left) > phones:
            yield f"电脑请本人用新地址重新登录：fieldsync login {kept.url} …，本机的数据都在。"
        if phones:
            cards = with_data("user cards --not-moved CARDS.pdf", data)
            yield f"给他们重印卡片：{cards}（或在“管理—手机卡片”里选“还没搬的”）"
        yield f"都搬完后停用旧地址：{with_data('move-address --finish', data)}；不搬了：--undo"
    else:
        yield "旧地址不再应答（服务的启动设置 FIREGRID_PUBLIC_URL 里还写着它的，改了才算）。"
    yield from _environment(kept, stated, data)


def _status(reading: Reading, stated: str | None, data: Path) -> Iterator[str]:
    kept = public_addresses.newest(reading)
    if kept is None or not kept.url:
        said = "没有设置，按请求给出" if stated is None else f"{stated}（FIREGRID_PUBLIC_URL）"
        yield f"公开地址：{said}。没有在搬的地址。"
        return
    yield f"公开地址：{kept.url}（{_minute(kept.at)} 起）"
    yield f"旧地址：{kept.old_url} ，仍应答" if kept.old_url else "旧地址：已停用"
    yield from _environment(kept, stated, data)
    left = _unmoved(reading, kept)
    if not left:
        yield "连过的手机和电脑都已用这个地址来过。"
        return
    phones = sum(each.is_phone for each in left)
    yield f"还没用这个地址来过的手机 {phones} 部、电脑 {len(left) - phones} 台，最久没联系的在前："
    names = areas.full_names(reading, (each.area for each in left))
    for each in left:
        yield "  " + "  ".join(_shown(each, names.get(each.area, each.area)))


def _shown(each: UnmovedDevice, area: str) -> Iterator[str]:
    yield each.display if each.display == each.person else f"{each.display}（{each.person}）"
    yield area if each.is_phone else f"{area}  电脑"
    if each.last_seen_at is None:
        yield "卡片没扫过" if each.key_made_at is None else f"卡片没扫过，{_minute(each.key_made_at)} 发的"
    else:
        yield f"上次 {_minute(each.last_seen_at)} 用 {each.address or '旧地址'}"
    if each.card_at is not None:
        yield f"新卡已发（{_minute(each.card_at)}），还没扫"


def _unmoved(reading: Reading, kept: KeptAddress) -> list[UnmovedDevice]:
    return unmoved_devices.list_unmoved(reading, everything(reading), kept)


def _environment(kept: KeptAddress, stated: str | None, data: Path) -> Iterator[str]:
    words = disagreement(kept, stated, with_data(f"move-address {stated}", data))
    if words is not None:
        yield f"注意：{words}"
    elif kept.old_url and stated is None:
        yield f"服务的启动设置里写了 FIREGRID_PUBLIC_URL 的，请把它也改成 {kept.url} 。"


def _minute(instant: Instant) -> str:
    return instants.parse(instant).astimezone(BEIJING).strftime("%Y-%m-%d %H:%M")
