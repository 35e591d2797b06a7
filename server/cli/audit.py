"""``firegrid audit``: the audit on a terminal or as a file, for whoever has the data folder; a file is an export."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from pathlib import Path

import click
import orjson
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from server import table_files
from server.audit.domain.entries import COMMAND, Entry, Recorded
from server.audit.store.entry_lists import EVERYWHERE
from server.audit.usecases import exports, reading
from server.cli.folder import Command, data_option, opened, opened_to_write
from server.forms.domain import personal

PIPE_WIDTH = 240
"""Columns of a table that no terminal shows: nothing is to be cut off."""

SHOWN = ("时间", "说明", "用户", "岗位", "网格", "地址", "对象", "结果", "详情")
"""What a terminal shows of an entry; files and JSON hold all."""

DAY = click.DateTime(["%Y-%m-%d"])


@click.command(cls=Command)
@click.option("--from", "first", type=DAY, help="first Beijing day 起始日")
@click.option("--to", "last", type=DAY, help="last Beijing day, included 截止日")
@click.option("--user", help="who did it: a user name, 'command' or 'server' 用户")
@click.option(
    "--event",
    help="an event, as records.export, or a kind 类别: session refusal export reveal read rights configuration audit",
)
@click.option("--object", "about", help="what it was about: record, user, form, address 对象")
@click.option("--limit", type=click.IntRange(1), help="entries at most 最多条数; without it 200 in a table, else all")
@click.option("--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True)
@data_option
def audit(
    first: datetime | None,
    last: datetime | None,
    user: str | None,
    event: str | None,
    about: str | None,
    limit: int | None,
    form: str,
    data: Path,
) -> None:
    """Show who did what, from where, and who looked, newest first 审计记录.

    Failed sign-ins are counted by minute and address, and are here a minute later.
    """
    first_day, last_day = (None if day is None else day.date() for day in (first, last))
    filters = reading.filters(first_day, last_day, user, event, about)
    if form == "table":
        with opened(data) as store:
            _show(reading.entries(store, EVERYWHERE, filters), limit or 200)
        return
    told = {"from": first_day, "to": last_day, "user": user, "event": event, "object": about, "limit": limit}
    asked = personal.told({name: str(value) for name, value in told.items() if value is not None})
    with opened_to_write(data) as store:
        export = exports.begin(store, Entry("audit.export", COMMAND, "audit", {"format": form, "filters": asked}))
        with export.ending_where_it_fails():
            rows = export.counted(islice(reading.entries(store, EVERYWHERE, filters), limit))
            (_write_json if form == "json" else _write_csv)(rows)
        export.end()


def _write_json(entries: Iterable[Recorded]) -> None:
    """Write an array, an entry a line, however many there are."""
    separator = "[\n"
    for entry in entries:
        click.echo(separator + orjson.dumps(reading.as_json(entry)).decode(), nl=False)
        separator = ",\n"
    click.echo("\n]" if separator == ",\n" else "[]")


def _write_csv(entries: Iterable[Recorded]) -> None:
    out = sys.stdout.buffer
    out.write(table_files.BOM + table_files.csv_lines([reading.HEADINGS]))
    for entry in entries:
        out.write(table_files.csv_lines([reading.cells(entry)]))


def _show(entries: Iterable[Recorded], limit: int) -> None:
    found = list(islice(entries, limit + 1))
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    columns = [reading.HEADINGS.index(heading) for heading in SHOWN]
    for heading in SHOWN:
        table.add_column(heading, overflow="fold")
    for entry in found[:limit]:
        cells = reading.cells(entry)
        table.add_row(*(cells[column] for column in columns))
    Console(width=None if sys.stdout.isatty() else PIPE_WIDTH, markup=False, highlight=False).print(table)
    if not found:
        click.echo("没有符合条件的审计记录 no such entries")
    if len(found) > limit:
        click.echo(f"只列出最新的 {limit} 条，更早的还有；请缩小范围，或用 --limit、--format csv。")
