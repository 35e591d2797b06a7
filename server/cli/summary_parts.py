"""The ``summary overdue``, ``days`` and ``review`` commands: who has what is overdue, each day, what to look at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from server.cli.folder import data_option, everything, opened
from server.cli.summary import DAY, Instant, summary
from server.db.transactions import Reading
from server.grid.store import areas
from server.summaries.domain import periods
from server.summaries.domain.periods import Named
from server.summaries.domain.review_signs import NO_VERDICT
from server.summaries.usecases import daily, handlers, review_list
from server.summaries.usecases.closure_summary import Query

_OPTIONS = (
    click.option("--area", help="area code 网格代码; without it the whole county"),
    click.option("--from", "first", type=DAY, help="first Beijing day 起始日"),
    click.option("--to", "last", type=DAY, help="last Beijing day, included 截止日"),
    click.option("--period", type=click.Choice([each.value for each in Named]), help="instead of days"),
    click.option("--as-of", type=Instant(), help="as of this instant, or the end of this day 统计时刻; else now"),
    data_option,
)


def _with_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@summary.command()
@_with_options
def overdue(data: Path, **asked: Any) -> None:
    """Say in whose hands the cases are that are overdue 超期未结，在谁手里, and how many days the longest is over.

    Bodies in the order of their codes, then persons by role and town, never by name: no ranking.
    """
    with opened(data) as database, database.reading() as reading:
        found = handlers.overdue(reading, _query(reading, **asked))
    _tell(("承办", "超期未结", "最长（天）"), [(each.name, each.cases, each.days) for each in found])
    click.echo(f"共 {sum(each.cases for each in found)} 件。", err=True)


@summary.command()
@_with_options
def days(data: Path, **asked: Any) -> None:
    """Count the reports received and the cases closed on each day 每天收到与办结; a day to come has none."""
    with opened(data) as database, database.reading() as reading:
        found = daily.by_day(reading, _query(reading, **asked))
    rows = [(each.day.isoformat(), each.received, each.closed, each.closed_week) for each in found]
    _tell(("日期", "收到", "办结", "近7天办结"), rows)


@summary.command()
@_with_options
def review(data: Path, as_of: str | None, **asked: Any) -> None:
    """List signs that are worth a look 线索清单, as things are now; never a verdict, and nobody is named."""
    if as_of is not None:
        raise click.UsageError("线索清单只看现在，不用 --as-of。")
    with opened(data) as database, database.reading() as reading:
        found = review_list.find(reading, _query(reading, as_of=None, **asked))
        rows = review_list.as_rows(review_list.lines(reading, found, None))
    _tell(review_list.COLUMNS, rows)
    click.echo(f"共 {len(rows)} 条。{NO_VERDICT}", err=True)


def _query(
    reading: Reading,
    area: str | None,
    first: datetime | None,
    last: datetime | None,
    period: str | None,
    as_of: str | None,
) -> Query:
    """Return what the options ask for, of the whole county. Raises UsageError, NotFound, Invalid."""
    if (first is None) != (last is None) or (first is not None and period is not None):
        raise click.UsageError("--from 与 --to 要一起给，且不与 --period 同用。")
    at = None if as_of is None else periods.as_of_instant(as_of, reading.now)
    if first is not None and last is not None:
        span = periods.between(first.date(), last.date())
    else:
        span = periods.named(Named(period or Named.MONTH), periods.day_of(at or reading.now))
    return Query(everything(reading), areas.get(reading, area) if area else None, None, span, at)


def _tell(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Write a table for people and for programs alike: a line each, its cells apart by tabs."""
    for row in (headings, *rows):
        click.echo("\t".join("—" if cell is None else str(cell) for cell in row))
