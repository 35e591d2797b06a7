"""Compute the closure summary from cases: figures row by row, and the cases behind each figure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from server.grid.domain.areas import Area, Level
from server.instants import Instant
from server.records.domain.case_facts import CaseFacts
from server.summaries.domain import area_rows, count_rules, figure_definitions, periods
from server.summaries.domain.area_rows import ELSEWHERE
from server.summaries.domain.count_rules import Window
from server.summaries.domain.figure_definitions import Kind
from server.summaries.domain.periods import Period

DAY_S = 86_400

TIMES = ("report_lag_mean", "report_lag_median", "report_lag_p90", "handle_mean", "handle_median", "handle_p90")
"""Codes of the figures that are lengths of time."""


class Rate(NamedTuple):
    """A share, exact: ``n`` of ``d``. ``value`` is None where there is nothing to divide by."""

    n: int
    d: int

    @property
    def value(self) -> Fraction | None:
        return Fraction(self.n, self.d) if self.d else None


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one set of cases, by their codes in ``data/figures.csv``.

    counts: numbers of cases (of dispatches, where the figure says so). rates: shares of two counts.
    days: lengths of time in days, exact, None where nothing was measured.
    results: closed cases by result code; they add up to ``counts["closed"]``.
    """

    counts: Mapping[str, int]
    rates: Mapping[str, Rate]
    days: Mapping[str, Fraction | None]
    results: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one area, category or month. key: its path, code or ``2026-04``; ELSEWHERE for the rest."""

    key: str
    name: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class Summary:
    """Rows and their total. The total is computed from the cases, never added up: medians do not add."""

    rows: tuple[Row, ...]
    total: Figures


def figures(cases: Iterable[CaseFacts], period: Period, as_of: Instant) -> Figures:
    """Return every figure of ``cases`` for a period, as known at an instant.

    cases: their facts as of ``as_of`` (``case_facts.as_of``), in any order; those outside the period count nowhere.
    as_of: may lie inside the period; then the figures are what they are so far.
    """
    known = figure_definitions.list_figures(as_of)
    window = count_rules.window_of(period, as_of)
    here = tuple(cases)
    counts = {
        figure.code: sum(count_rules.COUNT_RULES[figure.code](case, window) for case in here)
        for figure in known
        if figure.kind is Kind.COUNT
    }
    rates = {
        figure.code: Rate(counts[figure.numerator], counts[figure.denominator])
        for figure in known
        if figure.kind is Kind.RATE
    }
    return Figures(counts, rates, _days(here, window), _results(here, window))


def by_area(cases: Iterable[CaseFacts], grid: Sequence[Area], level: Level, period: Period, as_of: Instant) -> Summary:
    """Return a row for each area of a level in force at ``as_of``, also where nothing happened.

    grid: every area of the summary's scope, ended ones too, in the order of rows. A case recorded in an area that
    has ended counts where its successor is today (``domain.md`` section 2.5); in one that nobody took over it
    keeps a row of its own. A case known only to a wider area than ``level`` counts in the row ELSEWHERE.
    """
    by_path = {area.path: area for area in grid}
    names = {area.path: area.name for area in grid if area.level is level}
    today = [area.path for area in grid if area.level is level and area.in_force(as_of)]
    home: dict[str, str] = {}
    keyed = []
    for case in cases:
        if case.path not in home:
            home[case.path] = area_rows.row_containing(area_rows.current(case.path, by_path, as_of), names)
        keyed.append((home[case.path], case))
    ended = sorted({key for key, _ in keyed}.difference(today, {ELSEWHERE}))
    return _summary(keyed, {path: names[path] for path in (*today, *ended)}, area_rows.NOT_PLACED, period, as_of)


def by_category(cases: Iterable[CaseFacts], categories: Mapping[str, str], period: Period, as_of: Instant) -> Summary:
    """Return a row for each category (name by code, in the order of rows); unknown codes count in ELSEWHERE."""
    keyed = [(case.category if case.category in categories else ELSEWHERE, case) for case in cases]
    return _summary(keyed, categories, area_rows.OTHER_CATEGORIES, period, as_of)


def by_month(cases: Iterable[CaseFacts], period: Period, as_of: Instant) -> Summary:
    """Return a row for each month of the period, cut at its ends.

    A case counts in the month in which it did what the figure's base says: was received, registered, dispatched.
    So counts add up to the total, save 期初在办 and 期间应办: what is open passes from month to month.
    """
    here = tuple(cases)
    rows = tuple(Row(month, month, figures(here, part, as_of)) for month, part in periods.months_of(period))
    return Summary(rows, figures(here, period, as_of))


def _summary(
    keyed: Sequence[tuple[str, CaseFacts]], names: Mapping[str, str], rest: str, period: Period, as_of: Instant
) -> Summary:
    groups: dict[str, list[CaseFacts]] = {key: [] for key in names}
    for key, case in keyed:
        groups.setdefault(key, []).append(case)
    rows = tuple(Row(key, names.get(key, rest), figures(group, period, as_of)) for key, group in groups.items())
    return Summary(rows, figures((case for _, case in keyed), period, as_of))


def _results(cases: Sequence[CaseFacts], window: Window) -> dict[str, int]:
    closed = count_rules.COUNT_RULES["closed"]
    found = Counter(count_rules.result_of(case) for case in cases if closed(case, window))
    return dict(sorted(found.items()))


def _days(cases: Sequence[CaseFacts], window: Window) -> dict[str, Fraction | None]:
    """Return mean, median and P90 over the handled cases, and how long reports took to come in.

    P90 is the nearest rank, so it is some case's own time.
    """
    took = sorted(case.handled_s for case in cases if count_rules.handled(case, window) and case.handled_s is not None)
    lags = sorted(case.lag_s for case in cases if count_rules.received(case, window) and case.lag_s is not None)
    return {**dict.fromkeys(TIMES), **_spread("report_lag", lags), **_spread("handle", took)}


def _spread(name: str, took: Sequence[int]) -> dict[str, Fraction | None]:
    """Return mean, median and P90 of seconds that are in order, in days; nothing of none."""
    n = len(took)
    if not n:
        return {}
    return {
        f"{name}_mean": Fraction(sum(took), n * DAY_S),
        f"{name}_median": Fraction(took[(n - 1) // 2] + took[n // 2], 2 * DAY_S),
        f"{name}_p90": Fraction(took[-(-9 * n // 10) - 1], DAY_S),
    }
