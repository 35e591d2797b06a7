"""Reads the dated tables that the product ships, so that names, limits and rights are data and never code."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

from server import instants
from server.instants import Instant

Row = dict[str, str]


@cache
def table(name: str) -> tuple[Row, ...]:
    """Return every row of ``server/data/<name>.csv``, those of other days included, in the file's order."""
    text = files("server").joinpath("data", f"{name}.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def rows_at(name: str, at: Instant) -> tuple[Row, ...]:
    """Return the rows of a table that are in force on the Beijing day of ``at``.

    A row counts from ``active_from`` to ``active_to``, both days included; no ``active_to`` means still in force. On a
    day before the table begins, which only a clock that is behind can say, its first rules are in force.
    """
    return rows_on(name, instants.local_day(at))


@cache
def rows_on(name: str, day: str) -> tuple[Row, ...]:
    """Return the rows of a table that are in force on a Beijing day ``2026-04-01``."""
    rows = table(name)
    day = max(day, min(row["active_from"] for row in rows))
    return tuple(row for row in rows if row["active_from"] <= day <= (row["active_to"] or day))
