"""Read what kept days moved in the sums that a summary is made of, by town or by month."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from server.db.transactions import Reading
from server.instants import Instant
from server.summaries.domain import periods
from server.summaries.domain.contributions import AHEAD, COLUMNS, LATE
from server.summaries.domain.count_rules import Window
from server.summaries.domain.periods import Day, Period
from server.summaries.store.rollup_sums import HANDLING_OVERDUE, MONTH, PATH, AreaCondition, Columns, Key

_SUMS = ", ".join(f"SUM({column})" for column in COLUMNS)


class KeptDays(NamedTuple):
    """The first and the last of days in a row whose movements are kept."""

    first: Day
    last: Day


class MovementSums:
    """Reads what some days moved in the sums of a period.

    by: PATH, of which the keys are towns, or MONTH. inside: whole towns. period: ends before these days begin.
    """

    def __init__(self, reading: Reading, days: KeptDays, inside: AreaCondition, by: str, period: Period) -> None:
        self._reading = reading
        self._by = by
        self._within = f"day BETWEEN :since AND :until{inside.sql}"
        low, high = periods.number(period.first), periods.number(period.last)
        self._values = {"since": days.first, "until": days.last, "low": low, "high": high, **inside.values}

    def counts(self) -> Columns:
        """Return what moved in the sums of COLUMNS. The stock of a day is of its own time: no later day moves it."""
        found: Columns = {}
        for key, *sums in self._grouped("movement_count", _SUMS, "period BETWEEN :low AND :high", "period / 100"):
            found[key] = Counter(dict(zip(COLUMNS, sums, strict=True)))
        return found

    def results(self) -> Columns:
        """Return what moved among closed cases by result code."""
        found: Columns = {}
        in_period = "period BETWEEN :low AND :high"
        for key, code, n in self._grouped("movement_result", "code, SUM(n)", in_period, "period / 100", ", code"):
            found.setdefault(key, Counter())[code] += n
        return found

    def times(self) -> Iterator[tuple[Key, str, int, int]]:
        """Yield (key, town, seconds, n): of how many more cases than before handling took so long, or fewer."""
        in_period = "period BETWEEN :low AND :high"
        return self._grouped("movement_time", "path, handled_s, SUM(n)", in_period, "period / 100", ", path, handled_s")

    def lateness(self, window: Window) -> Columns:
        """Return what moved in the sums of LATE and AHEAD; the instant of ``window`` lies in the period's last day."""
        at, found = {"as_of": window.as_of, "day_before": window.day_before}, Columns()
        undecided = "decided_at IS NULL AND received_day BETWEEN :low AND :high AND received_at <= :day_before"
        for key, n in self._grouped("movement_state", "SUM(n)", undecided, "received_day / 100", at=at):
            found.setdefault(key, Counter())[LATE[0]] += n
        running = "running = 1 AND registered_day BETWEEN :low AND :high"
        for key, *late in self._grouped("movement_state", _LATE_SUMS, running, "registered_day / 100", at=at):
            found.setdefault(key, Counter()).update(dict(zip(LATE[1:], late, strict=True)))
        ahead = "limit_day = :high AND close_due_at > :as_of"
        closed = "COALESCE(SUM(n) FILTER (WHERE closed_day IS NOT NULL), 0)"
        for key, *sums in self._grouped("movement_state", f"SUM(n), {closed}", ahead, "limit_day / 100", at=at):
            found.setdefault(key, Counter()).update(dict(zip(AHEAD, sums, strict=True)))
        return found

    def _grouped(
        self, table: str, sums: str, rows: str, month: str, more: str = "", at: Mapping[str, Instant] | None = None
    ) -> Iterator[tuple[Any, ...]]:
        """Yield (key, sums…) of the rows that a condition names.

        month: of a row, where it is the key. more: what else rows are grouped by. at: instants that ``rows`` names.
        """
        key = {PATH: "path", MONTH: month}[self._by]
        sql = f"SELECT {key}, {sums} FROM {table} WHERE {self._within} AND {rows} GROUP BY 1{more}"
        return self._reading.sql.tuples(sql, {**self._values, **(at or {})})


_CLOSING = "close_due_at IS NOT NULL AND close_due_at <= :as_of"
_LATE_SUMS = ", ".join(
    f"COALESCE(SUM(n) FILTER (WHERE {late}), 0)"
    for late in (_CLOSING, HANDLING_OVERDUE, f"{_CLOSING} AND reworked > 0", f"{HANDLING_OVERDUE} AND extended > 0")
)
"""Sums of LATE but its first, as ``rollup_sums.lateness`` counts them."""
