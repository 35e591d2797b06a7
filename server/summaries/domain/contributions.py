"""Split every figure into contributions that add up, so that a summary is read from sums without reading cases.

A case's *contribution* says what it adds to each column on each Beijing day, whatever the instant of reading. What
depends on that instant, because a limit passes while nothing happens, is *lateness*, read from the open cases alone.
Every count of ``data/figures.csv`` is then a plain sum of columns (``FORMULAS``). All of it rests on the rules of
``figure_definitions``; that the sums equal a count over the cases is a law that the tests hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from server.instants import Instant
from server.records.domain.case_facts import CaseFacts
from server.records.domain.case_steps import CLOSED, DROPPED, HELD
from server.summaries.domain import case_parts, count_rules, figure_definitions
from server.summaries.domain.case_parts import LIMITS, STOCK
from server.summaries.domain.count_rules import COUNT_RULES, Window
from server.summaries.domain.counting_keys import EVER, RECEIVED, REGISTERED
from server.summaries.domain.figure_definitions import Kind
from server.summaries.domain.periods import Day, day_number
from server.summaries.domain.summary_rows import DAY_S, TIMES, Figures, Rate

COLUMNS = (
    *RECEIVED, *REGISTERED, "handled_s", "lag_s", "dispatches", "sent_in_vain", "returns", "closed_in_period", STOCK,
    *LIMITS,
)  # fmt: skip
"""Every column. handled_s: seconds of all that are handled; lag_s: seconds until reports came in, of all that tell
when they were found; sent_in_vain: dispatches, by their day, that came back; closed_in_period: closings that stand, by
their day."""

LATE = ("undecided_over_24h", "closing_overdue", "handling_overdue", "late_reworked", "late_extended")
"""Columns of lateness. late_reworked, late_extended: closing_overdue after a rework, handling_overdue extended."""

AHEAD = ("limits_ahead", "limits_ahead_closed")
"""What of LIMITS lies in the period and has not passed by the instant of the count."""

_STOPPED = CLOSED | HELD | DROPPED  # no clock of a case runs in these

OPENING = "opening"
"""The stock at the beginning: what all days before it add to it."""

REOPENED_LATER = "reopened_later"
"""Closings of the period that stood when it ended and were undone after it; no sum of days, since the end decides."""

FORMULAS: Mapping[str, str] = {
    **{code: code for code in (*RECEIVED, *REGISTERED, *LATE[:3], "dispatches", "returns", OPENING)},
    "undecided_reports": "reports -decided_reports",
    "cases": "registered -void -merged_cases",
    "limited": "registered -void -merged_cases -spot_closed",
    "limited_closed": "closed -spot_closed",
    "open": "registered -void -merged_cases -closed -suspended -transferred",
    "not_held": "registered -void -merged_cases -suspended -transferred",
    "due": "closed closing_overdue",
    "closed_late": "closed -closed_on_time",
    "open_in_time": "registered -void -merged_cases -closed -suspended -transferred -closing_overdue",
    "handling_due": "handled handling_overdue",
    "handled_late": "handled -handled_on_time",
    "extended_handling_due": "extended_handling_due late_extended",
    "passed_at_once": "checked -reworked",
    "reworked_due": "reworked_due late_reworked",
    "recheck_passed": "rechecked -recheck_failed",
    "dispatches_kept": "dispatches -sent_in_vain",
    "closed_in_period": f"closed_in_period {REOPENED_LATER}",
    "fell_due": "limits -limits_ahead",
    "fell_due_closed": "limits_closed -limits_ahead_closed",
    "with_carried": "registered -void -merged_cases carried",
    "closed_with_carried": "closed carried_closed",
    "workload": "opening registered -void -merged_cases carried",
}
"""How each count is made of columns; ``-`` takes one away."""

Contribution = dict[tuple[Day, str], int]

Percentiles = tuple[int, int, int] | None
"""Seconds of the two cases in the middle (twice the same for an odd number) and of the P90; None of none."""


def contribution(case: CaseFacts) -> Contribution:
    """Return what a case adds to each column of each day; columns to which it adds nothing are left out."""
    found: Contribution = {}
    for day, columns, n in case_parts.parts(case):
        if len(columns) == 1:
            _add(found, day, columns[0], n)
        else:  # those of a set are in no other part
            found |= dict.fromkeys([(day, column) for column in columns], n)
    return found


def ahead(case: CaseFacts, window: Window) -> dict[str, int]:
    """Return what a case adds to AHEAD; nothing where its limit lies outside the period or has passed."""
    at = case.close_due_at
    if (
        at is None
        or at <= window.as_of
        or not window.starts_at < at <= window.ends_at
        or not count_rules.has_limit(case)
    ):
        return {}
    return dict.fromkeys(AHEAD if case.closed else AHEAD[:1], 1)


def reopenings(case: CaseFacts) -> list[tuple[Day, Day]]:
    """Return the day of each closing that was undone, and the day on which it was."""
    return [
        (day_number(at), day_number(undone_at))
        for at, undone_at, status in case.endings
        if undone_at is not None and status in CLOSED
    ]


def lateness(case: CaseFacts, window: Window) -> dict[str, int]:
    """Return what an open case adds to LATE in a window; nothing where no limit has passed."""
    if case.status in _STOPPED:
        return {}
    if case.decided_at is None:
        return {"undecided_over_24h": 1} if COUNT_RULES["undecided_over_24h"](case, window) else {}
    if not window.past(case.close_due_at) and not window.past(case.handle_due_at):
        return {}
    closing = count_rules.overdue(case, window)
    handling = case.fed_back_at is None and count_rules.handling_overdue(case, window)
    found = {"closing_overdue": 1} if closing else {}
    if handling:
        found["handling_overdue"] = 1
    if closing and case.reworked > 0:
        found["late_reworked"] = 1
    if handling and case.extended > 0:
        found["late_extended"] = 1
    return found


def handling_seconds(case: CaseFacts) -> int | None:
    """Return the seconds that a case's handling took, None where it is in no cohort or no feedback stands."""
    return case.handled_s if case.fed_back_at is not None and count_rules.handled(case, EVER) else None


