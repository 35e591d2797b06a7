"""``firegrid premises`` and ``firegrid carried``: import a list, look first, and take an import back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from server.cli.folder import Command, Group, data_option, opened, opened_to_write, with_data
from server.cli.rosters import administrator
from server.db.transactions import Reading
from server.errors import Invalid
from server.people.domain.actors import Actor, Duty, Role
from server.staffing.domain import carried_rows, premises_rows
from server.staffing.usecases import carried_import, list_imports, premises_import
from server.staffing.usecases.list_imports import DryRun, ListImport


@dataclass(frozen=True, slots=True)
class ListCommands:
    """What the commands of a kind of list say and call.

    name: of the group. list_name: of the list, in Chinese. about, template, import_, undo: help of the group and of its
    commands. taken: what becomes of a good row; one: the counter of records; touched: why a record is not taken back.
    titles: of the columns. make_template: returns an empty list. by: who imports.
    """

    name: str
    list_name: str
    about: str
    template: str
    import_: str
    undo: str
    taken: str
    one: str
    touched: str
    titles: Mapping[str, str]
    imports: ListImport[Any]
    make_template: Callable[[Reading, Actor], bytes]
    by: Callable[[Reading], Actor]


def _brigade(reading: Reading) -> Actor:
    """Return whoever has the data folder as the county's brigade, who registers cases. Raises NotFound without grid."""
    admin = administrator(reading)
    return replace(admin, duties=(Duty(Role.BRIGADE, admin.duties[0].area),))


def group_of(commands: ListCommands) -> click.Group:
    """Return the group of commands for a kind of list."""
    group = Group(name=commands.name, help=commands.about)
    for add in (_template_of, _import_of, _undo_of):
        group.add_command(add(commands))
    return group


def _template_of(commands: ListCommands) -> click.Command:
    @click.command(cls=Command, name="template", help=commands.template)
    @click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
    @data_option
    def template(file: Path, data: Path) -> None:
        with opened(data) as database, database.reading() as reading:
            content = commands.make_template(reading, commands.by(reading))
        file.write_bytes(content)
        click.echo(f"模板已写到 {file}；填好后：{with_data(f'{commands.name} import {file}', data)}")

    return template


def _import_of(commands: ListCommands) -> click.Command:
    imports = commands.imports

    @click.command(cls=Command, name="import", help=commands.import_)
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.option("--good-rows", is_flag=True, help="take the good rows; else only look 导入没问题的行")
    @data_option
    def import_(file: Path, good_rows: bool, data: Path) -> None:
        if file.stat().st_size > list_imports.FILE_BYTES_MAX:
            raise Invalid(f"{file.name} 太大，不像是{commands.list_name}；请核对文件。", field="file")
        content = file.read_bytes()
        with opened_to_write(data) as database:
            with database.reading() as reading:
                by = commands.by(reading)
            token = database.write(lambda tx: imports.keep(tx, content, file.name, by=by))
            if good_rows:
                database.write(lambda tx: imports.carry_out(tx, token, by=by))
            with database.reading() as reading:
                found = imports.get(reading, token, by=by)
        _tell(commands, found)
        if found.done is not None and found.done["made"]:
            click.echo(f"24小时内可以撤销：{with_data(f'{commands.name} undo {token}', data)}")
        if imports.shown_faults(found):
            raise click.exceptions.Exit(1)

    return import_


def _undo_of(commands: ListCommands) -> click.Command:
    @click.command(cls=Command, name="undo", help=commands.undo)
    @click.argument("token")
    @data_option
    def undo(token: str, data: Path) -> None:
        with opened_to_write(data) as database:
            with database.reading() as reading:
                by = commands.by(reading)
            found = database.write(lambda tx: commands.imports.undo(tx, token, by=by))
        counts, one = commands.imports.counts(found), commands.one
        click.echo(
            f"已撤销 {counts['undone']} {one}；{counts['new'] - counts['undone']} {one}{commands.touched}，没有动。"
        )

    return undo


def _tell(commands: ListCommands, found: DryRun[Any]) -> None:
    for note in found.notes:
        click.echo(f"注意：{note}", err=True)
    for each in commands.imports.shown_faults(found):
        value = " ".join(each.value.split())
        place = " ".join(filter(None, (f"第{each.line}行", commands.titles[each.column], value)))
        click.echo(f"{place}：{each.reason}；{each.cure}", err=True)
    counts = commands.imports.counts(found)
    told = f"{commands.taken} {counts['new']}，已有 {counts['same']}，要改 {counts['faulty']} 行。"
    click.echo(f"{'只核对，没有导入：' if found.done is None else ''}{told}")


premises = group_of(
    ListCommands(
        name="premises",
        list_name="场所名单",
        about="Import lists of premises 场所名单.",
        template="Write an empty list of premises to FILE (.xlsx), with towns and kinds to choose from.",
        import_="Look at the list of premises FILE (.xlsx or CSV); each bad row is told with its cure.\n\n"
        "The same list again registers nothing.",
        undo="Take the import TOKEN back: premises that nobody has changed since are 登记有误.",
        taken="新登记",
        one="处",
        touched="后来改动过",
        titles=premises_rows.TITLES,
        imports=premises_import.IMPORT,
        make_template=premises_import.template,
        by=administrator,
    )
)

carried = group_of(
    ListCommands(
        name="carried",
        list_name="上年结转名单",
        about="Take over last year's open hazards 上年结转.",
        template="Write an empty list to FILE (.xlsx), with towns to choose from and the hazards named.",
        import_="Look at the list of last year's open hazards FILE (.xlsx, CSV); bad rows are told with their cure.\n\n"
        "The same list again takes nothing over.",
        undo="Take the import TOKEN back: what nobody has touched since is void.",
        taken="接收",
        one="件",
        touched="后来办理过",
        titles=carried_rows.TITLES,
        imports=carried_import.IMPORT,
        make_template=carried_import.template,
        by=_brigade,
    )
)
