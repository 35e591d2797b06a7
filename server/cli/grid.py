"""The ``grid`` commands: load a county's areas from a file, and look at what is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click

from server.audit.domain.entries import COMMAND, Entry
from server.audit.store import chain
from server.audit.usecases import exports
from server.cli.folder import Group, data_option, everything, opened, opened_to_write
from server.cli.rosters import administrator
from server.db.transactions import Reading
from server.errors import GridRefused, NotFound, TooLarge
from server.grid.domain.areas import Area, Level
from server.grid.domain.file_cells import LEVELS
from server.grid.domain.scope import Scope
from server.grid.store import areas
from server.grid.usecases import bordering, exporting, files, searching
from server.grid.usecases import loading as grids
from server.instants import BEGINNING, FOREVER, local_day
from server.staffing.usecases import grid_import

COLUMN_NAMES = {
    "code": "代码",
    "name": "名称",
    "level": "层级",
    "parent": "上级",
    "starts": "生效日期",
    "ends": "失效日期",
    "successor": "并入",
}
COUNT_NAMES = {
    **{str(level): f"新增{words[1]}" for level, words in LEVELS.items()},
    "renamed": "改名",
    "ended": "停用",
    "unchanged": "没有变化",
}


@click.group(cls=Group, name="grid")
def grid() -> None:
    """Load and show the county's areas 网格."""


@grid.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@data_option
def load(file: Path, data: Path) -> None:
    """Load areas from FILE (.csv or .xlsx); all rows are checked first, and nothing changes unless all are well.

    Columns: code 代码, name 名称, and where needed level 层级, parent 上级, starts 生效日期, ends 失效日期 (the first
    day without the area), successor 并入. Areas that FILE does not mention stay as they are.
    """
    sheet = files.read(content_of(file, files.FILE_BYTES_MAX))
    for note in sheet.notes:
        click.echo(f"注意：{note}", err=True)
    with opened_to_write(data) as database:
        try:
            loaded = database.write(lambda tx: grids.load(tx, sheet.rows, by=COMMAND))
        except GridRefused as refused:
            click.echo(f"firegrid: {refused.message}", err=True)
            for line in faults(refused):
                click.echo(line, err=True)
            raise click.exceptions.Exit(1) from None
    for warning in loaded.warnings:
        click.echo(f"注意：第{warning.line}行 {warning.message}", err=True)
    counts = (f"{name} {loaded.counts[key]}" for key, name in COUNT_NAMES.items() if key in loaded.counts)
    click.echo("，".join(counts) or "表里没有任何网格，没有改动。")


@grid.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="only look: no area is changed 只核对")
@data_option
def import_(file: Path, dry_run: bool, data: Path) -> None:
    """Import the good rows of the grid FILE (.csv or .xlsx); each bad one is told with its cure.

    Unlike `load`, which takes a file as a whole. Duties of an area that ends go on in the area that takes it in. The
    same file again changes nothing.
    """
    content = content_of(file, files.FILE_BYTES_MAX)
    with opened_to_write(data) as database:
        with database.reading() as reading:
            by = administrator(reading)
        token = database.write(lambda tx: grid_import.keep(tx, content, file.name, by=by))
        if not dry_run:
            database.write(lambda tx: grid_import.carry_out(tx, token, by=by))
        with database.reading() as reading:
            found = grid_import.get(reading, token, by=by)
    _tell(found)
    if found.plan.faults:
        raise click.exceptions.Exit(1)


def _tell(found: grid_import.DryRun) -> None:
    """Say how a file was read, what is wrong with which rows, and what importing the others does or did."""
    plan, done = found.plan, found.done
    for note in found.notes:
        click.echo(f"注意：{note}", err=True)
    for warning in () if done else plan.warnings:
        click.echo(f"注意：第{warning.line}行 {warning.message}", err=True)
    for each in plan.faults:
        place = " ".join(filter(None, (f"第{each.line}行", COLUMN_NAMES[each.column], " ".join(each.value.split()))))
        click.echo(f"{place}：{each.reason}；{each.cure}", err=True)
    counts = plan.counts if done is None else done["counts"]
    told = "，".join(f"{name} {counts[key]}" for key, name in COUNT_NAMES.items() if counts.get(key)) or "没有改动"
    bad = len({each.line for each in plan.faults}) if done is None else done["faulty"]
    click.echo(f"{'只核对，没有导入：' if done is None else ''}{told}，要改 {bad} 行。")


