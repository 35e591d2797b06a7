"""``firegrid init``: a data folder with the county's grid, the built-in forms and a first administrator."""

from __future__ import annotations

from pathlib import Path

import click

from server.cli.folder import Command, data_option, opened
from server.domain.actors import Role
from server.store import database
from server.usecases import enrol, grid_file, prepare, sign_in


@click.command(cls=Command)
@click.option("--grid", "grid_path", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE",
              help="grid as .csv or .xlsx (default: Laiyuan County) 网格文件")  # fmt: skip
@click.option("--admin", default="admin", show_default=True, metavar="NAME", help="first administrator 管理员用户名")
@data_option
def init(grid_path: Path | None, admin: str, data: Path) -> None:
    """Make a data folder: database, grid, built-in forms, first administrator."""
    rows = list(grid_file.read(grid_path.read_bytes()).rows if grid_path else grid_file.shipped_rows())
    click.echo("正在转换内置表单 converting the built-in forms …", err=True)
    forms = list(prepare.built_in_forms())
    password = sign_in.make_password()
    hashed = sign_in.hash_password(password)
    database.create(data)
    with opened(data) as store:
        loaded = store.write(lambda tx: prepare.lay(tx, rows, forms))
        county = next(row.code for row in rows if row.code)
        store.write(
            lambda tx: enrol.add_user(
                tx, admin, role=Role.COUNTY_ADMIN, area=county, display="县级管理员", password_hash=hashed, by="init"
            )
        )
    for warning in loaded.warnings:
        click.echo(f"  注意：{warning.message}", err=True)
    counts = "，".join(f"{level} {number}" for level, number in loaded.counts.items())
    click.echo(f"数据目录 {data} 已就绪：{counts}；表单 {len(forms)} 个。")
    click.echo(f"管理员 {admin} 的密码（只显示这一次）：{password}")
