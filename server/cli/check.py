"""``firegrid check``: SQLite's integrity, our own invariants, and whether every file is on disk."""

from __future__ import annotations

from pathlib import Path

import click

from server.cli.folder import Command, data_option, opened
from server.store import invariants
from server.store.blobs import BlobStore


@click.command(cls=Command)
@data_option
@click.pass_context
def check(ctx: click.Context, data: Path) -> None:
    """Check the data folder; exit status 1 and a line for each finding when something is wrong."""
    blobs = BlobStore(data / "blobs")
    with opened(data) as store, store.reading() as reading:
        findings = list(invariants.broken(reading))
        files = list(invariants.blobs_spoken_of(reading))
    for sha256, size in files:
        damage = blobs.damage(sha256, size)
        if damage is not None:
            findings.append(("every file that a row names is whole on disk", f"{sha256} {damage}"))
    for promise, subject in findings:
        click.echo(f"broken: {promise}: {subject}", err=True)
    if findings:
        ctx.exit(1)
    click.echo(f"一切正常 all is well: {data}，附件 {len(files)} 个")