@grid.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@data_option
def borders(file: Path, data: Path) -> None:
    """Bring in where areas end from FILE (GeoJSON, WGS 84), for the maps; a feature has the area's code as `code`.

    All features are checked first, and nothing changes unless all are well.
    """
    with opened_to_write(data) as database:
        counts = database.write(lambda tx: bordering.load(tx, content_of(file, bordering.FILE_BYTES_MAX), by=COMMAND))
    names = {"added": "新增边界", "changed": "改了边界", "unchanged": "没有变化"}
    click.echo("，".join(f"{name} {counts[key]}" for key, name in names.items() if key in counts))


@grid.command()
@click.argument("code")
@data_option
def show(code: str, data: Path) -> None:
    """Show the area CODE, what lies directly inside, dates, earlier names and successors."""
    with opened(data) as database, database.reading() as reading:
        for line in described(reading, code):
            click.echo(line)


@grid.command()
@click.argument("word")
@data_option
def find(word: str, data: Path) -> None:
    """Find areas by WORD: a code, a name, or a town and a village."""
    with opened(data) as database, database.reading() as reading:
        found = searching.find(reading, word, everything(reading))
        names = areas.full_names(reading, [area.code for area in found])
        for area in found:
            click.echo(
                "  ".join(filter(None, (area.code, names[area.code], "" if area.in_force(reading.now) else "已停用")))
            )
    if not found:
        raise NotFound(f"没有找到“{word}”；可填名称、乡镇加名称，或代码。")


@grid.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@data_option
def export(file: Path, data: Path) -> None:
    """Write every area to FILE (.csv), to be corrected and loaded again."""
    with opened_to_write(data) as database:
        with database.reading() as reading:
            found = list(areas.list_covered(reading, everything(reading)))
        export = exports.begin(database, Entry("grid.export", COMMAND, "grid", {"format": "csv"}))
        with export.ending_where_it_fails():
            file.write_bytes(exporting.as_csv(export.counted(found)))
        export.end()
    click.echo(f"网格已写到 {file}。")


def faults(refused: GridRefused) -> Iterator[str]:
    """Yield one line for each bad row: 第N行 列 值：原因；办法."""
    for fault in refused.data["errors"]:  # type: ignore[attr-defined]  # data holds any JSON; ours is a list of faults
        column = COLUMN_NAMES[fault["column"]]
        value = " ".join(fault["value"].split())
        place = " ".join(filter(None, (f"第{fault['line']}行", column, value)))
        yield f"{place}：{fault['reason']}；{fault['cure']}"


def described(reading: Reading, code: str) -> Iterator[str]:
    """Yield the lines that show an area. Raises NotFound, and Invalid when it is no code."""
    area = areas.get(reading, code)
    everything = Scope(places=(area.place,))
    inside = list(areas.list_inside(reading, area.place, everything))
    yield _line(area, inside)
    for entry in chain.list_about(reading, area.code):
        if entry.event == "area.rename":
            yield f"  曾用名 {entry.details['old']}（到 {local_day(entry.details['since'])}）"
    for child in areas.list_children(reading, area.code, everything):
        yield f"  {_line(child, inside)}"


def _line(area: Area, inside: list[Area]) -> str:
    within = Counter(
        each.level for each in inside if each.valid_to == FOREVER and each != area and area.place.holds(each.path)
    )
    held = "，".join(f"{LEVELS[level][1]} {within[level]}" for level in Level if within[level])
    since = f"自 {local_day(area.valid_from)}" if area.valid_from != BEGINNING else ""
    until = f"到 {local_day(area.valid_to)} 为止" if area.valid_to != FOREVER else ""
    into = f"并入 {area.successor}" if area.successor else ""
    return "  ".join(filter(None, (area.code, area.name, held, since, until, into)))


def content_of(file: Path, bytes_max: int) -> bytes:
    """Return what is in a file that somebody brings in. Raises TooLarge above ``bytes_max``."""
    if file.stat().st_size > bytes_max:
        raise TooLarge(
            f"{file.name} 太大，最多 {bytes_max // 1_000_000} MB；请核对是不是这个文件。", bytes_max=bytes_max
        )
    return file.read_bytes()
