"""The ``summary`` commands: the closure summary on a terminal or as a file, and the cases behind each figure."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

import click
import orjson
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from server import instants
from server.audit.domain.entries import COMMAND, Entry
from server.audit.usecases import exports
from server.cli.calendars import say_missing_year
from server.cli.folder import Group, data_option, everything, opened, opened_to_write
from server.db.database import Database
from server.db.transactions import Reading
from server.grid.store import areas
from server.summaries.domain import periods
from server.summaries.domain.periods import Against, Named, Period
from server.summaries.usecases import (
    case_tables,
    closure_summary,
    compared_tables,
    patrol_lists,
    spreadsheets,
    summary_tables,
)
from server.summaries.usecases.case_tables import CASE_COLUMNS
from server.summaries.usecases.closure_summary import Query, Result
from server.summaries.usecases.groupings import ROW_TITLES, Grouping
from server.summaries.usecases.spreadsheets import Value
from server.summaries.usecases.summary_tables import SummaryTable

PIPE_WIDTH = 200
"""Columns of a table that no terminal shows: nothing is to be cut off."""

CASES_SHOWN = ("case_no", "label", "area_name", "status", "received_at", "handle_due_at", "closed_at", "id")
"""What a terminal shows of a case."""

BLOCKS = (
    ("reports", "undecided_reports", "undecided_over_24h", "rejected_reports", "merged_reports", "registered", "void"),
    ("cases", "spot_closed", "limited", "closed", "open", "suspended", "transferred", "void", "handling_overdue"),
    ("due", "closed_on_time", "closed_late", "closing_overdue", "handling_due", "handled", "handled_on_time"),
    ("handled_late", "filled_in_time", "filed_replies", "returns", "late_returns", "relaxed", "reopened", "came_back"),
    ("register_rate", "closure_rate", "closure_rate_ex_susp", "closure_rate_ex_spot", "due_closure_rate"),
    ("on_time_closure_rate", "rectified_rate", "report_lag_mean", "report_lag_median", "report_lag_p90"),
    ("fell_due", "fell_due_closed", "fell_due_closure_rate", "handle_mean", "handle_median", "handle_p90"),
)
"""What a terminal shows, one table a line: the figures that the brigade asks for. Files and JSON hold them all."""


class Instant(click.ParamType):  # type: ignore[type-arg]  # generic only in newer click
    """An instant in ISO-8601; without an offset it is Beijing time, and a bare date is the end of that day."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            instants.parse(str(value))
        except ValueError:
            self.fail(f"“{value}”不是时刻；应如 2026-05-01T08:00 或 2026-05-01。", param, ctx)
        return str(value)


DAY = click.DateTime(["%Y-%m-%d"])


@click.group(cls=Group, name="summary")
def summary() -> None:
    """Sum up what was done 汇总."""