def result(case: CaseFacts) -> str | None:
    """Return the result code under which a case counts on the day it was registered, None while it is not closed."""
    return count_rules.result_of(case) if case.closed and COUNT_RULES["closed"](case, EVER) else None


def counts(columns: Mapping[str, int]) -> dict[str, int]:
    """Return every count from the sums of its columns; a column that is missing is nought."""
    n = columns.get
    found = {code: n(column, 0) for code, column in _SINGLE_COLUMN}
    for code, terms in _COMPOSED:
        found[code] = sum([sign * n(column, 0) for sign, column in terms])
    return found


@lru_cache(maxsize=256)
def terms_of(terms: str) -> tuple[tuple[int, str], ...]:
    """Return (sign, column) of each term of a line of FORMULAS."""
    return tuple((-1, term[1:]) if term.startswith("-") else (1, term) for term in terms.split())


_SINGLE_COLUMN = tuple((code, terms) for code, terms in FORMULAS.items() if code == terms)
_COMPOSED = tuple((code, terms_of(terms)) for code, terms in FORMULAS.items() if code != terms)
"""Counts that are one column, and those that are sums of several."""


def figures(
    columns: Mapping[str, int],
    results: Mapping[str, int],
    percentiles: Percentiles,
    as_of: Instant,
    lags: Percentiles = None,
) -> Figures:
    """Return the figures that columns come to.

    columns: sums of COLUMNS, LATE and AHEAD, and OPENING. results: closed cases by result code. percentiles: of
    handling times. lags: of the times until reports came in.
    """
    n = counts(columns)
    codes = _figure_codes(as_of)
    rates = {code: Rate(n[numerator], n[denominator]) for code, numerator, denominator in codes.rates}
    shown = {code: n[code] for code in codes.counts}
    days: dict[str, Fraction | None] = dict.fromkeys(TIMES)
    if n["dated_reports"]:
        days["report_lag_mean"] = Fraction(columns.get("lag_s", 0), n["dated_reports"] * DAY_S)
    if lags is not None:
        days |= _spread("report_lag", lags)
    if percentiles is not None:
        days["handle_mean"] = Fraction(columns.get("handled_s", 0), n["handled"] * DAY_S)
        days |= _spread("handle", percentiles)
    return Figures(shown, rates, days, dict(sorted((code, n) for code, n in results.items() if n)))


def _spread(name: str, percentiles: tuple[int, int, int]) -> dict[str, Fraction]:
    low, high, p90 = percentiles
    return {f"{name}_median": Fraction(low + high, 2 * DAY_S), f"{name}_p90": Fraction(p90, DAY_S)}


class _FigureCodes(NamedTuple):
    """The codes of all counts, and (code, numerator, denominator) of each rate."""

    counts: tuple[str, ...]
    rates: tuple[tuple[str, str, str], ...]


@lru_cache(maxsize=16)  # called for every row of a summary, which all have one instant
def _figure_codes(as_of: Instant) -> _FigureCodes:
    known = figure_definitions.list_figures(as_of)
    return _FigureCodes(
        tuple(each.code for each in known if each.kind is Kind.COUNT),
        tuple((each.code, each.numerator, each.denominator) for each in known if each.kind is Kind.RATE),
    )


def ranks(n: int) -> tuple[int, int, int]:
    """Return the positions, from 0, of the two middle ones and of the P90 (nearest rank) among ``n`` sorted cases."""
    return (n - 1) // 2, n // 2, -(-9 * n // 10) - 1


def percentiles_of(took: Iterable[int]) -> Percentiles:
    """Return the percentiles of handling times in seconds, in any order."""
    ordered = sorted(took)
    if not ordered:
        return None
    low, high, p90 = ranks(len(ordered))
    return ordered[low], ordered[high], ordered[p90]


def _add(found: Contribution, day: Day, column: str, n: int = 1) -> None:
    total = found.pop((day, column), 0) + n
    if total:
        found[day, column] = total
