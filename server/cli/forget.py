"""``firegrid forget`` and ``firegrid retention``: what of people goes at their request, and what goes with time."""

from __future__ import annotations

from pathlib import Path

import click

from server.admin.usecases import forgetting
from server.admin.usecases.forgetting import KEPT_OF_ACCOUNT, KEPT_OF_VALUES, Forgotten
from server.audit.domain.entries import COMMAND
from server.cli.folder import Command, data_option, opened, opened_to_write
from server.people.store import accounts

TABLES = {
    "person": "账号",
    "record": "台账记录",
    "revision": "历史版本",
    "change": "变更原文",
    "problem": "待处理问题",
    "submission": "提交原文",
    "audit": "审计记录",
}

_APPLY = click.option("--apply", "applies", is_flag=True, help="do it; without this it is only told 真的删除")


@click.command(cls=Command)
@click.argument("person")
@click.option("--value", "more", multiple=True, help="another name or number of the same person 同一人的其他姓名、号码")
@_APPLY
@data_option
def forget(person: str, more: tuple[str, ...], applies: bool, data: Path) -> None:
    """Forget PERSON: a closed account, or a name or number in the personal fields of records 删除个人信息.

    Without --apply it only says what would go. Who did what, and every figure, stays as it was.
    """
    with opened(data) as database, database.reading() as reading:
        is_account = accounts.find(reading, person) is not None
        values = [*more] if is_account else [person, *more]
        found = forgetting.find(reading, values) if values else []
    if not applies:
        if is_account:
            click.echo(f"将删除账号 {person} 的显示名、密码、设备名和登录地址。")
        if values:
            click.echo(f"将在 {len(found)} 条记录和它们的历史、问题、提交里遮盖：{'、'.join(found) or '没有找到'}")
        _kept((*(KEPT_OF_ACCOUNT if is_account else ()), *(KEPT_OF_VALUES if values else ())))
        click.echo("还没有删除。确认后加上 --apply 再执行一次；删除后不能恢复。")
        return
    with opened_to_write(data) as database:
        if is_account:
            _done(database.write(lambda tx: forgetting.forget_account(tx, person, by=COMMAND)))
        if values:
            _done(database.write(lambda tx: forgetting.forget_values(tx, values, by=COMMAND)))


@click.command(cls=Command)
@_APPLY
@data_option
def retention(applies: bool, data: Path) -> None:
    """Take out what is past its time, by a dated table 按保存期限清理. Without --apply it is only told."""
    if applies:
        with opened_to_write(data) as database:
            found = database.write(lambda tx: forgetting.remove_expired(tx, by=COMMAND))
    else:
        with opened(data) as database, database.reading() as reading:
            found = forgetting.expired(reading)
    for each in found:
        click.echo(
            f"{each.label}：满 {each.days} 天，{'已清理' if applies else '到期'} {each.rows} 项（{each.source}）"
        )
    if not found:
        click.echo("没有到期的个人信息。")
    if not applies:
        click.echo("还没有清理。确认后加上 --apply 再执行一次。")


def _done(done: Forgotten) -> None:
    counts = "、".join(f"{TABLES[table]} {count}" for table, count in done.counts.items() if count)
    click.echo(f"已删除：{counts or '没有找到'}")
    for id in done.records:
        click.echo(f"  {id}")
    _kept(done.kept)


def _kept(kept: tuple[str, ...]) -> None:
    for each in kept:
        click.echo(f"保留：{each}")
