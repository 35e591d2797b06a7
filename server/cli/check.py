"""``firegrid check``: the integrity of the database, our own invariants, and whether every file is on disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from server.admin.store import invariants
from server.admin.usecases import health
from server.audit.usecases import daily_heads
from server.cli.folder import Command, data_option, engine_of, opened
from server.cli.folder_answers import answer_of, as_copy_option, moved_option, recognise, restored_option
from server.db.transactions import Reading
from server.forms.usecases import management
from server.submissions.store.blobs import BlobStore


@click.command(cls=Command)
@moved_option
@restored_option
@as_copy_option
@click.option(
    "--heads",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="a copy of audit-heads.txt kept elsewhere, for the audit to be compared with 另存的每日链头",
)
@data_option
@click.pass_context
def check(ctx: click.Context, moved: bool, restored: bool, as_copy: bool, heads: Path | None, data: Path) -> None:
    """Check the county and its files; exit status 1 and a line for each finding when something is wrong.

    One that was moved, put back or copied is told so first, by one of the options; without them nothing is written.
    """
    answer = answer_of(moved=moved, restored=restored, as_copy=as_copy)
    if answer is not None:
        with engine_of(data).alone():
            recognise(data, answer)
    found, files = report(data, heads)
    if found:
        ctx.exit(1)
    click.echo(f"一切正常 all is well: {data}，附件 {files} 个")
    with opened(data) as store, store.reading() as reading:
        click.echo(health.check_words(store, reading))


def report(data: Path, heads: Path | None = None) -> tuple[int, int]:
    """Print a line for each finding in a data folder; return how many there are, and how many files rows name.

    heads: a copy of the audit's heads that was kept elsewhere.
    """
    with opened(data) as store, store.reading() as reading:
        found = _report(invariants.broken(reading))
        promise = "the audit is what was written down of it each day"
        found += _report((promise, each) for each in daily_heads.broken(reading, data))
        if heads is not None:
            found += _report((promise, each) for each in daily_heads.broken_in(reading, heads))
        found += _report(_unopenable_forms(reading))
        files = list(invariants.referenced_blobs(reading))
    return found + _report(_damaged_files(BlobStore(data / "blobs"), files)), len(files)


def _unopenable_forms(reading: Reading) -> Iterator[tuple[str, str]]:
    for form, fault in management.unopenable(reading):
        yield "phones can open every form with its lists", f"{form}：{fault.message} {fault.cure}"


def _damaged_files(blobs: BlobStore, files: list[tuple[str, int]]) -> Iterator[tuple[str, str]]:
    for sha256, size in files:
        damage = blobs.damage(sha256, size)
        if damage is not None:
            yield "every file that a row names is whole on disk", f"{sha256} {damage}"


def _report(findings: Iterable[tuple[str, str]]) -> int:
    """Print each finding as soon as it is known, since a broken file may end the search; return how many."""
    number = 0
    for number, (promise, subject) in enumerate(findings, start=1):  # noqa: B007 - the last number is the count
        click.echo(f"broken: {promise}: {subject}", err=True)
    return number
