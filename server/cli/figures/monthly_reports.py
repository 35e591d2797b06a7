"""The ``figures`` commands: the sheet of a month, the filing of it, and the lists of hazards that go with it."""

from __future__ import annotations

import sys
from itertools import chain
from pathlib import Path

import click
import orjson
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from server import table_files
from server.audit.domain.entries import COMMAND, Entry
from server.audit.usecases import exports
from server.cli.figures.corrections import correct, corrections
from server.cli.folder import Group, data_option, everything, opened, opened_to_write
from server.db.database import Database
from server.monthly_reports.domain import hazard_lists, months, sheets
from server.monthly_reports.domain.changes import Kind, labels
from server.monthly_reports.domain.frozen import FrozenReport
from server.monthly_reports.domain.sheets import Sheet
from server.monthly_reports.store import reports
from server.monthly_reports.usecases import (
    changes_since,
    correcting,
    drawing,
    freezing,
    hazard_rows,
    sheet_files,
    sheet_json,
)
from server.monthly_reports.usecases.drawing import Heading
from server.settings import from_environment

PIPE_WIDTH = 240
"""Columns of a table that no terminal shows: nothing is to be cut off."""


@click.group(cls=Group, name="figures")
def figures() -> None:
    """Draw up and file the sheet of a month 月报."""


@figures.command()
@click.argument("month")
@click.option("--as-of", help="instant of the count, or a day for its end 统计时刻; else the last full minute")
@data_option
def freeze(month: str, as_of: str | None, data: Path) -> None:
    """File the sheet of MONTH (2026-04) 报送: it is kept with its hash and never changes.

    Asked again, it says the same.
    """
    with opened_to_write(data) as database:
        with database.reading() as reading:
            scope = everything(reading)
        found = freezing.freeze(database, scope, month, _heading(data), as_of=as_of, by=COMMAND)
    said = "已报送" if found.is_new else "早已报送，没有改动"
    click.echo(f"{months.words(month)}月报{said}。统计时刻 {sheet_files.clock(found.report.as_of)}")
    click.echo(f"{found.report.sha256}  {sheet_files.file_name(found.report.sheet, 'json')}")


@figures.command()
@click.argument("month")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "xlsx", "json", "content"]),
    default="table",
    show_default=True,
    help="content: the filed sheet byte for byte, whose SHA-256 is its hash",
)
@click.option("--live", is_flag=True, help="as it would be now, also of a month that was filed")
@click.option("--corrected", is_flag=True, help="as it was filed, with what its corrections 更正表 say in its place")
@data_option
def sheet(month: str, form: str, live: bool, corrected: bool, data: Path) -> None:
    """Show the sheet of MONTH (2026-04) 月报: as it was filed, or as it would be now."""
    with opened_to_write(data) as database:
        with database.reading() as reading:
            report = None if live else reports.find(reading, month)
            if form == "content":
                report = freezing.get(reading, month)
            found = (
                drawing.draw(reading, everything(reading), month, _heading(data)) if report is None else report.sheet
            )
            if corrected and report is not None:
                found = correcting.as_corrected(found, reports.corrections_of(reading, month))
        if form == "table":
            _show(found, report)
            return
        _export(database, found, report, form)


@figures.command()
@click.argument("month")
@click.option("--kind", type=click.Choice([kind.value for kind in Kind]), help="only what has become so; else all")
@data_option
def changes(month: str, kind: str | None, data: Path) -> None:
    """List what has changed since MONTH was filed 报送后的变化: column by column, and case by case."""
    with opened(data) as database, database.reading() as reading:
        found = changes_since.since(reading, everything(reading), freezing.get(reading, month))
        wanted = found.of_kind(None if kind is None else Kind(kind))
        items = changes_since.listed(reading, wanted)
    for each in found.columns:
        click.echo(f"{each.label}\t{each.then}\t{each.now}\t{each.now - each.then:+d}")
    names = labels(found.now)
    for item in items:
        kinds = "、".join(names[each] for each in item["kinds"])
        told = changes_since.words(item, found.columns)
        click.echo(f"{item['case_no']}\t{item['label']}\t{item['area_name']}\t{kinds}\t{told}")
    click.echo(f"报送后有变化的 {len(items)} 件，其中补报 {found.count(Kind.LATE)} 件（记在收到的月份）。", err=True)


@figures.command(name="list")
@click.argument("code")
@data_option
def hazard_list(code: str, data: Path) -> None:
    """Write a list of hazards as CSV 清单, the one due first before all others; nobody is named in it.

    CODE: responsibility 责任清单, long_term 挂账清单, supervised 督办清单, overdue 超期清单.
    """
    with opened_to_write(data) as database:
        with database.reading() as reading:
            wanted = hazard_lists.find(code, reading.now)
        export = exports.begin(database, Entry("records.export", COMMAND, f"hazard-list {code}", {"format": "csv"}))
        with export.ending_where_it_fails(), database.reading() as reading:
            rows = chain.from_iterable(hazard_rows.pages(reading, everything(reading), wanted, None))
            lines = chain([hazard_lists.HEADINGS], export.counted(rows))
            sys.stdout.buffer.write(table_files.csv_lines(map(table_files.verbatim, row) for row in lines))
        export.end()


figures.add_command(correct)
figures.add_command(corrections)


def _export(database: Database, found: Sheet, report: FrozenReport | None, form: str) -> None:
    """Write a sheet as a file, and note it down in the audit first."""
    if form == "xlsx" and sys.stdout.isatty():
        raise click.UsageError("XLSX 不能显示在终端上；请写进文件，如 > 月报.xlsx。")
    export = exports.begin(database, Entry("monthly_reports.export", COMMAND, found.month, {"format": form}))
    export.rows = len(found.rows)
    with export.ending_where_it_fails():
        click.echo(_content(found, report, form), nl=False)
    export.end()


def _content(found: Sheet, report: FrozenReport | None, form: str) -> bytes:
    if form == "content" and report is not None:
        return report.content
    if form == "csv":
        return sheet_files.as_csv(found)
    if form == "xlsx":
        return sheet_files.as_xlsx(found, sheet_files.filed_words(report))
    return orjson.dumps(sheet_json.as_json(found, report), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _show(found: Sheet, report: FrozenReport | None) -> None:
    console = Console(width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False, markup=False)
    running = "" if found.is_over else "（未结束，非最终数）"
    console.print(f"{found.title}  {months.words(found.month)}{running}  统计时刻 {sheet_files.clock(found.as_of)}")
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("乡镇", no_wrap=True)
    for column in found.definition.columns:
        table.add_column(column.heading, justify="right")
    for n, line in enumerate(found.rows, start=1):
        table.add_row(line.name, *sheets.cells(found.definition, line), end_section=n == len(found.lines))
    console.print(table)
    console.print(found.sentence)
    console.print(sheets.LATE.format(n=found.late_reports))
    if found.carried is not None:
        console.print(sheets.CARRIED.format(**sheets.carried_words(found.carried)))
    for said in sheet_files.filed_words(report) or ("还没有报送。",):
        console.print(said)


def _heading(data: Path) -> Heading:
    settings = from_environment(data)
    return Heading(settings.report_title, settings.report_unit)
