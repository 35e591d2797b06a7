"""Runs the sections named on the command line and prints their figures as they come.

A new section is a module with ``TITLE`` and ``measure(environment)``, and its name in ``SECTIONS``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from bench.environment import Environment
from bench.figures import Figure, table
from bench.machine import description

SECTIONS = (
    "limits",
    "submissions",
    "fast_path",
    "unchanged",
    "lists",
    "sync",
    "closure",
    "board",
    "million",
    "paint",
    "labels",
    "answers",
    "attack",
    "postgres",
    "backup",
    "start",
    "memory",
)
"""In the order in which they are measured; ``bench/<name>.py`` each."""


class Section(NamedTuple):
    """title: one line for ``--help``. measure: yields figures, or raises what kept it from measuring."""

    title: str
    measure: Callable[[Environment], Iterable[Figure]]


def sections() -> dict[str, Section]:
    """Return every section by its name."""
    modules = {name: import_module(f"bench.{name}") for name in SECTIONS}
    return {name: Section(module.TITLE, module.measure) for name, module in modules.items()}


def main() -> int:
    """Measure what the command line names; return 0 unless something could not be measured."""
    options = _parser().parse_args()
    known_sections = sections()
    failed = False
    print(description(), flush=True)
    with tempfile.TemporaryDirectory(prefix="firegrid-bench-", dir=options.folder) as folder:
        environment = Environment(Path(folder), options.seconds)
        for name in options.sections or known_sections:
            section = known_sections[name]
            print(f"\n{name}: {section.title}", flush=True)
            try:
                print(table(section.measure(environment)), flush=True)
            except Exception as error:  # the other sections can be measured all the same
                failed = True
                print(f"  could not be measured: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
    return int(failed)


def _parser() -> argparse.ArgumentParser:
    known_sections = sections()
    parser = argparse.ArgumentParser(
        prog="make bench ARGS=…",
        description="Speed and memory of Firegrid beside the limits of this machine. Figures, not tests: one that is "
        "beyond its target is marked, and the exit status stays 0; it is 1 when something could not be measured.",
        epilog="sections:\n" + "\n".join(f"  {name:<12} {section.title}" for name, section in known_sections.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("sections", nargs="*", metavar="SECTION", type=_section, help="what to measure (default: all)")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each load goes on (default: 10)")
    parser.add_argument(
        "--folder", type=Path, help="where to put the data while measuring: the disk that counts (default: $TMPDIR)"
    )
    return parser


def _section(name: str) -> str:
    if name not in SECTIONS:
        raise argparse.ArgumentTypeError(f"no section {name!r}; there are {', '.join(SECTIONS)}")
    return name


if __name__ == "__main__":
    sys.exit(main())
