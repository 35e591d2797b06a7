"""The ``ledger`` commands: which form writes which field of a ledger, and which villages have no record of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from server import instants
from server.cli.folder import Group, data_option, everything, opened
from server.db.transactions import Reading
from server.errors import NotFound
from server.forms.domain.record_types import RecordType
from server.forms.store import forms
from server.forms.usecases import ledger_forms
from server.records.usecases import coverage


@click.group(cls=Group, name="ledger")
def ledger() -> None:
    """Look at what ledgers are made of, and where they have gaps 台账."""


@ledger.command()
@click.argument("type")
@data_option
def fields(type: str, data: Path) -> None:
    """Show which forms in use write each field of a ledger, in the order of its main form."""
    with opened(data) as database, database.reading() as reading:
        declared = _type(reading, type)
        for each in ledger_forms.layout(reading, declared).fields:
            writers = "、".join(dict.fromkeys(form.title for form in each.writers))
            click.echo(f"{each.name}\t{declared.label_of(each.name)}\t{writers or '没有表单写入'}")


@ledger.command()
@click.argument("type")
@click.option("--days", type=click.IntRange(1, 3_660), help="only records of these last days count; else all")
@data_option
def missing(type: str, days: int | None, data: Path) -> None:
    """List the villages that have no record of a ledger 哪些村还没有: town, code and name of each."""
    with opened(data) as database, database.reading() as reading:
        declared = _type(reading, type)
        since = None
        if days is not None:
            today = instants.parse(instants.local_day(reading.now))
            since = instants.text(today - timedelta(days=days - 1))
        found = coverage.inside(reading, everything(reading), everything(reading), declared.name, since)
    without = [each for each in found if not each.records]
    for each in without:
        click.echo(f"{each.town}\t{each.code}\t{each.name}")
    click.echo(f"{len(found)} 个村（社区）中，{len(without)} 个没有。", err=True)


def _type(reading: Reading, name: str) -> RecordType:
    """Return a record type. Raises NotFound that names those there are."""
    types = forms.catalogue(reading).types
    if name not in types:
        raise NotFound(f"没有“{name}”这个台账；有：{'、'.join(types)}。", type=name)
    return types[name]
