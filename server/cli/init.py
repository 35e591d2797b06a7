"""``firegrid init``: a data folder with the county's grid, the built-in forms and a first administrator."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import click

import kobo_forms
from server.admin.usecases import setup
from server.cli.databases.county_code import require_that_of
from server.cli.folder import Command, data_option, engine_of, making_folder, opened
from server.db import database
from server.db.transactions import Transaction
from server.errors import Conflict, GridRefused
from server.forms.usecases.publish import Prepared
from server.grid.store import areas
from server.grid.usecases import files
from server.grid.usecases.files import Sheet
from server.grid.usecases.loading import Loaded
from server.people.domain.actors import Role
from server.people.domain.people import checked_name
from server.people.usecases import passwords, sign_in
from server.settings import county_database
from server.staffing.usecases import enrolment


@click.command(cls=Command)
@click.option(
    "--grid",
    "grid_path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="grid as .csv or .xlsx (default: Laiyuan County) 网格文件",
)
@click.option("--admin", default="admin", show_default=True, metavar="NAME", help="first administrator 管理员用户名")
@data_option
@click.pass_context
def init(ctx: click.Context, grid_path: Path | None, admin: str, data: Path) -> None:
    """Make a data folder: database, grid, built-in forms, first administrator."""
    checked_name(admin)
    if data.exists() and any(data.iterdir()):
        raise Conflict(f"目录 {data} 里已有内容；请用 --data 换一个空目录。", folder=str(data))
    sheet = files.read(grid_path.read_bytes()) if grid_path else Sheet(tuple(files.shipped_rows()), ())
    codes = (row.text("code").strip() for row in sheet.rows)
    require_that_of(county_database(), codes, "用 --grid 给出这个县的网格文件")
    for note in sheet.notes:
        click.echo(f"  注意：{note}", err=True)
    password = passwords.make_password()
    try:
        loaded, forms = _make(data, sheet, admin, sign_in.hash_password(password))
    except GridRefused as refused:
        from server.cli.grid import faults

        click.echo(f"firegrid: {refused.message}", err=True)
        for line in faults(refused):
            click.echo(line, err=True)
        ctx.exit(1)
    for warning in loaded.warnings:
        click.echo(f"  注意：{warning.message}", err=True)
    counts = "，".join(f"{level} {number}" for level, number in loaded.counts.items())
    engine = engine_of(data)
    where = engine.place() if engine.is_in_folder else f"{engine.place()}（照片在数据目录 {data}）"
    click.echo(f"{where} 已就绪：{counts}；表单 {forms} 个。")
    click.echo(f"管理员 {admin} 的密码（只显示这一次）：{password}")
    click.echo("首次登录时要换成自己的密码。", err=True)


def _make(data: Path, sheet: Sheet, admin: str, password_hash: str) -> tuple[Loaded, int]:
    """Make the county, whole or not at all: a folder under another name first, a schema anew."""
    engine = engine_of(data)
    making = making_folder(data) if engine.is_in_folder else data
    if engine.is_in_folder:
        shutil.rmtree(making, ignore_errors=True)
        engine = engine_of(making)
    fill = partial(_fill, sheet=sheet, admin=admin, password_hash=password_hash)
    was_there = data.exists()
    try:
        database.create(making, engine=engine)
        try:
            with opened(making) as store:
                loaded: Loaded = store.write(fill)
        except BaseException:
            engine.drop()
            raise
        if engine.is_in_folder:
            if data.exists():
                data.rmdir()
            making.replace(data)
    except BaseException:
        if not engine.is_in_folder and not was_there:
            with suppress(OSError):  # it was not made, or whatever else came into it stays
                data.rmdir()
        raise
    finally:
        if engine.is_in_folder:
            shutil.rmtree(making, ignore_errors=True)
    return loaded, len(kobo_forms.names())


def _fill(tx: Transaction, *, sheet: Sheet, admin: str, password_hash: str) -> Loaded:
    # The forms are converted as they are published, after the grid was checked; nobody waits for this county.
    loaded = setup.install(tx, sheet.rows, _announced(setup.built_in_forms()))
    county = next(code for code, area in areas.whole_grid(tx).items() if area.parent is None)
    enrolment.add_user(
        tx,
        admin,
        role=Role.COUNTY_ADMIN,
        area=county,
        display="县级管理员",
        password_hash=password_hash,
        by=setup.BY,
    )
    return loaded


def _announced(forms: Iterator[Prepared]) -> Iterator[Prepared]:
    click.echo("正在转换内置表单 converting the built-in forms …", err=True)
    yield from forms
