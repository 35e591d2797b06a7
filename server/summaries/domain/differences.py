"""Compute by how much a figure is more than the one beside it 增减: cases, percentage points or days."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from server.summaries.domain import sentences
from server.summaries.domain.summary_rows import Rate

POINTS = "百分点"
"""What the difference of two shares is told in."""


class Change(NamedTuple):
    """A difference, exact. amount: None where there is none to tell. places: decimals with which it is printed."""

    amount: Fraction | None
    places: int

    @property
    def is_points(self) -> bool:
        """Whether it is one of shares, in percentage points, and there is one to tell."""
        return self.amount is not None and self.places == _OF_RATES


_OF_COUNTS, _OF_LENGTHS, _OF_RATES = 0, 1, 2


def of_counts(now: int, before: int) -> Change:
    """Return by how many cases ``now`` is more."""
    return Change(Fraction(now - before), _OF_COUNTS)


def of_rates(now: Rate, before: Rate) -> Change:
    """Return by how many percentage points ``now`` is more; nothing where either is a share of fewer than ten."""
    if now.value is None or before.value is None or sentences.is_of_few(now) or sentences.is_of_few(before):
        return Change(None, _OF_RATES)
    return Change((now.value - before.value) * 100, _OF_RATES)


def of_lengths(now: Fraction | None, before: Fraction | None) -> Change:
    """Return by how many days ``now`` is longer; nothing where either was not measured."""
    return Change(None if now is None or before is None else now - before, _OF_LENGTHS)


def number(change: Change) -> str:
    """Return a difference as ``+3``, ``-1.25`` or ``0``, rounded half away from nought; NOTHING where there is none."""
    if change.amount is None:
        return sentences.NOTHING
    tens = 10**change.places
    whole, part = divmod(int(abs(change.amount) * tens + Fraction(1, 2)), tens)
    sign = "" if whole == part == 0 else "-" if change.amount < 0 else "+"
    return f"{sign}{whole}.{part:0{change.places}d}" if change.places else f"{sign}{whole}"


def printed(change: Change) -> str:
    """Return ``number`` as people read it, with a minus sign as long as the plus."""
    return number(change).replace("-", "−")


def text(change: Change) -> str:
    """Return a difference with its unit: ``+3``, ``+1.25 百分点``."""
    return f"{printed(change)} {POINTS}" if change.is_points else printed(change)
