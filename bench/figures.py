"""Defines figures with their targets, and prints them as a table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

BEYOND = "✗"
HEADER = ("figure", "measured", "target", "", "this machine")


class Target(NamedTuple):
    """What a figure should be: at least ``bound`` when ``is_floor``, else below it."""

    bound: float
    is_floor: bool = False

    def is_met(self, value: float) -> bool:
        """Return whether ``value`` meets the target."""
        return value >= self.bound if self.is_floor else value < self.bound


class Figure(NamedTuple):
    """One line of the table.

    value: in ``unit``; the target is about it. spread: more of the same measurement, such as its p99.
    reference: what the machine itself does, or how the figure was measured.
    """

    name: str
    value: float
    unit: str
    target: Target | None = None
    spread: str = ""
    reference: str = ""


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest of ``values`` that ``percent`` of them do not exceed. Raises ValueError for none."""
    if not values:
        raise ValueError("nothing was measured")
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def latency(name: str, seconds: Sequence[float], target_ms: float | None = None, reference: str = "") -> Figure:
    """Return the median of ``seconds`` as milliseconds, with the p99."""
    return Figure(
        name,
        percentile(seconds, 50) * 1000,
        "ms",
        None if target_ms is None else Target(target_ms),
        f"p99 {number(percentile(seconds, 99) * 1000)} ms",
        reference,
    )


def number(value: float) -> str:
    """Return ``value`` with three significant digits or more."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def table(figures: Iterable[Figure]) -> str:
    """Return the figures as lines in columns; what is beyond its target is marked."""
    rows = [HEADER, *map(_row, figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    return "\n".join(
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def line(figure: Figure) -> str:
    """Return one figure as a line, for a table whose other lines are still to come."""
    name, measured, target, mark, reference = _row(figure)
    return f"  {name:<62}{measured:<32}{target:<12}{mark:<3}{reference}".rstrip()


def _row(figure: Figure) -> tuple[str, ...]:
    measured = f"{number(figure.value)} {figure.unit}".rstrip()
    if figure.spread:
        measured += f" ({figure.spread})"
    target, mark = "", ""
    if figure.target is not None:
        sign = "≥" if figure.target.is_floor else "<"
        target = f"{sign} {figure.target.bound:,.0f} {figure.unit}".rstrip()
        mark = "✓" if figure.target.is_met(figure.value) else BEYOND
    return figure.name, measured, target, mark, figure.reference
