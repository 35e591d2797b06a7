"""The ``figures correct`` and ``figures corrections`` commands: corrections (更正表) of a filed month."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from server.audit.domain.entries import COMMAND
from server.cli.folder import Command, data_option, opened, opened_to_write
from server.errors import Invalid
from server.monthly_reports.domain import months
from server.monthly_reports.domain.corrections import Correction, asked_once
from server.monthly_reports.store import reports
from server.monthly_reports.usecases import correcting, freezing, sheet_files


@click.command(cls=Command)
@click.argument("month")
@click.argument("cells", nargs=-1, required=True, metavar="ROW.COLUMN=NUMBER…")
@click.option("--reason", required=True, help="why the numbers were wrong 更正原因")
@click.option("--signer", required=True, help="who signs, as it is written on the paper 签发人")
@click.option("--previous", help="hash of the sheet, or of its newest correction, that was seen; else the newest")
@data_option
def correct(month: str, cells: tuple[str, ...], reason: str, signer: str, previous: str | None, data: Path) -> None:
    """Issue a correction of filed MONTH (2026-04) 更正表; the filed sheet itself stays what it was.

    CELLS say what is right, by the code of a row and that of a column, as `figures sheet --format csv` has them:
    130630100000.reports=12. The total follows from the rows.
    """
    asked = asked_once(map(_cell, cells))
    with opened_to_write(data) as database:
        with database.reading() as reading:
            _, newest = correcting.newest(reading, month)
        told = {"previous": previous or newest, "reason": reason, "signer": signer}
        made = database.write(lambda tx: correcting.correct(tx, month, asked, by=COMMAND, **told))
    _show([made])


@click.command(cls=Command)
@click.argument("month")
@data_option
def corrections(month: str, data: Path) -> None:
    """List the corrections of filed MONTH 更正表: each with its cells, its hash, why, and who signed."""
    with opened(data) as database, database.reading() as reading:
        freezing.get(reading, month)
        found = reports.corrections_of(reading, month)
    _show(found)
    click.echo(f"{months.words(month)}共有 {len(found)} 张更正表。", err=True)


def _cell(written: str) -> tuple[tuple[str, str], int]:
    place, _, number = written.partition("=")
    row, _, column = place.partition(".")
    if not (row and column and number.isascii() and number.isdigit()):
        raise Invalid(f"“{written}”看不懂：应写成 行代码.列代码=数，如 130630100000.reports=12。")
    return (row, column), int(number)


def _show(found: Iterable[Correction]) -> None:
    for made in found:
        click.echo(f"第{made.number}号\t{sheet_files.clock(made.made_at)}\t{made.signer}\t{made.reason}")
        for cell in made.cells:
            click.echo(f"\t{cell.name}\t{cell.label}\t{cell.was} → {cell.now}")
        click.echo(f"\t{made.sha256}")
