"""Runs the sections that are asked for and prints their figures as they come."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from bench import sections
from bench.figures import table
from bench.machine import description
from bench.workbench import Workbench


def main() -> int:
    """Measure what the command line asks for; return 0 unless something could not be measured."""
    asked = _parser().parse_args()
    known = sections.known()
    failed = False
    print(description(), flush=True)
    with tempfile.TemporaryDirectory(prefix="firegrid-bench-", dir=asked.folder) as folder:
        bench = Workbench(Path(folder), asked.seconds)
        for name in asked.sections or known:
            section = known[name]
            print(f"\n{name}: {section.title}", flush=True)
            try:
                print(table(section.measure(bench)), flush=True)
            except Exception as error:  # the other sections can be measured all the same
                failed = True
                print(f"  could not be measured: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
    return int(failed)


def _parser() -> argparse.ArgumentParser:
    known = sections.known()
    parser = argparse.ArgumentParser(
        prog="make bench ARGS=…",
        description="Speed and memory of Firegrid beside the limits of this machine. Figures, not tests: one that is "
        "beyond its target is marked, and the exit status stays 0.",
        epilog="sections:\n" + "\n".join(f"  {name:<12} {section.title}" for name, section in known.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("sections", nargs="*", metavar="SECTION", type=_section, help="what to measure (default: all)")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each load goes on (default: 10)")
    parser.add_argument(
        "--folder", type=Path, help="where to put the data while measuring: the disk that counts (default: $TMPDIR)"
    )
    return parser


def _section(name: str) -> str:
    if name not in sections.NAMES:
        raise argparse.ArgumentTypeError(f"no section {name!r}; there are {', '.join(sections.NAMES)}")
    return name


if __name__ == "__main__":
    sys.exit(main())
