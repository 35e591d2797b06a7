"""Read the sums of the live closure summary: rollups by month and day, and lateness from the open cases alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any, TypeAlias

import orjson

from server.db.transactions import Reading
from server.instants import Instant
from server.summaries.domain import contributions, periods
from server.summaries.domain.area_rows import AreaScope
from server.summaries.domain.contributions import COLUMNS, LATE, STOCK
from server.summaries.domain.figure_definitions import Window
from server.summaries.domain.periods import Period
from server.summaries.store import recount
from server.summaries.store.rollups import ALL

PATH, MONTH, CATEGORY = "path", "month", "category"
"""What sums may be grouped by."""

Key: TypeAlias = Any
"""A path, a month number 202604, or a category."""

Columns: TypeAlias = dict[Key, Counter[str]]
NumberRange: TypeAlias = tuple[int, int]

_SUMS = ", ".join(f"SUM({column})" for column in COLUMNS)
_STOCK = f"SUM({' '.join(('-' if sign < 0 else '+') + column for sign, column in contributions.terms_of(STOCK))})"


class AreaCondition:
    """SQL condition, with its parameters: the path of a row counts in an area scope."""

    __slots__ = ("sql", "values")

    def __init__(self, area_scope: AreaScope) -> None:
        exact = area_scope.exact_paths()
        self.values: dict[str, Any] = {}
        if exact is not None:
            self.values = {f"in{n}": path for n, path in enumerate(exact)}
            self.sql = f" AND path IN ({', '.join(f':{name}' for name in self.values)})"
        elif area_scope.is_whole_county:
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
    """Return how many cases were registered less closed over ranges of months and days."""
    found: Counter[Key] = Counter()
    for range_ in ranges:
        for key, n in _summed(reading, "case_count", _STOCK, inside, by, range_):
            found[key] += n
    return found


def results(reading: Reading, inside: AreaCondition, by: str, ranges: tuple[NumberRange, ...]) -> Columns:
    """Return closed cases by result code over ranges of months and days."""
    found: Columns = {}
    for range_ in ranges:
        for key, code, n in _summed(reading, "case_result", "code, SUM(n)", inside, by, range_, more=", code"):
            found.setdefault(key, Counter())[code] += n
    return found


def visits(reading: Reading, inside: AreaCondition, period: Period, as_of: Instant) -> int:
    """Return how many premises patrols inspected in a period, as they told by an instant."""
    total = 0
    for low, high in periods.number_ranges(period):
        sql = f"SELECT COALESCE(SUM(premises), 0) FROM visit_count WHERE period BETWEEN :low AND :high{inside.sql}"
        total += int(reading.sql.value(sql, {"low": low, "high": high, **inside.values}))
    return total - _visits_since(reading, inside, period, as_of) if as_of < reading.now else total


CHANGED_PATROLS = "SELECT id FROM record WHERE type = 'patrols' AND updated_at > :as_of"
"""The patrols that have changed since an instant. Their type is written out, as their index has it."""


def _visits_since(reading: Reading, inside: AreaCondition, period: Period, as_of: Instant) -> int:
    """Return how many more premises the patrols of a period tell today than they told at an instant."""
    rows = reading.sql.rows(
        f"""
        SELECT id, created_at, fields FROM record
         WHERE id IN ({CHANGED_PATROLS}) AND created_at >= :starts_at AND created_at < :ends_at{inside.sql}
        """,
        {"as_of": as_of, "starts_at": period.starts_at, "ends_at": period.ends_at, **inside.values},
    )
    total = 0
    for row in rows:
        then = recount.premises_in(_fields_then(reading, row["id"], as_of)) if row["created_at"] <= as_of else 0
        total += recount.premises_in(orjson.loads(row["fields"])) - then
    return total


def _fields_then(reading: Reading, record: str, as_of: Instant) -> dict[str, str]:
    """Return the number of premises of a patrol at an instant, under its field; nothing where it told none."""
    sql = "SELECT diff FROM revision WHERE record = :record AND received_at <= :as_of ORDER BY version"
    told: dict[str, str] = {}
    for (diff,) in reading.sql.tuples(sql, {"record": record, "as_of": as_of}):
        changed = orjson.loads(diff).get(recount.PREMISES)
        if changed is not None:
            told[recount.PREMISES] = changed[1] or ""
    return told


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
    handling = "handle_due_at IS NOT NULL AND handle_due_at <= :as_of AND fed_back_at IS NULL AND dispatches <> ''"
    running = reading.sql.tuples(
        f"""
        SELECT {key.format("registered_day")}, COUNT(*) FILTER (WHERE {closing}), COUNT(*) FILTER (WHERE {handling}),
               COUNT(*) FILTER (WHERE {closing} AND reworked > 0), COUNT(*) FILTER (WHERE {handling} AND extended > 0)
          FROM case_fact
         WHERE running = 1 AND registered_day BETWEEN :low AND :high{inside.sql}
         GROUP BY 1
        """,
        {**values, "as_of": window.as_of},
    )
    for each, *late in running:
        found.setdefault(each, Counter()).update(dict(zip(LATE[1:], late, strict=True)))
    return found


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
        SELECT category FROM known WHERE category IS NOT NULL AND category <> :all
        """,
        {"all": ALL},
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
        condition, values = f"category IN ({', '.join(f':{name}' for name in wanted)})", {**values, **wanted}
    else:
        condition, values = "category = :all", {**values, "all": ALL}
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
