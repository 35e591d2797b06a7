"""Compares the processor time of a submission with that of an older version: two servers on copies of one folder.

``make bench`` leaves it out, since it needs a checkout of the older version with an environment of its own::

    git worktree add ../firegrid-older c76269c && make -C ../firegrid-older .venv/stamps/run
    .venv/bin/python -m bench.versions ../firegrid-older
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from bench import machine
from bench.county import UNIT, WORKER, County
from bench.environment import LoadResult, serving, submit
from bench.figures import Figure, number, table

_BENCH_FORM = Path(__file__).with_name("bench_form.md")


def measure(checkout: Path, folder: Path, *, pairs: int, seconds: float) -> Iterator[Figure]:
    """Yield the cost of a submission in both versions, and the median of the ratios of all pairs.

    checkout: of the older version, with its environment in ``.venv``. folder: for temporary data. seconds: duration of
    each load. Raises RuntimeError when a submission made no record or a server did not start, CalledProcessError when
    the older version could not make the data folder.
    """
    older_program = checkout / ".venv" / "bin" / "firegrid"
    older = make_county(older_program, folder / "older")
    newer = older._replace(folder=folder / "newer")
    shutil.copytree(older.folder, newer.folder)  # the server brings it up to date when it starts
    with ExitStack() as stack:
        servers = {
            older: stack.enter_context(serving(older.folder, program=[str(older_program)])),
            newer: stack.enter_context(serving(newer.folder)),
        }
        runs: dict[County, list[LoadResult]] = {older: [], newer: []}
        for county, server in servers.items():
            submit(server, county, seconds=1)  # warms up
        for pair in range(pairs):
            # Each goes first in turn, so that a machine that slows down or speeds up favours neither.
            for county in (older, newer) if pair % 2 else (newer, older):
                runs[county].append(submit(servers[county], county, seconds=seconds))
    for county, submitted in runs.items():
        cost = median(each.processor_ms for each in submitted)
        records = sum(len(each.sent.accepted) for each in submitted)
        yield Figure(county.folder.name, cost, "ms", None, f"{records:,} records")
    ratios = sorted(new.processor_ms / old.processor_ms for old, new in zip(runs[older], runs[newer], strict=True))
    yield Figure("processor time, newer to older", median(ratios), "times", None,
                 f"{number(ratios[0])} to {number(ratios[-1])} in {pairs} pairs", machine.load_now())  # fmt: skip


def make_county(program: Path, folder: Path) -> County:
    """Make a data folder with a worker's phone and the form of the benchmarks by the commands of any version.

    program: its command ``firegrid``. Raises CalledProcessError when one of them failed.
    """

    def run(*arguments: str) -> str:
        command = [str(program), *arguments, "--data", str(folder)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    run("init")
    run("user", "add", WORKER, "--role", "grid_worker", "--area", UNIT)
    run("form", "publish", str(_BENCH_FORM))
    key = run("user", "key", WORKER).strip().rpartition("/")[2]
    return County(folder, key, password="")


def main() -> None:
    """Measure what the command line names, and print it."""
    parser = argparse.ArgumentParser(prog="python -m bench.versions", description=__doc__.partition("\n")[0])
    parser.add_argument("checkout", type=Path, help="of the older version, with its virtual environment in .venv")
    parser.add_argument("--pairs", type=int, default=15, help="how often each takes its turn (default: 15)")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each load goes on (default: 3)")
    options = parser.parse_args()
    print(machine.description(), flush=True)
    with tempfile.TemporaryDirectory(prefix="firegrid-bench-") as folder:
        figures = measure(options.checkout.resolve(), Path(folder), pairs=options.pairs, seconds=options.seconds)
        print(table(figures))


if __name__ == "__main__":
    main()
