"""``firegrid carried``: take last year's open hazards over from a list, look first, and take an import back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from server.cli.folder import Command, Group, data_option, opened, opened_to_write, with_data
from server.cli.rosters import administrator
from server.db.transactions import Reading
from server.errors import Invalid
from server.people.domain.actors import Actor, Duty, Role
from server.staffing.domain.carried_rows import TITLES, Step
from server.staffing.usecases import carried_import, list_imports
from server.staffing.usecases.list_imports import DryRun


@click.group(cls=Group, name="carried")
def carried() -> None:
    """Take over last year's open hazards 上年结转."""


@carried.command(cls=Command)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@data_option
def template(file: Path, data: Path) -> None:
    """Write an empty list to FILE (.xlsx), with towns to choose from and the hazards named."""
    with opened(data) as database, database.reading() as reading:
        content = carried_import.template(reading, _brigade(reading))
    file.write_bytes(content)
    click.echo(f"模板已写到 {file}；填好后：{with_data(f'carried import {file}', data)}")


@carried.command(name="import", cls=Command)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--good-rows", is_flag=True, help="take the good rows over; else only look 导入没问题的行")
@data_option
def import_(file: Path, good_rows: bool, data: Path) -> None:
    """Look at the list of last year's open hazards FILE (.xlsx or CSV); each bad row is told with its cure.

    The same list again takes nothing over.
    """
    if file.stat().st_size > list_imports.FILE_BYTES_MAX:
        raise Invalid(f"{file.name} 太大，不像是上年结转名单；请核对文件。", field="file")
    content = file.read_bytes()
    with opened_to_write(data) as database:
        with database.reading() as reading:
            by = _brigade(reading)
        token = database.write(lambda tx: carried_import.IMPORT.keep(tx, content, file.name, by=by))
        if good_rows:
            database.write(lambda tx: carried_import.IMPORT.carry_out(tx, token, by=by))
        with database.reading() as reading:
            found = carried_import.IMPORT.get(reading, token, by=by)
    _tell(found)
    if found.done is not None and found.done["made"]:
        click.echo(f"24小时内可以撤销：{with_data(f'carried undo {token}', data)}")
    if carried_import.IMPORT.shown_faults(found):
        raise click.exceptions.Exit(1)


@carried.command(cls=Command)
@click.argument("token")
@data_option
def undo(token: str, data: Path) -> None:
    """Take the import TOKEN back: what nobody has touched since is void."""
    with opened_to_write(data) as database:
        with database.reading() as reading:
            by = _brigade(reading)
        found = database.write(lambda tx: carried_import.IMPORT.undo(tx, token, by=by))
    counts = carried_import.IMPORT.counts(found)
    click.echo(f"已撤销 {counts['undone']} 件；{counts['new'] - counts['undone']} 件后来办理过，没有动。")


def _brigade(reading: Reading) -> Actor:
    """Return whoever has the data folder as the county's brigade, who registers cases. Raises NotFound without grid."""
    return replace(administrator(reading), duties=(Duty(Role.BRIGADE, administrator(reading).duties[0].area),))


def _tell(found: DryRun[Step]) -> None:
    for note in found.notes:
        click.echo(f"注意：{note}", err=True)
    for each in carried_import.IMPORT.shown_faults(found):
        place = " ".join(filter(None, (f"第{each.line}行", TITLES[each.column], " ".join(each.value.split()))))
        click.echo(f"{place}：{each.reason}；{each.cure}", err=True)
    counts = carried_import.IMPORT.counts(found)
    told = f"接收 {counts['new']}，已有 {counts['same']}，要改 {counts['faulty']} 行。"
    click.echo(f"{'只核对，没有导入：' if found.done is None else ''}{told}")
