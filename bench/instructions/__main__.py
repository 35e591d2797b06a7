"""Compares the instructions that requests take with those of an older version, counted by Valgrind.

A count does not depend on what else the machine does, so a difference of a hundredth shows where a clock shows none.
``make bench`` leaves it out: it needs Valgrind, and a checkout of the older version. The packages are those of this
version's environment for both::

    git worktree add ../firegrid-older c76269c
    .venv/bin/python -m bench.instructions ../firegrid-older
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from bench.county import UNIT, WORKER, County
from bench.figures import Figure, number, table

WORK = Path(__file__).with_name("counted_requests.py")
HERE = WORK.parents[2]
_BENCH_FORM = HERE / "bench" / "bench_form.md"
_TOTALS = re.compile(r"^(?:totals|summary): ([0-9]+)", re.MULTILINE)


def measure(checkout: Path, folder: Path, *, pairs: int, kinds: Sequence[str]) -> Iterator[Figure]:
    """Yield for each kind of request its instructions in this version, and the median of their ratios to the older.

    checkout: of the older version. folder: for temporary data. pairs: how often both are counted, each pair with a hash
    seed of its own. kinds: as in ``counted_requests``; none for all. Raises CalledProcessError when a version could not
    make or fill its data folder, RuntimeError when one answered otherwise than expected.
    """
    older = make_county(checkout, folder / "older")
    newer = older._replace(folder=folder / "newer")
    shutil.copytree(older.folder, newer.folder)
    subprocess.run(_command(newer, "migrate"), env=_environment(HERE, 0), capture_output=True, check=True)
    counts: dict[str, list[tuple[int, int]]] = {}
    for pair in range(pairs):
        was = count(checkout, older, folder / f"older-{pair}", pair, kinds)
        for kind, instructions in count(HERE, newer, folder / f"newer-{pair}", pair, kinds).items():
            counts.setdefault(kind, []).append((was[kind], instructions))
    for kind, each in counts.items():
        ratios = sorted((now / then - 1) * 100 for then, now in each)
        spread = f"{number(ratios[0])} to {number(ratios[-1])} % in {pairs} pairs"
        yield Figure(kind, median(now for _, now in each) / 1e6, "million", None, "instructions each")
        yield Figure("  more than the older", median(ratios), "%", None, spread)


def count(checkout: Path, county: County, folder: Path, seed: int, kinds: Sequence[str]) -> dict[str, int]:
    """Return the instructions of one request of each kind, on a copy of the data folder of ``county``."""
    copy = county._replace(folder=folder / "data")
    shutil.copytree(county.folder, copy.folder)
    valgrind = ["valgrind", "--quiet", "--tool=callgrind", "--instr-atstart=no",
                f"--callgrind-out-file={folder / 'counts'}"]  # fmt: skip
    log, found = folder / "log", dict[str, int]()
    with log.open("wb") as lines, subprocess.Popen(
        [*valgrind, *_command(copy, "count", *kinds)], env=_environment(checkout, seed),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=lines, text=True,
    ) as process:  # fmt: skip
        for line in process.stdout or ():
            step, kind, requests = line.split()
            if step == "begin":
                _control(process.pid, "-i", "on")
            else:
                _control(process.pid, "-i", "off")
                _control(process.pid, "-d", kind)
                found[kind] = _last_total(folder) // int(requests)
            if process.stdin is not None:
                process.stdin.write("\n")
                process.stdin.flush()
    if process.returncode:
        told = log.read_text().strip().splitlines()[-1:]
        raise RuntimeError(f"{checkout}: the counted requests ended with status {process.returncode}: {told}")
    return found


def make_county(checkout: Path, folder: Path) -> County:
    """Make a data folder with a worker's phone, the form of the benchmarks and some stations, by ``checkout``."""

    def run(*arguments: str) -> str:
        program = [sys.executable, "-c", "from server.cli.main import main; main()"]
        command = [*program, *arguments, "--data", str(folder)]
        environment = _environment(checkout, 0)
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    run("init")
    run("user", "add", WORKER, "--role", "grid_worker", "--area", UNIT)
    run("form", "publish", str(_BENCH_FORM))
    county = County(folder, run("user", "key", WORKER).strip().rpartition("/")[2], password="")
    subprocess.run(_command(county, "fill"), env=_environment(checkout, 0), capture_output=True, check=True)
    return county


def _command(county: County, *arguments: str) -> list[str]:
    return [sys.executable, str(WORK), str(county.folder), county.key, *arguments]


def _environment(checkout: Path, seed: int) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(checkout), "PYTHONHASHSEED": str(seed), "PYTHONSAFEPATH": "1"}


def _control(pid: int, *options: str) -> None:
    subprocess.run(["callgrind_control", *options, str(pid)], capture_output=True, check=True)


def _last_total(folder: Path) -> int:
    dumps = sorted(folder.glob("counts.*"), key=lambda path: int(path.suffix[1:]))
    return sum(int(total) for total in _TOTALS.findall(dumps[-1].read_text())[-1:])


def main() -> None:
    """Count what the command line names, and print it."""
    parser = argparse.ArgumentParser(prog="python -m bench.instructions", description=__doc__.partition("\n")[0])
    parser.add_argument("checkout", type=Path, help="of the older version")
    parser.add_argument("kinds", nargs="*", metavar="KIND", help="which requests (default: all)")
    parser.add_argument("--pairs", type=int, default=5, help="how often each is counted (default: 5)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="firegrid-bench-") as folder:
        print(table(measure(options.checkout.resolve(), Path(folder), pairs=options.pairs, kinds=options.kinds)))


if __name__ == "__main__":
    main()
