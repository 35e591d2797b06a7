"""The ``recheck`` command: show how the closed cases of a week were drawn to be checked again."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

import click

from server.cases.domain import rechecks
from server.cases.domain.rechecks import Stratum
from server.changes.usecases import recheck_draws
from server.changes.usecases.recheck_draws import Draw
from server.cli.folder import Group, data_option, opened
from server.db.transactions import Reading
from server.errors import Invalid, NotFound
from server.grid.domain.areas import Level, code_of
from server.grid.store import areas
from server.records.store import records


@click.group(cls=Group, name="recheck")
def recheck() -> None:
    """Show which closed cases are checked again 回访, and why these."""


@recheck.command()
@click.option("--week", required=True, help="a week that is over, as ISO 8601 names it: 2026-W48")
@click.option("--area", metavar="CODE", help="code of one town 乡镇代码")
@data_option
def draw(week: str, area: str | None, data: Path) -> None:
    """Draw the cases of WEEK once more and print them: the same list whenever and by whomever it is asked for.

    The seed is the SHA-256 of "week|town|seq|instant" of the last revision in the county before the week was over.
    Cases are ordered by the SHA-256 of "seed|id"; of each stratum its share is taken from the front. Nothing is
    written.
    """
    monday = rechecks.monday_of(week)
    with opened(data) as database, database.reading() as reading:
        if rechecks.ends_at(monday) > reading.now:
            raise NotFound(f"{week} 还没有过完，到 {monday + timedelta(days=7)} 零点才能抽取。", week=week)
        town = None if area is None else _town(reading, area)
        draws = [each for each in recheck_draws.draws_of(reading, monday) if town in (None, each.town)]
        for each in draws:
            _print(reading, each)
    if not draws:
        click.echo(f"{week} 没有办结的案件，没有可抽的。")


def _town(reading: Reading, code: str) -> str:
    """Return the path of a town. Raises NotFound for no area, Invalid for one below a town: each draw is a town's."""
    area = areas.get(reading, code)
    if area.level not in (Level.COUNTY, Level.TOWN):
        raise Invalid(f"{code} {area.name}不是乡镇；按乡镇抽取，请写乡镇的代码。", field="area", value=code)
    return area.path


def _print(reading: Reading, found: Draw) -> None:
    code = code_of(found.town)
    town = areas.get(reading, code)
    labels = rechecks.labels(rechecks.ends_at(rechecks.monday_of(found.week)))
    click.echo(f"{found.week}  {code} {town.name}")
    click.echo(f'种子 {found.seed} = SHA-256("{found.week}|{code}|{found.seq}|{found.at}")')
    sizes = Counter(each.stratum for each in found.pool)
    drawn = Counter(each.stratum for each in found.drawn)
    click.echo("；".join(f"{labels[each]} {sizes[each]} 件，抽 {drawn[each]} 件" for each in Stratum))
    for number, each in enumerate(found.drawn, 1):
        record = records.case_number(reading, each.record)
        click.echo(f"{number:3}  {record or '—'}  {labels[each.stratum]}  {each.record}")
