"""Read the sums of the live closure summary: rollups by month and day, and lateness from the open cases alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any, TypeAlias

from server.db.transactions import Reading
from server.instants import Instant
from server.summaries.domain import periods
from server.summaries.domain.area_rows import AreaScope
from server.summaries.domain.case_parts import STOCK
from server.summaries.domain.contributions import AHEAD, COLUMNS, LATE
from server.summaries.domain.count_rules import Window
from server.summaries.domain.periods import Period
from server.summaries.store.rollups import ALL, COUNTY

PATH, MONTH, CATEGORY = "path", "month", "category"
"""What sums may be grouped by."""

Key: TypeAlias = Any
"""A path, a month number 202604, or a category."""

Columns: TypeAlias = dict[Key, Counter[str]]
NumberRange: TypeAlias = tuple[int, int]

_SUMS = ", ".join(f"SUM({column})" for column in COLUMNS)
_STOCK = f"SUM({STOCK})"

IS_CLOSING = "status IN ('closed', 'spot_closed')"
"""Which rows of ``case_ending`` are closings: all but those of void and merged cases."""

HANDLING_OVERDUE = "handle_due_at IS NOT NULL AND handle_due_at <= :as_of AND fed_back_at IS NULL AND dispatches <> ''"
"""Which running cases are past their handling limit at an instant; as ``count_rules.handling_overdue`` says."""


class AreaCondition:
    """SQL condition, with its parameters: the path of a row counts in an area scope."""

    __slots__ = ("is_county", "sql", "values")

    def __init__(self, area_scope: AreaScope) -> None:
        exact = area_scope.exact_paths()
        self.is_county = exact is None and area_scope.is_whole_county
        self.values: dict[str, Any] = {}
        if exact is not None:
            self.values = {f"in{n}": path for n, path in enumerate(exact)}
            # An area that another has taken over holds nothing any more, and no engine but SQLite takes an empty list.
            listed = ", ".join(f":{name}" for name in self.values)
            self.sql = f" AND path IN ({listed})" if listed else " AND 1 = 0"
        elif self.is_county:
            self.sql = ""
        else:
            bounds = [place.bounds() for place in area_scope.places]
            self.values = {
                f"{end}{n}": bound[i] for n, bound in enumerate(bounds) for i, end in enumerate(("lo", "hi"))
            }
            ranges = " OR ".join(f"(path >= :lo{n} AND path < :hi{n})" for n in range(len(bounds)))
            self.sql = f" AND ({ranges or '1 = 0'})"


def counts(reading: Reading, inside: AreaCondition, by: str, ranges: tuple[NumberRange, ...]) -> Columns:
    """Return the sums of COLUMNS over ranges of months and days (``number_ranges``); by category, months alone."""
    found: Columns = {}
    for range_ in ranges:
        for key, *sums in _summed(reading, "case_count", _SUMS, inside, by, range_):
            found.setdefault(key, Counter()).update(dict(zip(COLUMNS, sums, strict=True)))
    return found


def stocks(reading: Reading, inside: AreaCondition, by: str, ranges: tuple[NumberRange, ...]) -> Counter[Key]:
    """Return what ranges of months and days add to the stock of cases."""
    found: Counter[Key] = Counter()
    for range_ in ranges:
        for key, n in _summed(reading, "case_count", _STOCK, inside, by, range_):
            found[key] += n
    return found


def reopened_later(reading: Reading, inside: AreaCondition, by: str, period: Period) -> Counter[Key]:
    """Return how many closings of a period were undone after it had ended."""
    key = {PATH: "path", CATEGORY: "(SELECT category FROM case_fact WHERE id = record)", MONTH: "ended_day / 100"}[by]
    return _reopened(reading, inside, key, period, _after_period(reading, period))


def reopened_month_by_month(reading: Reading, inside: AreaCondition, period: Period) -> Counter[Key]:
    """Return how many closings of each month of a period were undone after that month, or the period, had ended."""
    same_month = f"{_after_period(reading, period)} AND undone_day / 100 = ended_day / 100"
    later_month = "ended_day BETWEEN :first AND :last AND undone_day / 100 > ended_day / 100"
    found = (_reopened(reading, inside, "ended_day / 100", period, each) for each in (same_month, later_month))
    return sum(found, Counter[Key]())


def _after_period(reading: Reading, period: Period) -> str:
    """Return the condition that a closing was undone after a period, read by the index in which fewer rows lie."""
    since = periods.day_of(reading.now) - period.last
    ended_day = "ended_day" if since > period.last - period.first else "+ended_day"
    return f"{ended_day} BETWEEN :first AND :last AND undone_day > :last"


def _reopened(reading: Reading, inside: AreaCondition, key: str, period: Period, later: str) -> Counter[Key]:
    rows = reading.sql.tuples(
        f"SELECT {key}, COUNT(*) FROM case_ending WHERE {IS_CLOSING} AND {later}{inside.sql} GROUP BY 1",
        {"first": periods.number(period.first), "last": periods.number(period.last), **inside.values},
    )
    return Counter(dict(rows))


def results(reading: Reading, inside: AreaCondition, by: str, ranges: tuple[NumberRange, ...]) -> Columns:
    """Return closed cases by result code over ranges of months and days."""
    found: Columns = {}
    for range_ in ranges:
        for key, code, n in _summed(reading, "case_result", "code, SUM(n)", inside, by, range_, more=", code"):
            found.setdefault(key, Counter())[code] += n
    return found


def lateness(reading: Reading, inside: AreaCondition, by: str, period: Period, window: Window) -> Columns:
    """Return the sums of LATE over the cases that are open; ``window`` decides what is late."""
    found: Columns = {}
    key = {PATH: "path", CATEGORY: "category", MONTH: "{} / 100"}[by]
    values = {"low": periods.number(period.first), "high": periods.number(period.last), **inside.values}
    undecided = reading.sql.tuples(
        f"""
        SELECT {key.format("received_day")}, COUNT(*)
          FROM case_fact
         WHERE decided_at IS NULL AND received_day BETWEEN :low AND :high AND received_at <= :day_before{inside.sql}
         GROUP BY 1
        """,
        {**values, "day_before": window.day_before},
    )
    for each, n in undecided:
        found.setdefault(each, Counter())[LATE[0]] += n
    closing = "close_due_at IS NOT NULL AND close_due_at <= :as_of"
    running = reading.sql.tuples(
        f"""
        SELECT {key.format("registered_day")}, COUNT(*) FILTER (WHERE {closing}),
               COUNT(*) FILTER (WHERE {HANDLING_OVERDUE}),
               COUNT(*) FILTER (WHERE {closing} AND reworked > 0),
               COUNT(*) FILTER (WHERE {HANDLING_OVERDUE} AND extended > 0)
          FROM case_fact
         WHERE running = 1 AND registered_day BETWEEN :low AND :high{inside.sql}
         GROUP BY 1
        """,
        {**values, "as_of": window.as_of},
    )
    for each, *late in running:
        found.setdefault(each, Counter()).update(dict(zip(LATE[1:], late, strict=True)))
    return found


def limits_ahead(reading: Reading, inside: AreaCondition, by: str, period: Period, as_of: Instant) -> Columns:
    """Return the sums of AHEAD: closing limits of a period that have not passed, found by the days still to come."""
    if period.last < periods.day_of(as_of):
        return {}
    rows = reading.sql.tuples(
        f"""
        SELECT { ({PATH: "path", CATEGORY: "category", MONTH: "limit_day / 100"}[by]) }, COUNT(*), COUNT(closed_day)
          FROM case_fact
         WHERE limit_day BETWEEN :low AND :high AND close_due_at > :as_of{inside.sql}
         GROUP BY 1
        """,
        {
            "low": periods.number(max(period.first, periods.day_of(as_of))),
            "high": periods.number(period.last),
            "as_of": as_of,
            **inside.values,
        },
    )
    return {key: Counter(dict(zip(AHEAD, sums, strict=True))) for key, *sums in rows}


def handling_times(reading: Reading, inside: AreaCondition, by: str, period: Period) -> dict[Key, list[int]]:
    """Return the seconds of every handled case of a period, in any order."""
    low, high = periods.number(period.first), periods.number(period.last)
    ranges = periods.number_ranges(period)
    whole = len(ranges) == 1 and periods.is_months(ranges[0])
    days = "" if whole else " AND registered_day BETWEEN :low AND :high"
    rows = reading.sql.tuples(
        f"""
        SELECT {_HANDLING_TIME_KEYS[by]}, handled_s
          FROM case_fact
         WHERE handled_s IS NOT NULL AND registered_month BETWEEN :from AND :to{days}{inside.sql}
        """,
        {"from": low // 100, "to": high // 100, "low": low, "high": high, **inside.values},
    )
    found: defaultdict[Key, list[int]] = defaultdict(list)
    for key, took in rows:
        found[key].append(took)
    return found


_HANDLING_TIME_KEYS = {PATH: "path", CATEGORY: "category", MONTH: "registered_month"}


def categories(reading: Reading) -> list[str]:
    """Return every category that sums are kept of, by seeking from one to the next in the index."""
    rows = reading.sql.tuples(
        """
        WITH RECURSIVE known (category) AS (
          SELECT MIN(category) FROM case_count
           UNION ALL
          SELECT (SELECT MIN(category) FROM case_count WHERE case_count.category > known.category)
            FROM known WHERE known.category IS NOT NULL)
        SELECT category FROM known WHERE category IS NOT NULL AND category <> :all AND category <> :county
        """,
        {"all": ALL, "county": COUNTY},
    )
    return [category for (category,) in rows]


def _summed(
    reading: Reading, table: str, sums: str, inside: AreaCondition, by: str, range_: NumberRange, more: str = ""
) -> Iterator[tuple[Any, ...]]:
    """Yield (key, sums…) of the rows of a range of months or of days."""
    low, high = range_
    values: dict[str, Any] = {"low": low, "high": high, **inside.values}
    if by == CATEGORY:
        wanted = {f"c{n}": category for n, category in enumerate(categories(reading))}
        listed = ", ".join(f":{name}" for name in wanted)
        condition, values = f"category IN ({listed})" if wanted else "1 = 0", {**values, **wanted}
    else:
        in_one = by == MONTH and inside.is_county and periods.is_months(range_)
        condition, values = "category = :all", {**values, "all": COUNTY if in_one else ALL}
    month = "period" if periods.is_months(range_) else "period / 100"
    key = {PATH: "path", CATEGORY: "category", MONTH: month}[by]
    return reading.sql.tuples(
        f"""
        SELECT {key}, {sums}
          FROM {table}
         WHERE {condition} AND period BETWEEN :low AND :high{inside.sql}
         GROUP BY {key}{more}
        """,
        values,
    )
