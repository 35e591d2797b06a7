"""The ``calendar`` commands: load a year's holidays and working weekends, look at them, write them to a file."""

from __future__ import annotations

from pathlib import Path

import click

from server.audit.domain.entries import COMMAND
from server.cases.domain.calendars import DayKind
from server.cases.store import calendars as stored
from server.cases.usecases import calendars
from server.cli.folder import Group, data_option, opened, opened_to_write
from server.cli.grid import content_of
from server.db.transactions import Reading
from server.errors import CalendarRefused, NotFound
from server.grid.usecases import files
from server.instants import local_day


@click.group(cls=Group, name="calendar")
def calendar() -> None:
    """Load and show the holidays that working days are counted by 放假安排."""


@calendar.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@data_option
def load(file: Path, data: Path) -> None:
    """Load the holidays of whole years from FILE (.csv or .xlsx); nothing changes unless every row is well.

    Columns: day 日期, kind 类别 (放假 or 上班, the weekend days that are worked), name 名称. A year in FILE replaces
    what was known of that year. Limits that run already stay as they are.
    """
    content = content_of(file, files.FILE_BYTES_MAX)
    with opened_to_write(data) as database:
        try:
            days = calendars.read(content)
        except CalendarRefused as refused:
            click.echo(f"firegrid: {refused.message}", err=True)
            for fault in refused.data["errors"]:  # type: ignore[attr-defined]  # data holds any JSON; ours is a list
                line = f"第{fault['line']}行 " if fault["line"] else ""
                click.echo(f"{line}{fault['value']}：{fault['reason']}；{fault['cure']}", err=True)
            raise click.exceptions.Exit(1) from None
        years = database.write(lambda tx: calendars.load(tx, days, by=COMMAND))
    for year in years:
        counted = [each for each in days if each.day.year == year]
        off = sum(each.kind is DayKind.OFF for each in counted)
        click.echo(f"{year}年：放假 {off} 天，周末上班 {len(counted) - off} 天。已在走的期限不变。")


@calendar.command("list")
@data_option
def list_(data: Path) -> None:
    """List the years whose holidays are known, and say which one is missing."""
    with opened(data) as database, database.reading() as reading:
        for year in stored.years(reading):
            origin = "随程序提供" if year.loaded_at is None else f"{local_day(year.loaded_at)} 由 {year.loaded_by} 载入"
            click.echo(f"{year.year}  {origin}")
        say_missing_year(reading)


def say_missing_year(reading: Reading) -> None:
    """Say on the error stream which year's holidays are missing; nothing where all is known."""
    if (missing := calendars.missing_year(reading)) is not None:
        click.echo(f"注意：{calendars.missing_year_words(missing)}", err=True)


@calendar.command()
@click.argument("year", type=int)
@data_option
def show(year: int, data: Path) -> None:
    """Show the days of YEAR that are off, and the weekend days that are worked."""
    with opened(data) as database, database.reading() as reading:
        for row in _rows(reading, year):
            click.echo("  ".join(row))


@calendar.command()
@click.argument("year", type=int)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@data_option
def export(year: int, file: Path, data: Path) -> None:
    """Write the days of YEAR to FILE (.csv), to be changed into those of the next and loaded."""
    with opened(data) as database, database.reading() as reading:
        content = calendars.as_csv(reading, year)
    file.write_bytes(content)
    click.echo(f"{year}年的放假安排已写到 {file}。")


def _rows(reading: Reading, year: int) -> list[tuple[str, str, str]]:
    found = list(calendars.rows(reading, year))
    if not found:
        raise NotFound(f"没有{year}年的放假安排；可用 firegrid calendar load 载入。", year=year)
    return found
