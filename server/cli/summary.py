"""The ``summary`` commands: the closure summary on a terminal or as a file, and the cases behind each figure."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import click
import orjson
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from server import instants
from server.cli.folder import Group, data_option, opened
from server.db.transactions import Reading
from server.errors import NotFound
from server.grid.domain.scope import Scope
from server.grid.store import areas
from server.records.domain.status import STATUS_LABELS, Status
from server.summaries.domain import periods
from server.summaries.domain.periods import Against, Named, Period
from server.summaries.store import counted_cases
from server.summaries.store.counted_cases import Cursor
from server.summaries.usecases import closure_summary, compared_tables, spreadsheets, summary_tables
from server.summaries.usecases.closure_summary import Grouping, Query, Result
from server.summaries.usecases.spreadsheets import Days, Value
from server.summaries.usecases.summary_tables import CASE_COLUMNS, SummaryTable

PIPE_WIDTH = 200
"""Columns of a table that no terminal shows: nothing is to be cut off."""

CASES_AT_ONCE = 2_000

BLOCKS = (
    ("reports", "undecided_reports", "undecided_over_24h", "rejected_reports", "merged_reports", "registered", "void"),
    ("cases", "spot_closed", "limited", "closed", "open", "suspended", "transferred", "handling_overdue"),
    ("due", "closed_on_time", "closed_late", "closing_overdue", "handling_due", "handled", "handled_on_time"),
    ("register_rate", "closure_rate", "closure_rate_ex_susp", "closure_rate_ex_spot", "due_closure_rate"),
    ("on_time_closure_rate", "rectified_rate", "handle_mean", "handle_median", "handle_p90"),
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
@click.option("--figure", help="list the cases behind this figure (its code in --format json) 打开一个数")
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
    if row is not None and figure is None:
        raise click.UsageError("--row 要与 --figure 同用。")
    with opened(data) as database, database.reading() as reading:
        at = None if as_of is None else periods.as_of_instant(as_of, reading.now)
        named = Named(period or Named.MONTH)
        days = named if first is None or last is None else periods.between(first.date(), last.date())
        comparison = periods.comparison(days, periods.day_of(at or reading.now), Against(compare or Against.PREVIOUS))
        query = Query(
            everything(reading),
            areas.get(reading, area) if area else None,
            Grouping(by) if by else None,
            comparison.current,
            at,
        )
        if figure is not None:
            _write(_cases(reading, query, figure, row), form, f"{figure}")
            return
        result = closure_summary.summarise(reading, query)
        if period is None and compare is None:
            _write_summary(reading, form, result)
            return
        earlier = Query(query.scope, query.area, result.by, comparison.previous, comparison.as_of(result.as_of))
        previous = closure_summary.summarise(reading, earlier)
        _write_summary(reading, form, result, previous, comparison.names)


def everything(reading: Reading) -> Scope:
    """Return the scope of who has the data folder: the county. Raises NotFound before there is one."""
    county = next((area for area in areas.whole_grid(reading).values() if area.parent is None), None)
    if county is None:
        raise NotFound("数据目录里还没有网格；请先用 firegrid grid load 读入网格文件。")
    return Scope(places=(county.place,))


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
        click.echo(orjson.dumps(output, option=orjson.OPT_INDENT_2).decode())
        return
    table = summary_tables.table(reading, result)
    if previous is not None:
        earlier = summary_tables.table(reading, previous)
        table = compared_tables.side_by_side(result.by, (names[0], table), (names[1], earlier))
    _write_file(table.with_titles(result), form)


def _show(reading: Reading, result: Result, previous: Result | None, names: tuple[str, str]) -> None:
    console = _console()
    place = "全县" if result.area is None else areas.full_name(reading, result.area.code)
    console.print(f"{place}  {summary_tables.days_of(result)}  统计时刻 {_local(result.as_of)}")
    if previous is not None:
        until = f"，统计时刻 {_local(previous.as_of)}"
        console.print(f"{names[0]}，括号内为{names[1]}（{_days(previous.period)}{until}）")
    for codes in BLOCKS:
        table = summary_tables.table(reading, result, codes)
        earlier = None if previous is None else summary_tables.table(reading, previous, codes)
        console.print(_rendered(result.by, table, earlier))
    console.print(f"{names[0]}{summary_tables.sentence(result)}")
    if previous is not None:
        console.print(f"{names[1]}{summary_tables.sentence(previous)}")


def _rendered(by: Grouping, table: SummaryTable, earlier: SummaryTable | None) -> Table:
    """Return a table for the terminal, with the figures of the earlier one in brackets."""
    rendered = Table(box=SIMPLE_HEAD, pad_edge=False)
    rendered.add_column(summary_tables.ROW_TITLES[by], no_wrap=True)
    for column in table.columns:
        rendered.add_column(column.label, justify="right")
    shown = table if earlier is None else compared_tables.side_by_side(by, ("", table), ("", earlier))
    for at, (name, values) in enumerate(zip(shown.names, shown.values, strict=True)):
        texts = [spreadsheets.as_text(value) or "—" for value in values]
        if earlier is not None:
            pairs = zip(texts[0 : 2 * len(table.columns) : 2], texts[1 : 2 * len(table.columns) : 2], strict=True)
            texts = [f"{text}（{old}）" for text, old in pairs]
        rendered.add_row(name, *texts, end_section=at == len(shown.names) - 2)
    return rendered


def _cases(reading: Reading, query: Query, figure: str, row: str | None) -> Iterator[dict[str, Any]]:
    """Yield the cases behind a figure, as many as it says."""
    key = summary_tables.parse_key(closure_summary.grouping_of(query), row)
    after: Cursor | None = Cursor()
    while after is not None:
        found = closure_summary.drill_down(reading, query, figure, key, after, CASES_AT_ONCE)
        ids = {case.id for case in found.cases}
        shown = counted_cases.record_columns(reading, ids, query.as_of or reading.now)
        named = areas.full_names(reading, {record["area"] for record in shown.values()})
        for case in found.cases:
            yield summary_tables.case_json(case, shown.get(case.id, {}), named)
        after = found.after


def _write(items: Iterator[dict[str, Any]], form: str, figure: str) -> None:
    found = list(items)
    if form == "json":
        click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
    elif form == "table":
        console = _console()
        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        columns = ("case_no", "label", "area_name", "status", "received_at", "handle_due_at", "closed_at", "id")
        for name in columns:
            table.add_column(CASE_COLUMNS[name], overflow="fold")
        for item in found:
            table.add_row(*(str(_shown(item, each)) for each in columns))
        console.print(table)
        console.print(f"共 {len(found)} 件")
    else:
        titles: list[Sequence[Value]] = [list(CASE_COLUMNS.values())]
        _write_file([*titles, *([_shown(item, name) for name in CASE_COLUMNS] for item in found)], form)


def _shown(item: dict[str, Any], name: str) -> Value:
    """Return what a person reads of a case: the status in words, instants as Beijing's clock, lengths as numbers."""
    if name == "status":
        return STATUS_LABELS[Status(item[name])]
    if name == "handled_days" and item[name] is not None:
        return Days(Fraction(item[name]))
    return _local(item[name]) if name.endswith("_at") else item[name] or ""


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
    return f"{_day(period.first)} 至 {_day(period.last)}"


def _day(day: date) -> str:
    return f"{day:%Y-%m-%d}"


def _local(instant: str | None) -> str:
    if instant is None:
        return ""
    return summary_tables.local(instant)
