"""Commands that read and write files: import of answers, export and import of unsent changes."""

from __future__ import annotations

from pathlib import Path

import click

from sync.cli.opening import Command, opened, opened_or_new, store_option
from sync.client import export_files, import_rows, outbox, photos, records, replica, row_files
from sync.client.device import Device
from sync.client.failures import Refused
from sync.client.import_rows import Answer, Fault, ImportOptions
from sync.client.records import Form

FAULTS_SHOWN = 100


@click.command("answers", cls=Command)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--type", help="ledger of rows without a type column 台账")
@click.option("--area", help="grid area of new records without an area column 网格代码")
@click.option("--action", help="how new records begin: create, or report and spot_close for cases 新建动作")
@click.option("--form", help="id of the form that was answered 表单")
@click.option("--form-version", help="its version 表单版本")
@click.option("--dry-run", is_flag=True, help="check only 只检查，不保存")
@store_option
def answers_(
    file: Path,
    type: str | None,
    area: str | None,
    action: str | None,
    form: str | None,
    form_version: str | None,
    dry_run: bool,
    store: Path,
) -> None:
    """Take answers from a CSV, XLSX or JSON FILE: one row a record, columns are fields. 从表格录入。"""
    rows = row_files.read(file)
    with opened_or_new(store) as device, device.writing():
        options = ImportOptions(type, action, area, replica.areas(device), _known(device), replica.record_types(device))
        answers, faults = import_rows.check(rows, options)
        if faults:
            raise Refused(_fault_list(faults))
        counts = {"new": 0, "edited": 0, "same": 0}
        for each in answers:
            counts[_save(device, each, Form(form, form_version))] += 1
        if dry_run:
            raise _Checked(_counted(counts))
    click.echo(f"已存本机：{_counted(counts)} · kept here, to be sent")


@click.command(cls=Command)
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--record", help="record that the photos belong to, its id or how it begins 记录")
@click.option("--change", help="id of a change that was not sent yet 还没发送的变更")
@click.option("--note", default="补充照片", show_default=True, help="what is said with photos of a case 说明")
@store_option
def attach(files: tuple[Path, ...], record: str | None, change: str | None, note: str, store: Path) -> None:
    """Attach photos to what was last done to a record here, if that is unsent, else to the record. 附照片。

    They are copied beside the store, and go with push or sync, after the records.
    """
    if (record is None) == (change is None):
        raise click.UsageError("请用 --record 或 --change 写明附到哪里 · say where by --record or --change")
    with opened(store) as device:
        kept = [photos.keep(device, file) for file in files]
        with device.writing():
            count = photos.attach(device, change or _change_of(device, record or "", note), kept)
    click.echo(f"已存本机 {count} 张照片，等待发送 · {count} photos kept here, to be sent", err=True)


def _change_of(device: Device, record: str, note: str) -> str:
    """Return the change to a record that photos are attached to, a new one where the last one was sent."""
    seen = records.get(device, record)
    return photos.newest_unsent(device, seen.id) or records.add_photos(device, seen, note)


class _Checked(click.ClickException):
    """Ends a dry run: rolls back what was written, and is no failure."""

    exit_code = 0

    def show(self, file: object = None) -> None:
        click.echo(f"检查通过，没有保存：{self.message} · checked, nothing kept")


@click.command("export-unsent", cls=Command)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@store_option
def export_unsent(file: Path, store: Path) -> None:
    """Write every unsent change to FILE as JSON; they stay here too. 导出未发送的工作。"""
    with opened(store) as device:
        number = export_files.export_unsent(device, file)
    click.echo(f"已导出 {number} 条未发送的工作 · {number} unsent changes exported")


@click.command("import-unsent", cls=Command)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@store_option
def import_unsent(file: Path, store: Path) -> None:
    """Take unsent changes of another device from FILE, to be sent from here. 导入别处未发送的工作。"""
    with opened_or_new(store) as device, device.writing():
        number = export_files.import_unsent(device, file)
    click.echo(f"已导入 {number} 条，等待发送 · {number} changes taken in, to be sent")


def _save(device: Device, answer: Answer, form: Form) -> str:
    """Save one answer; return what that was: ``new``, ``edited`` or ``same``."""
    form = Form(answer.form or form.id, answer.form_version or form.version)
    seen = records.find(device, answer.record)
    if seen is not None:
        has_changed = answer.is_known and records.edit(device, seen, answer.values, form=form)
        return "edited" if has_changed else "same"
    if outbox.of_record(device, answer.record):
        return "same"  # begun from here once, at the server by now, and no longer this device's to see
    records.create(
        device, answer.type, answer.values, action=answer.action, area=answer.area, record=answer.record, form=form
    )
    return "new"


def _known(device: Device) -> dict[str, str]:
    found = device.rows("SELECT id, type FROM row UNION SELECT record, type FROM change WHERE state = 'unsent'")
    return {each["id"]: each["type"] for each in found}


def _fault_list(faults: list[Fault]) -> str:
    lines = [
        f"第{each.number}行" + (f"“{each.column}”" if each.column else "") + f"：{each.message}"
        for each in faults[:FAULTS_SHOWN]
    ]
    rest = len(faults) - FAULTS_SHOWN
    lines += [f"……另有 {rest} 处"] if rest > 0 else []
    return f"{len(faults)} 处要改，什么也没有保存 · nothing was kept\n" + "\n".join(lines)


def _counted(counts: dict[str, int]) -> str:
    return f"新建 {counts['new']}，修改 {counts['edited']}，没有变化 {counts['same']}"