@summary.command()
@click.option("--area", help="area code 网格代码; without it the whole county")
@click.option(
    "--by", type=click.Choice([each.value for each in Grouping]), help="rows; without it the level below the area"
)
@click.option("--from", "first", type=DAY, help="first Beijing day 起始日")
@click.option("--to", "last", type=DAY, help="last Beijing day, included 截止日")
@click.option("--period", type=click.Choice([each.value for each in Named]), help="this one with the one before it")
@click.option(
    "--compare",
    type=click.Choice([each.value for each in Against]),
    help="what stands beside it: the days before 环比, or those of the year before 同比",
)
@click.option(
    "--as-of", type=Instant(), help="count what was known at this instant, or at the end of this day 统计时刻; else now"
)
@click.option(
    "--format", "form", type=click.Choice(["table", "csv", "xlsx", "json"]), default="table", show_default=True
)
@click.option(
    "--figure",
    help="list the cases behind this figure (its code in --format json), the patrols behind 'visited' 打开一个数",
)
@click.option("--row", help="of this row: area code, category or 2026-04; '-' for the rest; without it the total")
@data_option
def closure(
    area: str | None,
    by: str | None,
    first: datetime | None,
    last: datetime | None,
    period: str | None,
    compare: str | None,
    as_of: str | None,
    form: str,
    figure: str | None,
    row: str | None,
    data: Path,
) -> None:
    """Sum up how cases were closed 闭环汇总; without days, this month. Every count opens with --figure."""
    if (first is None) != (last is None) or (first is not None and period is not None):
        raise click.UsageError("--from 与 --to 要一起给，且不与 --period 同用。")
    _check_row(row, figure)
    told = {"area": area, "by": by, "from": first, "to": last, "period": period, "as_of": as_of, "row": row}
    with (
        _opened(data, form) as database,
        _audited(database, form, figure, told) as count,
        database.reading() as reading,
    ):
        at = None if as_of is None else periods.as_of_instant(as_of, reading.now)
        named = Named(period or Named.MONTH)
        days = named if first is None or last is None else periods.between(first.date(), last.date())
        comparison = periods.comparison(days, periods.day_of(at or reading.now), Against(compare or Against.PREVIOUS))
        within, rows = areas.get(reading, area) if area else None, Grouping(by) if by else None
        query = Query(everything(reading), within, rows, comparison.current, at)
        if figure is not None:
            count(_write_behind(reading, query, figure, row, form))
            return
        result = closure_summary.summarise(reading, query)
        count(len(result.summary.rows) + 1)
        if period is None and compare is None:
            _write_summary(reading, form, result)
            return
        earlier = Query(query.scope, query.area, result.by, comparison.previous, comparison.as_of(result.as_of))
        previous = closure_summary.summarise(reading, earlier)
        _write_summary(reading, form, result, previous, comparison.names)


def _opened(data: Path, form: str) -> AbstractContextManager[Database]:
    """Return the database in ``data``: a file leaves an entry in its audit, a table on the terminal leaves none."""
    return opened(data) if form == "table" else opened_to_write(data)


@contextmanager
def _audited(
    database: Database, form: str, figure: str | None, told: Mapping[str, object]
) -> Iterator[Callable[[int], None]]:
    """Note a file down in the audit before it is written; yield what is told how many rows it has.

    What is shown as a table is no export. Who runs commands is the administrator of the system, and may export.
    """
    if form == "table":
        yield lambda rows: None
        return
    filters = {name: str(value) for name, value in told.items() if value is not None}
    event = "summaries.export" if figure is None else "cases.export"
    export = exports.begin(database, Entry(event, COMMAND, figure or "closure", {"format": form, "filters": filters}))

    def count(rows: int) -> None:
        export.rows = rows

    with export.ending_where_it_fails():
        yield count
    export.end()


def _check_row(row: str | None, figure: str | None) -> None:
    if row is not None and figure is None:
        raise click.UsageError("--row 要与 --figure 同用。")
    if row is not None and figure == patrol_lists.FIGURE:
        raise click.UsageError("检查家数不分行：请用 --area 指定网格，不用 --row。")


def _write_summary(
    reading: Reading,
    form: str,
    result: Result,
    previous: Result | None = None,
    names: tuple[str, str] = ("", ""),
) -> None:
    if form == "table":
        _show(reading, result, previous, names)
        return
    if form == "json":
        output = {**summary_tables.as_json(reading, result), "figures": summary_tables.legend(result.as_of)}
        output["before"] = None if previous is None else summary_tables.as_json(reading, previous)
        output["compared"] = None if previous is None else compared_tables.as_json(reading, result, previous)
        click.echo(orjson.dumps(output, option=orjson.OPT_INDENT_2).decode())
        return
    table = summary_tables.table(reading, result)
    if previous is not None:
        table = compared_tables.beside(reading, (names[0], result), (names[1], previous))
    _write_file(table.with_titles(result), form)


