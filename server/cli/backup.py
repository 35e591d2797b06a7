"""``firegrid backup`` and ``firegrid restore``: a set of everything, and everything from a set."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click
from pyrage.x25519 import Identity as SecretKey

from server import background, instants, settings
from server.admin.store.lost_photos import LostPhoto
from server.audit.domain.entries import COMMAND
from server.backups.store import copying
from server.backups.store.copying import Pace
from server.backups.usecases import forgotten, making, orders, restoring
from server.backups.usecases.forgotten import Forgotten
from server.backups.usecases.making import Made
from server.backups.usecases.orders import Order
from server.backups.usecases.restoring import Source
from server.cli import check
from server.cli.folder import Command, data_option, opened, opened_to_write, require_in_folder, with_data
from server.db import identity
from server.db.locks import is_served_elsewhere
from server.errors import Conflict, Invalid
from server.instants import BEIJING

DUMPED = "备份请用 pg_dump 或数据库的持续归档，照片请另行复制数据目录里的 blobs 。"
"""What backs up a county that a database keeps."""

RESTORED_ELSEWHERE = "请在没有设置 FIREGRID_DATABASE 的环境里恢复成数据目录，再用 firegrid copy 搬进数据库。"

FOLDER = click.Path(path_type=Path, file_okay=False)
IDENTITY = click.option(
    "--identity",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="secret key of age, for an encrypted backup 加密备份的私钥文件",
)


@click.command(cls=Command)
@click.argument("folder", type=FOLDER, metavar="DIR")
@click.option("--verify", is_flag=True, help="then restore it into a temporary folder and check that 做恢复演练")
@click.option(
    "--prune", is_flag=True, help="then delete sets that are not kept: 7 daily, 4 weekly, 12 monthly 清理旧备份"
)
@click.option("--recipient", "keys", multiple=True, metavar="age1…", help="encrypt for this public key of age 加密")
@IDENTITY
@data_option
@click.pass_context
def backup(
    ctx: click.Context,
    folder: Path,
    verify: bool,
    prune: bool,
    keys: tuple[str, ...],
    identity: Path | None,
    data: Path,
) -> None:
    """Back the data folder up into DIR, beside a running server 备份.

    DIR lies on another disk. Each time it gets one set more; photos are copied once for all sets.
    """
    if verify and keys and identity is None:
        raise click.UsageError("--verify 加密的备份要 --identity 给出私钥 · needs --identity for an encrypted backup")
    require_in_folder(data, DUMPED)
    opened_by = () if identity is None else copying.identities_in(identity)
    stated = settings.from_environment(data)
    is_beside = is_served_elsewhere(data)
    pace = Pace(copying.BESIDE_A_SERVER if is_beside else None)
    with opened_to_write(data) as database:
        order = Order(folder, COMMAND, copying.recipients_of(keys), pace, stated.disk_free_bytes_min)
        make = partial(making.make, database, order)
        made = background.giving_way(make, pace.stop) if is_beside else make()
        _told(made)
        gone = making.prune(database, folder) if prune else ()
    if gone:
        click.echo(f"已清理不再保留的备份 {len(gone)} 份：{'、'.join(gone)}")
    if verify and not _drill(made.set.path, opened_by):
        ctx.exit(1)


@click.command(cls=Command)
@click.argument("path", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="SET")
@click.option("--to", "folder", type=FOLDER, required=True, help="new data folder, absent or empty 新的数据目录")
@click.option(
    "--without-damaged-photos",
    "spared",
    is_flag=True,
    help="restore all but photos that are broken, and list these 照片损坏的除外，并列出",
)
@IDENTITY
def restore(path: Path, folder: Path, spared: bool, identity: Path | None) -> None:
    """Put a backup back as a new data folder 恢复.

    SET is one set, or a folder of backups, whose newest is taken. All of it is verified first. A new epoch begins:
    laptops offer again what they had sent since. A photo that is left out shows as under way until it is
    sent again.
    """
    require_in_folder(folder, RESTORED_ELSEWHERE)
    source = restoring.find(path, () if identity is None else copying.identities_in(identity))
    _require_empty(folder)
    _require_outside(folder, source.set.path.parent)
    to_forget = forgotten.since(source.set.path.parent, source.set.manifest.made_at)
    click.echo(f"正在核对 {source.set.path} …", err=True)
    verified = restoring.verify(source, without_damaged_photos=spared)
    without = (*verified.damaged, *source.set.manifest.missing) if spared else ()
    lost = _put_back(source, folder, without)
    made_at = instants.parse(source.set.manifest.made_at).astimezone(BEIJING)
    click.echo(
        f"已恢复到 {folder}：截至 {made_at:%Y-%m-%d %H:%M:%S}（北京时间），"
        f"照片 {verified.photos} 个。新的同步纪元已开始。"
    )
    if without:
        _tell_lost(without, lost)
    elif source.set.manifest.missing:
        click.echo(f"  注意：备份时已丢失的照片 {len(source.set.manifest.missing)} 个不在里面。", err=True)
    _tell_forgotten(to_forget)
    click.echo(f"接着核对：{with_data('check', folder)}", err=True)


def _tell_forgotten(found: Sequence[Forgotten]) -> None:
    """Say what the set has brought back that was forgotten after it."""
    names = [each.account for each in found if each.account]
    records = [id for each in found for id in each.records]
    if names:
        click.echo(f"这份备份之后删除过个人信息的账号，已再次删除：{'、'.join(names)}", err=True)
    if records:
        click.echo(
            f"这份备份之后删除过 {len(records)} 条记录里的姓名或号码，现在又有了；"
            "请照当时的申请再运行一次 firegrid forget … --apply：",
            err=True,
        )
        for id in records:
            click.echo(f"  {id}", err=True)


def _tell_lost(without: Sequence[str], lost: Sequence[LostPhoto]) -> None:
    """Name each photo that was left out, with everything that shows it as under way from now on."""
    click.echo(f"缺少的照片 {len(without)} 个，已标为待补传；手机或笔记本里还有的，可以再交一次：", err=True)
    for sha256 in without:
        click.echo(f"  {sha256}", err=True)
        for each in lost:
            if each.sha256 == sha256:
                click.echo(f"    {_PLACES[each.place]} {each.object} {each.name}".rstrip(), err=True)


_PLACES = {"submission": "上报", "change": "记录", "rejected": "未收下的上报"}
"""What names a photo, as it is called here."""


def _told(made: Made) -> None:
    manifest = made.set.manifest
    click.echo(
        f"备份完成：{made.set.path}，共 {manifest.size() / 1e6:.1f} MB；"
        f"照片 {manifest.photos} 个，这次新拷贝 {made.photos} 个、{made.photo_bytes / 1e6:.1f} MB。"
    )
    if made.missing:
        cure = "请运行 firegrid check，从较早的备份里取回"
        click.echo(f"  注意：数据目录里丢失或损坏的照片 {len(made.missing)} 个没有备份到；{cure}。", err=True)


def _drill(path: Path, keys: Sequence[SecretKey]) -> bool:
    """Restore a set into a temporary folder, check that, and return whether all is well there."""
    source = restoring.find(path, keys)
    restoring.verify(source)
    with tempfile.TemporaryDirectory(prefix="firegrid-drill-") as temporary:
        try:
            _put_back(source, Path(temporary) / "data")
        except Invalid as error:
            raise Invalid(f"{error.message}演练用的临时目录可以用 TMPDIR 换到别的磁盘。") from error
        found, files = check.report(Path(temporary) / "data")
    if found == 0:
        click.echo(f"恢复演练通过：恢复出的数据一切正常，附件 {files} 个。")
    else:
        click.echo(f"恢复演练没有通过：{path} 有 {found} 处问题；请先按提示修好原来的数据，再备份一次。", err=True)
    return found == 0


def _put_back(source: Source, folder: Path, without: Sequence[str] = ()) -> list[LostPhoto]:
    """Make the folder under another name first, so that nothing half restored ever stands under its own.

    without: hashes of photos that are left out; what names them is returned.
    """
    whole = folder.resolve()
    unfinished = whole.with_name(f"{whole.name}.restoring")
    shutil.rmtree(unfinished, ignore_errors=True)
    with orders.in_words(whole.parent):
        unfinished.mkdir(mode=0o700, parents=True)
    try:
        restoring.put_back(source, unfinished, frozenset(without))
        with opened(unfinished) as store:
            here = identity.here(unfinished, settings.machine())
            lost = store.write(lambda tx: restoring.settle(tx, here, source, without))
        for each in unfinished.glob("*.before-*"):
            each.unlink()  # what an upgrade set aside: the set itself is still there
        if whole.exists():
            whole.rmdir()
        unfinished.replace(whole)
        copying.sync_folder(whole.parent)
        return lost
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _require_empty(folder: Path) -> None:
    if folder.resolve() == Path.cwd():
        raise Invalid("当前目录本身不能作数据目录；请用 --to 写一个子目录。", folder=str(folder))
    if folder.exists() and any(folder.iterdir()):
        raise Conflict(f"{folder} 里已有内容，原样没动；请用 --to 写一个不存在或空的目录。", folder=str(folder))


def _require_outside(folder: Path, backups: Path) -> None:
    if folder.resolve().is_relative_to(backups.resolve()):
        raise Invalid(f"{folder} 在备份目录里面，会和备份一起丢失；请用 --to 写别处的目录。", folder=str(folder))
