"""The command ``form answers``: the answers of a form as CSV, workbook or archive, on the server itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

import click

from server.cli.folder import Command, data_option, everything, opened_to_write
from server.errors import Invalid
from server.forms.domain.outline import Language, Wording
from server.forms.store import forms
from server.grid.store import areas
from server.submissions.store.blobs import BlobStore
from server.submissions.usecases import answer_export, answer_files
from server.submissions.usecases.answer_export import AnswerExport
from server.submissions.usecases.answer_tables import AnswerOptions
from server.table_files import Workbook

BY = "command"
DAY = click.DateTime(["%Y-%m-%d"])
NOWHERE = ""
"""The path of submissions whose author had no duty."""

CHUNK_BYTES = 256 * 1024


@click.command(cls=Command)
@click.argument("form_id", metavar="ID")
@click.option("--format", "form", type=click.Choice(["csv", "xlsx", "zip"]), default="csv", show_default=True)
@click.option("--labels/--codes", default=True, help="labels and Beijing time 中文选项, or codes and UTC 代码")
@click.option(
    "--headings", type=click.Choice(["zh", "en", "names"]), help="language of the headings 表头; else as --labels"
)
@click.option("--split", is_flag=True, help="a column for each choice of a select_multiple 多选拆列")
@click.option(
    "--table", default="", help="in a csv: path of a repeat, as people/pets 重复组; without it the form itself"
)
@click.option("--from", "first", type=DAY, help="first Beijing day 起始日")
@click.option("--to", "last", type=DAY, help="last Beijing day, included 截止日")
@click.option("--area", help="area code 网格代码; without it the whole county")
@click.option("--no-photos", is_flag=True, help="in a zip: tables alone 不带照片")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="file to write; else standard output")
@data_option
def answers(
    form_id: str,
    form: str,
    labels: bool,
    headings: str | None,
    split: bool,
    table: str,
    first: datetime | None,
    last: datetime | None,
    area: str | None,
    no_photos: bool,
    output: Path | None,
    data: Path,
) -> None:
    """Export the answers of the form ID, newest first 导出填报内容. Repeats are tables of their own in zip and xlsx."""
    language = headings or ("zh" if labels else "names")
    options = AnswerOptions(Wording(labels, None if language == "names" else Language(language)), split)
    with opened_to_write(data) as database:
        with database.reading() as reading:
            known = forms.get(reading, form_id)
            scope = replace(everything(reading), exact_paths=(NOWHERE,))
            place = areas.get(reading, area).place if area else None
            days = (None if day is None else day.date() for day in (first, last))
            filters = answer_export.filters(known, place, *days)
        export = answer_export.begin(
            database, known, filters, options,
            scope=scope, mask=None, with_photos=form == "zip" and not no_photos, by=BY, noted={"format": form},
        )  # fmt: skip
        with export.audited.ending_where_it_fails(), _opened(output, form) as file:
            if form == "csv":
                _csv(export, file, table)
            elif form == "zip":
                _copy(answer_files.zip_parts(export, BlobStore(data / "blobs")), file)
            else:
                _xlsx(export, file)
        export.audited.end()


def _csv(export: AnswerExport, file: IO[bytes], table: str) -> None:
    tables = export.tables.tables
    if table not in tables:
        known = "、".join(filter(None, tables)) or "没有"
        raise Invalid(f"表单里没有重复组“{table}”；有：{known}。", table=table)
    others = [path for path in tables if path != table]
    if others and not table:
        click.echo(
            f"注意：重复组 {'、'.join(others)} 各是一张表；请用 --format zip 或 xlsx，或用 --table 逐张导出。", err=True
        )
    _copy(answer_files.csv_parts(export, table), file)


def _xlsx(export: AnswerExport, file: IO[bytes]) -> None:
    with TemporaryDirectory(prefix="firegrid-") as folder:
        path = Path(folder) / "book.xlsx"
        book = Workbook(path)
        answer_files.write_workbook(export, book)
        book.close()
        with path.open("rb") as content:
            _copy(iter(lambda: content.read(CHUNK_BYTES), b""), file)


def _copy(parts: Iterator[bytes], file: IO[bytes]) -> None:
    """Write parts, and tell on a terminal how far it has come."""
    written, tells = 0, sys.stderr.isatty() and not file.isatty()
    for part in parts:
        file.write(part)
        written += len(part)
        if tells:
            click.echo(f"\r已写 {written / 1e6:,.1f} MB", err=True, nl=False)
    if tells:
        click.echo("", err=True)


@contextmanager
def _opened(output: Path | None, form: str) -> Iterator[IO[bytes]]:
    if output is not None:
        with output.open("wb") as file:
            yield file
        return
    if form != "csv" and sys.stdout.isatty():
        raise click.UsageError(f"{form.upper()} 不能显示在终端上；请用 --output 写进文件。")
    yield sys.stdout.buffer
