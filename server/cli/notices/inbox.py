"""``firegrid inbox``: what a person is told of cases, as numbers and codes, and marking it as read."""

from __future__ import annotations

from pathlib import Path

import click

from server.cases.domain import workflow
from server.cli.folder import Group, data_option, opened, opened_to_write
from server.instants import BEIJING, parse
from server.notices.domain import kinds
from server.notices.usecases import inbox as notices
from server.people.store import people

LIMIT = 50


@click.group(cls=Group, name="inbox")
def inbox() -> None:
    """Show what people are told of cases 提醒."""


@inbox.command(name="list")
@click.argument("name")
@click.option("--unread", is_flag=True, help="only what is not read yet 只看未读")
@click.option("--limit", type=click.IntRange(1, 10_000), default=LIMIT, show_default=True, help="at most 最多条数")
@data_option
def list_(name: str, unread: bool, limit: int, data: Path) -> None:
    """List the notices of the user NAME, the newest first: kind, act, case number, area, unread or read.

    What the case is about is not printed: it may name people.
    """
    with opened(data) as database, database.reading() as reading:
        by = people.actor(reading, name)
        labels = {each.code: each.label for each in kinds.kinds_at(reading.now)}
        found = notices.page(reading, by, before=None, limit=limit, unread=unread)
        for each in found:
            told, row = each.notice, each.row
            at = f"{parse(told.at).astimezone(BEIJING):%Y-%m-%d %H:%M}"
            act = workflow.STEP_OF[told.action].label
            state = "未读" if told.read_at is None else "已读"
            case = row["case_no"] or row["id"]
            click.echo(f"{told.seq}  {at}  {labels[told.kind]}  {act}  {case}  {row['area']}  {state}")
        click.echo(f"未读 {notices.count_unread(reading, by)} 条。")


@inbox.command()
@click.argument("name")
@click.option("--until", type=click.IntRange(0), help="number of the newest one to mark 到哪一条；without it all")
@data_option
def read(name: str, until: int | None, data: Path) -> None:
    """Mark the notices of the user NAME as read: for somebody who is away and has been told otherwise."""
    with opened_to_write(data) as database:
        with database.reading() as reading:
            by = people.actor(reading, name)
            newest = notices.page(reading, by, before=None, limit=1)
        last = newest[0].notice.seq if newest else 0
        done = database.write(lambda tx: notices.read_all(tx, last if until is None else until, by=by))
    click.echo(f"已标为已读 {done} 条。")
