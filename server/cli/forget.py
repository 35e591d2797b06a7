"""``firegrid forget`` and ``firegrid retention``: what of people goes at their request, and what goes with time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from server.admin.store import backup_facts
from server.admin.usecases import expiry, file_forgetting, forgetting, person_traces, unneeded_files
from server.admin.usecases.expiry import Due
from server.admin.usecases.forgetting import KEPT_OF_ACCOUNT, KEPT_OF_VALUES, Files, Forgotten
from server.admin.usecases.person_traces import Places
from server.audit.domain.entries import COMMAND
from server.backups.usecases import forgotten, orders
from server.cli.folder import Command, data_option, opened, opened_to_write
from server.db.database import Database
from server.db.transactions import Reading
from server.people.store import accounts
from server.submissions.store.blobs import BlobStore

TABLES = {
    "person": "账号",
    "record": "台账记录",
    "revision": "历史版本",
    "change": "变更原文",
    "problem": "待处理问题",
    "submission": "提交原文",
    "kept_body": "没有收下的提交",
    "file": "照片和附件",
    "text_in_file": "照片和附件里面写着的",
    "body": "责任主体联系方式",
    "upload": "照片上传的文件名",
    "audit_begun": "正在进行的导出",
    "roster_import": "核对中的人员名册",
    "audit": "审计记录",
}

_APPLY = click.option("--apply", "applies", is_flag=True, help="do it; without this it is only told 真的删除")


@click.command(cls=Command)
@click.argument("person")
@click.option("--value", "more", multiple=True, help="another name or number of the same person 同一人的其他姓名、号码")
@click.option("--except", "spared", multiple=True, help="id of what tells of a namesake, as listed 同名的另一人，不动")
@click.option("--photos", is_flag=True, help="the photos of their submissions and changes too 连同照片")
@_APPLY
@data_option
def forget(
    person: str, more: tuple[str, ...], spared: tuple[str, ...], photos: bool, applies: bool, data: Path
) -> None:
    """Forget PERSON: a closed account, or a name or number in records and answers 删除个人信息.

    Without --apply it only says what would go. Who did what, and every figure, stays as it was.
    """
    with opened(data) as database, database.reading() as reading:
        is_account = accounts.find(reading, person) is not None
        values = [*more] if is_account else [person, *more]
        is_looked_for = bool(values) and not applies
        found = person_traces.find(reading, values, spared) if is_looked_for else Places()
        inside = len(_inside(reading, data, values, spared)) if is_looked_for else 0
    if not applies:
        if is_account:
            click.echo(f"将删除账号 {person} 的显示名、密码、设备名和登录地址。")
        if values:
            _told(found, inside)
        _kept((*(KEPT_OF_ACCOUNT if is_account else ()), *(_of_values(photos) if values else ()), *_media(found.media)))
        click.echo("还没有删除。确认后加上 --apply 再执行一次；删除后不能恢复。")
        return
    with opened_to_write(data) as database:
        blobs = BlobStore(data / "blobs")
        if is_account:
            _done(database.write(lambda tx: forgetting.forget_account(tx, person, by=COMMAND)))
            _kept(KEPT_OF_ACCOUNT)
        if values:
            with database.reading() as reading:
                person_traces.require_long(values)
                inside_of = _inside(reading, data, values, spared)
            cleaned = file_forgetting.cleaned(blobs, inside_of, person_traces.wanted_of(values))
            files = Files(unneeded_files.placeholder(blobs), photos, cleaned)
            done = forgetting.forget_values(database, values, by=COMMAND, files=files, spared=spared)
            _done(done)
            _kept((*_of_values(photos), *_media(done.media)))
        _tell_backups(database)
        _wipe(database, blobs)


@click.command(cls=Command)
@_APPLY
@data_option
def retention(applies: bool, data: Path) -> None:
    """Take out what is past its time, by a dated table 按保存期限清理. Without --apply it is only told."""
    if not applies:
        with opened(data) as database, database.reading() as reading:
            found = expiry.expired(reading)
        for each in found:
            click.echo(f"{each.label}：满 {each.days} 天，到期 {each.rows} 项（{each.source}）")
        click.echo("还没有清理。确认后加上 --apply 再执行一次。")
        return
    with opened_to_write(data) as database:
        blobs, counts, labels = BlobStore(data / "blobs"), Counter[str](), dict[str, str]()
        files = Files(unneeded_files.placeholder(blobs))
        while done := _remove(database, files):
            counts.update({each.kind: each.rows for each in done})
            labels |= {each.kind: f"{each.label}：满 {each.days} 天（{each.source}）" for each in done}
        for kind, count in counts.items():
            click.echo(f"{labels[kind]}，已清理 {count} 项")
        if counts:
            _wipe(database, blobs)
        else:
            click.echo("没有到期的个人信息。")


def _tell_backups(database: Database) -> None:
    """Let the folder of the last backup know at once, so that no older set brings it back unnoticed."""
    with database.reading() as reading:
        folder = Path(backup_facts.last_backup(reading).folder or "-")
        if folder.is_dir():
            with orders.in_words(folder):
                forgotten.keep(reading, folder)


def _remove(database: Database, files: Files) -> list[Due]:
    with database.reading() as reading:
        prepared = expiry.prepare(reading)
    return database.write(lambda tx: expiry.remove(tx, by=COMMAND, files=files, prepared=prepared))


def _inside(reading: Reading, data: Path, values: Sequence[str], spared: Sequence[str]) -> Mapping[str, str]:
    """Return the contents of files that tell of a person."""
    return file_forgetting.telling(reading, BlobStore(data / "blobs"), person_traces.wanted_of(values), spared)


def _told(found: Places, inside: int) -> None:
    listed = (
        ("条记录和它们的历史、问题", found.records),
        ("份提交", found.submissions),
        ("份没有收下的提交", found.bodies),
        ("处变更原文、问题和联系方式", tuple(key for _, key in found.apart)),
    )
    click.echo("将遮盖：" + ("" if inside or any(ids for _, ids in listed) else "没有找到"))
    if inside:
        click.echo(f"{inside} 个照片或附件里面写着的（Exif、audit.csv 等）")
    for what, ids in listed:
        if ids:
            click.echo(f"{len(ids)} {what}：{'、'.join(ids)}")


def _of_values(photos: bool) -> tuple[str, ...]:
    return tuple(each for each in KEPT_OF_VALUES if not photos or "--photos" not in each)


def _media(media: Sequence[tuple[str, str]]) -> list[str]:
    return [
        f"表单“{form}”的附带文件 {name} 里有这个姓名或号码：程序不改发布者的文件，请换一份重新发布"
        for form, name in media
    ]


def _done(done: Forgotten) -> None:
    counts = "、".join(f"{TABLES[table]} {count}" for table, count in done.counts.items() if count)
    click.echo(f"已删除：{counts or '没有找到'}")
    for id in done.records:
        click.echo(f"  {id}")


def _kept(kept: Sequence[str]) -> None:
    for each in kept:
        click.echo(f"保留：{each}")


def _wipe(database: Database, blobs: BlobStore) -> None:
    """Let nothing of what was taken out be left on the disk, in files and in the free space of the database."""
    if unneeded_files.delete(database, blobs) is None:
        click.echo("服务正在运行：换下的照片文件在服务下次启动时删除。")
    engine = database.engine
    database.close()
    if not engine.compact():
        click.echo("日志文件里可能还有旧内容，几分钟后会被覆盖；也可以停下服务再执行一次。")
