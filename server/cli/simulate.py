"""``firegrid simulate``: plays a county that does not exist, with every fault there is, and checks every promise."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

import click
import orjson

from server.cli.folder import Command
from server.simulate import faults as known_faults
from server.simulate import plan, runs
from server.simulate.plan import Script
from server.simulate.shrink import shortened
from server.simulate.simulation import Outcome

SEEDS = 1_000_000


@click.command(cls=Command)
@click.option("--seed", type=click.IntRange(0), help="what all is drawn from; another one each time without it 种子")
@click.option("--phones", type=click.IntRange(1, 500), default=50, show_default=True, help="how many phones 手机数")
@click.option("--days", type=click.IntRange(1, 366), default=30, show_default=True, help="how many days 天数")
@click.option(
    "--faults",
    default="all",
    show_default=True,
    help="all, none, or names with commas between; --list-faults names them",
)
@click.option("--list-faults", is_flag=True, help="name every fault and end 列出全部故障")
@click.option("--trace", type=click.Path(dir_okay=False, path_type=Path), help="write what happened to a file 过程")
@click.option(
    "--script",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="run what stands in a file, instead of drawing it 重放",
)
@click.option("--shrink/--no-shrink", default=True, help="make a failing run short, and write its script")
@click.pass_context
def simulate(
    ctx: click.Context,
    seed: int | None,
    phones: int,
    days: int,
    faults: str,
    list_faults: bool,
    trace: Path | None,
    script: Path | None,
    shrink: bool,
) -> None:
    """Play an invented county in a temporary folder; exit status 1 when a promise of sync is broken.

    The same seed gives the same trace. A failing run is made short and written to simulate-SEED.json, for --script.
    """
    if list_faults:
        for name, what in {**known_faults.REQUEST_FAULTS, **known_faults.COUNTY_FAULTS}.items():
            click.echo(f"{name:<20} {what}")
        return
    planned = _read(script) if script is not None else _drawn(seed, phones, days, faults)
    click.echo(f"seed {planned.seed}", err=True)
    outcome = _played(planned)
    for line in runs.told(outcome):
        click.echo(line)
    if trace is not None:
        trace.write_text(runs.trace_text(outcome), encoding="utf-8")
    if outcome.is_broken:
        if shrink and script is None:
            _write_short(outcome)
        ctx.exit(1)


def _drawn(seed: int | None, phones: int, days: int, faults: str) -> Script:
    try:
        chosen = known_faults.chosen(faults)
    except ValueError as error:
        message = f"没有名为 {error} 的故障；--list-faults 列出全部 · no such fault; --list-faults names them all"
        raise click.BadParameter(message, param_hint="--faults") from error
    return runs.draw(secrets.randbelow(SEEDS) if seed is None else seed, phones, days, chosen)


def _read(path: Path) -> Script:
    try:
        return plan.read(orjson.loads(path.read_bytes()))
    except ValueError as error:
        message = f"{path} 不是模拟脚本 · no script of a simulation: {error}"
        raise click.BadParameter(message, param_hint="--script") from error


def _played(planned: Script) -> Outcome:
    with click.progressbar(length=len(planned.events), label="正在模拟", file=sys.stderr) as bar:
        return runs.play(planned, lambda _number: bar.update(1))


def _write_short(outcome: Outcome) -> None:
    click.echo("正在缩短失败的过程 · making the failing run shorter …", err=True)
    short = shortened(outcome)
    path = Path(f"simulate-{short.seed}.json")
    path.write_bytes(runs.script_text(short))
    click.echo(f"shortened to {len(short.events)} events: firegrid simulate --script {path}")
