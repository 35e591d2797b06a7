"""Sum up cases that are read one by one into rows, by what each contributes: a rule for each figure takes far longer.

What comes out is what ``summary_rows`` counts, which judges every case by the rule of every figure; a law of the tests
holds that. It is for rows of which no sums are kept, in tens of thousands of cases.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from server.instants import Instant
from server.records.domain.case_facts import CaseFacts
from server.summaries.domain import contributions, count_rules, periods
from server.summaries.domain.case_parts import STOCK
from server.summaries.domain.contributions import OPENING, REOPENED_LATER
from server.summaries.domain.count_rules import Window
from server.summaries.domain.periods import Period
from server.summaries.domain.summary_rows import Figures, Row, Summary


def by_key(
    keyed: Iterable[tuple[str, CaseFacts]], names: Mapping[str, str], rest: str, period: Period, as_of: Instant
) -> Summary:
    """Return a row for each name by its key, in their order, and one for each other key that some case has.

    keyed: cases, with their facts as of the instant, and the key to which each belongs. rest: name of other rows.
    """
    window = count_rules.window_of(period, as_of)
    rows = {key: _Sums(period, window) for key in names}
    for key, case in keyed:
        if key not in rows:
            rows[key] = _Sums(period, window)
        rows[key].add(case)
    total = _Sums(period, window)
    for each in rows.values():
        total.take_in(each)
    shown = (Row(key, names.get(key, rest), each.figures()) for key, each in rows.items())
    return Summary(tuple(shown), total.figures())


class _Sums:
    """What the cases of a row contribute to a period, and how long each took."""

    __slots__ = ("_columns", "_first", "_lags", "_last", "_results", "_took", "_window")

    def __init__(self, period: Period, window: Window) -> None:
        self._first, self._last, self._window = periods.number(period.first), periods.number(period.last), window
        self._columns: Counter[str] = Counter()
        self._results: Counter[str] = Counter()
        self._took: list[int] = []
        self._lags: list[int] = []

    def add(self, case: CaseFacts) -> None:
        """Add what a case contributes."""
        columns, first, last = self._columns, self._first, self._last
        for (day, column), n in contributions.contribution(case).items():
            if first <= day <= last:
                columns[column] += n
            elif day < first and column == STOCK:
                columns[OPENING] += n
        for day, reopened_day in contributions.reopenings(case):
            columns[REOPENED_LATER] += first <= day <= last < reopened_day
        columns.update(contributions.lateness(case, self._window))
        columns.update(contributions.ahead(case, self._window))
        if case.lag_s is not None and self._window.holds(case.received_at):
            self._lags.append(case.lag_s)
        if self._window.holds(case.registered_at):
            self._add_registered(case)

    def take_in(self, other: _Sums) -> None:
        """Add what another row holds."""
        self._columns.update(other._columns)
        self._results.update(other._results)
        self._took += other._took
        self._lags += other._lags

    def figures(self) -> Figures:
        """Return the figures that all of it comes to."""
        took, lags = contributions.percentiles_of(self._took), contributions.percentiles_of(self._lags)
        return contributions.figures(self._columns, self._results, took, self._window.as_of, lags)

    def _add_registered(self, case: CaseFacts) -> None:
        code, took = contributions.result(case), contributions.handling_seconds(case)
        if code is not None:
            self._results[code] += 1
        if took is not None:
            self._took.append(took)
