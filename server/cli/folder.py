"""Opens the data folder for one command, and turns a Refusal into exit status 1 and one clear line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from server.domain.errors import Refusal
from server.store import database
from server.store.database import Database


class Command(click.Command):
    """A command whose refusals are one line on stderr and exit status 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Refusal as refusal:
            click.echo(f"firegrid: {refusal.message}", err=True)
            ctx.exit(1)


class Group(click.Group):
    """A group of such commands."""

    command_class = Command
    group_class = type


def data_option(command: Any) -> Any:
    """Give a command ``--data DIR`` (default ``$FIREGRID_DATA``, else ``./firegrid-data``)."""
    return click.option(
        "--data",
        type=click.Path(file_okay=False, path_type=Path),
        envvar="FIREGRID_DATA",
        default=Path("firegrid-data"),
        show_default=True,
        help="data folder 数据目录",
    )(command)


@contextmanager
def opened(data: Path) -> Iterator[Database]:
    """Open the database in ``data`` for a command; it works beside a running server.

    Raises NotFound when there is none.
    """
    store = database.open_inline(data)
    try:
        yield store
    finally:
        store.close()
