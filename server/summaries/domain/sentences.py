"""Format figures as text: shares and days as people print them, and the sentence that a brigade reports."""

from __future__ import annotations

from fractions import Fraction

from server.summaries.domain.summary_rows import Figures, Rate

NOTHING = "—"
"""Printed where there is nothing to divide by: neither 0 % nor 100 % would be true."""

NOT_BEGUN = "时段还没有开始，没有可报的数。"
"""Stands for the sentence where the days are still to come: noughts would be read as figures."""

SENTENCE = "检查{visited}家，发现{cases}处，当场整改{spot_closed}处，限期整改{limited}处，已办结{closed}处（含当场整改），挂账{suspended}处，超期未结{handling_overdue}处（按处置时限）。"  # noqa: E501 - the catalogue finds a text in one piece
"""The sentence for the brigade's report, with counts by their codes."""


def percent(rate: Rate) -> str:
    """Return a share as ``66.67%``, rounded half up, or NOTHING."""
    return f"{_half_up(rate.n * 100, rate.d, 2)}%" if rate.d else NOTHING


def share(rate: Rate) -> str:
    """Return a share as people compare it: ``percent``, but ``3/7`` where it is one of fewer than ten.

    One case more or less would move such a percentage by ten points and more.
    """
    return f"{rate.n}/{rate.d}" if is_of_few(rate) else percent(rate)


def is_of_few(rate: Rate) -> bool:
    """Return whether a share is one of fewer than ten, and so is printed without a percentage; not one of nothing."""
    return 0 < rate.d < _TEN


_TEN = 10


def days(length: Fraction | None) -> str:
    """Return a length in days as ``8.0``, rounded half up, or NOTHING."""
    return NOTHING if length is None else _half_up(length.numerator, length.denominator, 1)


def sentence(figures: Figures, *, visited: int) -> str:
    """Return the sentence for the brigade's report; every number but ``visited`` opens as the count of that figure.

    visited: how many places were inspected, from patrols. 已办结 holds the spot fixes and says so, and 超期 names its
    clock: otherwise the reader guesses between two numbers (``domain.md`` section 2.7).
    """
    return SENTENCE.format(visited=visited, **figures.counts)


def _half_up(n: int, d: int, places: int) -> str:
    """Return ``n / d``, not negative, with so many decimals, at least one.

    Floats would round 0.125 down, and Fractions take ten times as long for the shares of 295 villages.
    """
    whole, part = divmod((n * 10**places * 2 + d) // (2 * d), 10**places)
    return f"{whole}.{part:0{places}d}"