def _show(reading: Reading, result: Result, previous: Result | None, names: tuple[str, str]) -> None:
    console = _console()
    place = "全县" if result.area is None else areas.full_name(reading, result.area.code)
    console.print(f"{place}  {summary_tables.days_of(result)}  统计时刻 {summary_tables.local_exactly(result.as_of)}")
    if previous is not None:
        until = f"{_days(previous.period)}，统计时刻 {summary_tables.local_exactly(previous.as_of)}"
        console.print(f"{names[0]}，括号内为{names[1]}（{until}）和增减（比率增减为百分点）")
    for codes in BLOCKS:
        table = summary_tables.table(reading, result, codes)
        earlier = None if previous is None else summary_tables.table(reading, previous, codes)
        console.print(_rendered(result.by, table, earlier))
    console.print(f"{names[0]}{summary_tables.sentence(result)}")
    if previous is not None:
        console.print(f"{names[1]}{summary_tables.sentence(previous)}")
    say_missing_year(reading)


def _rendered(by: Grouping, table: SummaryTable, earlier: SummaryTable | None) -> Table:
    """Return a table for the terminal, with the earlier figures and the differences in brackets."""
    rendered = Table(box=SIMPLE_HEAD, pad_edge=False)
    rendered.add_column(ROW_TITLES[by], no_wrap=True)
    for column in table.columns:
        rendered.add_column(column.label, justify="right")
    shown = table if earlier is None else compared_tables.side_by_side(by, ("", table), ("", earlier))
    for at, (name, values) in enumerate(zip(shown.names, shown.values, strict=True)):
        texts = [spreadsheets.as_text(value) or "—" for value in values]
        if earlier is not None:
            end, width = compared_tables.WIDTH * len(table.columns), compared_tables.WIDTH
            texts = ["{}（{}，{}）".format(*texts[each : each + width]) for each in range(0, end, width)]
        rendered.add_row(name, *texts, end_section=at == len(shown.names) - 2)
    return rendered


def _write_behind(reading: Reading, query: Query, figure: str, row: str | None, form: str) -> int:
    """Write the cases behind a figure, or the patrols behind the premises inspected, and return how many there are."""
    if figure == patrol_lists.FIGURE:
        patrols = list(patrol_lists.items(reading, closure_summary.patrols_behind(reading, query)))
        columns = patrol_lists.COLUMNS
        total = f"共 {len(patrols)} 次巡查，检查 {sum(patrol['premises'] for patrol in patrols)} 家"
        _write(patrols, patrol_lists.as_texts(patrols), form, columns, tuple(columns), total)
        return len(patrols)
    key = summary_tables.parse_key(closure_summary.grouping_of(query), row)
    cases = list(chain.from_iterable(case_tables.pages(reading, query, figure, key)))
    _write(cases, case_tables.as_texts(reading, cases), form, CASE_COLUMNS, CASES_SHOWN, f"共 {len(cases)} 件")
    return len(cases)


def _write(
    found: Sequence[dict[str, Any]],
    rows: Sequence[Sequence[Value]],
    form: str,
    columns: Mapping[str, str],
    shown: Sequence[str],
    total: str,
) -> None:
    """Write a list. rows: as people read it. columns: title of each value; shown, total: what a terminal shows."""
    if form == "json":
        click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
        return
    if form == "table":
        console = _console()
        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        for name in shown:
            table.add_column(columns[name], overflow="fold")
        at = [list(columns).index(name) for name in shown]
        for row in rows:
            table.add_row(*(str(row[column]) for column in at))
        console.print(table)
        console.print(total)
    else:
        titles: list[Sequence[Value]] = [list(columns.values())]
        _write_file([*titles, *rows], form)


def _write_file(rows: Iterable[Sequence[Value]], form: str) -> None:
    if form == "csv":
        click.echo(spreadsheets.as_csv(rows), nl=False)
        return
    if sys.stdout.isatty():
        raise click.UsageError("XLSX 不能显示在终端上；请写进文件，如 > 汇总.xlsx。")
    click.echo(spreadsheets.as_xlsx(rows, "汇总"), nl=False)


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False, markup=False)


def _days(period: Period) -> str:
    return f"{period.first} 至 {period.last}"


def _local(instant: str | None) -> str:
    return "" if instant is None else summary_tables.local(instant)
