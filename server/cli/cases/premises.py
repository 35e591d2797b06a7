"""``firegrid premises``: import a list of premises, look first, and take an import back."""

from __future__ import annotations

from pathlib import Path

import click

from server.cli.folder import Command, Group, data_option, opened, opened_to_write, with_data
from server.cli.rosters import administrator
from server.errors import Invalid
from server.staffing.domain.premises_rows import TITLES, Step
from server.staffing.usecases import list_imports, premises_import
from server.staffing.usecases.list_imports import DryRun


@click.group(cls=Group, name="premises")
def premises() -> None:
    """Import lists of premises 场所名单."""


@premises.command(cls=Command)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@data_option
def template(file: Path, data: Path) -> None:
    """Write an empty list of premises to FILE (.xlsx), with towns and kinds to choose from."""
    with opened(data) as database, database.reading() as reading:
        content = premises_import.template(reading, administrator(reading))
    file.write_bytes(content)
    click.echo(f"模板已写到 {file}；填好后：{with_data(f'premises import {file}', data)}")


@premises.command(name="import", cls=Command)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--good-rows", is_flag=True, help="register the good rows; else only look 导入没问题的行")
@data_option
def import_(file: Path, good_rows: bool, data: Path) -> None:
    """Look at the list of premises FILE (.xlsx or CSV); each bad row is told with its cure.

    The same list again registers nothing.
    """
    if file.stat().st_size > list_imports.FILE_BYTES_MAX:
        raise Invalid(f"{file.name} 太大，不像是场所名单；请核对文件。", field="file")
    content = file.read_bytes()
    with opened_to_write(data) as database:
        with database.reading() as reading:
            by = administrator(reading)
        token = database.write(lambda tx: premises_import.IMPORT.keep(tx, content, file.name, by=by))
        if good_rows:
            database.write(lambda tx: premises_import.IMPORT.carry_out(tx, token, by=by))
        with database.reading() as reading:
            found = premises_import.IMPORT.get(reading, token, by=by)
    _tell(found)
    if found.done is not None and found.done["made"]:
        click.echo(f"24小时内可以撤销：{with_data(f'premises undo {token}', data)}")
    if premises_import.IMPORT.shown_faults(found):
        raise click.exceptions.Exit(1)


@premises.command(cls=Command)
@click.argument("token")
@data_option
def undo(token: str, data: Path) -> None:
    """Take the import TOKEN back: premises that nobody has changed since are 登记有误."""
    with opened_to_write(data) as database:
        with database.reading() as reading:
            by = administrator(reading)
        found = database.write(lambda tx: premises_import.IMPORT.undo(tx, token, by=by))
    counts = premises_import.IMPORT.counts(found)
    click.echo(f"已撤销 {counts['undone']} 处；{counts['new'] - counts['undone']} 处后来改动过，没有动。")


def _tell(found: DryRun[Step]) -> None:
    for note in found.notes:
        click.echo(f"注意：{note}", err=True)
    for each in premises_import.IMPORT.shown_faults(found):
        place = " ".join(filter(None, (f"第{each.line}行", TITLES[each.column], " ".join(each.value.split()))))
        click.echo(f"{place}：{each.reason}；{each.cure}", err=True)
    counts = premises_import.IMPORT.counts(found)
    told = f"新登记 {counts['new']}，已有 {counts['same']}，要改 {counts['faulty']} 行。"
    click.echo(f"{'只核对，没有导入：' if found.done is None else ''}{told}")
