"""``firegrid copy``: a county from its data folder into PostgreSQL, or back."""

from __future__ import annotations

from pathlib import Path

import click

from server.admin.store import invariants
from server.cli.databases.county_code import require_that_of
from server.cli.folder import Command
from server.db import copying, database, engines
from server.db.engine import Engine
from server.errors import Conflict, Invalid
from server.grid.store import areas
from server.settings import CountyDatabase, county_database


@click.command(cls=Command)
@click.option("--from", "source", required=True, metavar="DIR|URL", help="data folder or postgresql://… 从哪里")
@click.option("--to", "target", required=True, metavar="DIR|URL", help="the other one, made for it 到哪里")
@click.option("--county", envvar="FIREGRID_COUNTY", default="", metavar="CODE", help="six digits 县代码")
def copy(source: str, target: str, county: str) -> None:
    """Copy a county, compare every row, and check the copy; neither may be served meanwhile.

    Epoch, numbers, phone keys and sign-ins stay as they are. Photos are not copied: the copy goes on with the same
    folder of photos.
    """
    taken, made = _engine(source, county), _engine(target, county)
    with taken.alone():
        if not made.is_in_folder:
            _require_county(taken, Path(source), _stated(target, county))
        copied = copying.copy(taken, made)
    rows = sum(each.rows for each in copied)
    click.echo(f"已复制 {len(copied)} 个表、{rows} 行，逐行核对一致。", err=True)
    broken = _first_broken(made, Path(target if made.is_in_folder else source))
    if broken is not None:
        made.drop()
        raise Conflict(f"数据不合规矩：{': '.join(broken)}；没有搬，原来的没有变。请先对原来的运行 firegrid check 。")
    click.echo(f"已就绪：{made.name}。接着请用它提供服务；原来的 {taken.name} 请收好，不要再用来提供服务。")


def _engine(place: str, county: str) -> Engine:
    if place.startswith(("postgresql://", "postgres://")):
        return engines.engine_of(Path(), _stated(place, county))
    folder = Path(place)
    if not folder.is_dir():
        raise Invalid(f"{folder} 不是目录；照片留在数据目录里，请写县里的数据目录。", folder=place)
    return engines.engine_of(folder)


def _stated(url: str, county: str) -> CountyDatabase | None:
    return county_database({"FIREGRID_DATABASE": url, "FIREGRID_COUNTY": county})


def _require_county(source: Engine, folder: Path, target: CountyDatabase | None) -> None:
    """Raise Invalid where the schema would be named by the code of another county."""
    store = database.open_inline(folder, engine=source)
    try:
        with store.reading() as reading:
            require_that_of(target, areas.whole_grid(reading), "核对 --from 的数据目录")
    finally:
        store.close()


def _first_broken(engine: Engine, folder: Path) -> tuple[str, str] | None:
    store = database.open_inline(folder, engine=engine)
    try:
        with store.reading() as reading:
            return next(invariants.broken(reading), None)
    finally:
        store.close()
