"""``firegrid webhook``: name whom the server tells of what happens, replace secrets, send again what was missed."""

from __future__ import annotations

from pathlib import Path

import click

from server import settings
from server.cli.folder import Group, data_option, opened, opened_to_write
from server.cli.rosters import administrator
from server.webhooks.store import deliveries, webhooks
from server.webhooks.usecases import configuration


@click.group(cls=Group, name="webhook")
def webhook() -> None:
    """Tell other programs of what happens, by signed requests 外发通知."""


@webhook.command()
@click.argument("url")
@click.option(
    "--kind", "kinds", multiple=True, help="as hazards.assign or hazards.*; may be repeated 事件类别；without it all"
)
@data_option
def add(url: str, kinds: tuple[str, ...], data: Path) -> None:
    """Tell the receiver at URL of events from now on, and print its secret once.

    Its host has to be listed in FIREGRID_WEBHOOK_HOSTS.
    """
    stated = settings.from_environment(data)
    with opened_to_write(data) as database:
        with database.reading() as reading:
            by = administrator(reading)
        made, secret = database.write(lambda tx: configuration.add(tx, url, kinds, stated, by=by))
    click.echo(f"已登记 {made.id}")
    click.echo(f"密钥（只显示这一次）：{secret}")


@webhook.command("list")
@click.option("--undelivered", metavar="ID", help="messages that this receiver has not taken 没有送到的")
@data_option
def list_(undelivered: str | None, data: Path) -> None:
    """List the receivers and how they answer, or what one of them has not taken."""
    with opened(data) as database, database.reading() as reading:
        by = administrator(reading)
        if undelivered is not None:
            configuration.get(reading, undelivered, by=by)
            for each in deliveries.list_of(reading, undelivered, 0, 1_000):
                state = "已停送" if each.is_dead else f"待送，下次 {each.next_at}"
                what = f"{each.event.seq}  {each.event.kind}  {each.event.record}"
                click.echo(f"{what}  试过{each.attempts}次  {state}  {each.problem}".rstrip())
            return
        for found in configuration.list_all(reading, by=by):
            waiting, dead = deliveries.counts(reading, found.id)
            keys = len(webhooks.secrets_of(reading, found.id))
            told = f"待送 {waiting}，已停送 {dead}，密钥 {keys} 个，看到 {found.after_seq}"
            click.echo(f"{found.id}  {found.url}  {found.kinds or '全部'}  {told}  {found.problem}".rstrip())


@webhook.command()
@click.argument("id")
@click.option("--finish", is_flag=True, help="sign with the newest secret alone 停用旧密钥")
@data_option
def rotate(id: str, finish: bool, data: Path) -> None:
    """Sign messages to ID with a second secret, and print it once; with --finish the older one signs no more."""
    with opened_to_write(data) as database:
        with database.reading() as reading:
            by = administrator(reading)
        if finish:
            database.write(lambda tx: configuration.finish_rotation(tx, id, by=by))
            click.echo("旧密钥已停用。")
            return
        secret = database.write(lambda tx: configuration.begin_rotation(tx, id, by=by))
    click.echo(f"新密钥（只显示这一次）：{secret}")
    click.echo("两个密钥都在签名；接收方换好后，加 --finish 停用旧的。")


@webhook.command()
@click.argument("id")
@click.option(
    "--after", type=click.IntRange(0), required=True, help="number behind which everything is sent again 从哪一号之后"
)
@data_option
def replay(id: str, after: int, data: Path) -> None:
    """Send ID every event behind a number again; what was given up too. Receivers know them by their ids."""
    with opened_to_write(data) as database:
        with database.reading() as reading:
            by = administrator(reading)
        database.write(lambda tx: configuration.replay(tx, id, after, by=by))
    click.echo(f"将从 {after} 之后重发。")


@webhook.command()
@click.argument("id")
@data_option
def end(id: str, data: Path) -> None:
    """Tell ID nothing more; its secrets are deleted."""
    with opened_to_write(data) as database:
        with database.reading() as reading:
            by = administrator(reading)
        database.write(lambda tx: configuration.end(tx, id, by=by))
    click.echo("已停用。")
