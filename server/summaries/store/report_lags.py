"""Read how long reports took to come in: by an index of the days on which they did, months that are over once."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Mapping

from server.db.transactions import Reading
from server.instants import Instant
from server.summaries.domain import periods
from server.summaries.domain.periods import Period
from server.summaries.store.rollup_sums import CATEGORY, MONTH, PATH, AreaCondition, Key
from server.summaries.store.rollups import town_of

Lags = Mapping[str, "array[int]"]
"""The seconds that each report of a month took, in order of length, by the path of its town."""

_KEYS = {PATH: "path", CATEGORY: "category", MONTH: "received_day / 100"}
_LAGS = "FROM case_fact WHERE received_day BETWEEN :low AND :high AND lag_s IS NOT NULL"


def of_days(reading: Reading, inside: AreaCondition, by: str, period: Period, as_of: Instant) -> dict[Key, list[int]]:
    """Return the seconds of every report of a period that had come in by an instant, in any order."""
    low, high, today = periods.number(period.first), periods.number(period.last), periods.day_number(as_of)
    found: defaultdict[Key, list[int]] = defaultdict(list)
    # The last day alone is asked for the instant, and of now not even that: the index says no more than days. It says
    # who told anything, so that of that day only these are looked up.
    past = (
        f"{_LAGS} AND received_day < :today",
        f"FROM case_fact WHERE received_at <= :as_of AND id IN (SELECT id {_LAGS} AND received_day = :today)",
    )
    for until in past if as_of < reading.now else (f"{_LAGS} AND received_day <= :today",):
        rows = reading.sql.tuples(
            f"SELECT {_KEYS[by]}, lag_s {until}{inside.sql}",
            {"low": low, "high": high, "today": today, "as_of": as_of, **inside.values},
        )
        for key, lag_s in rows:
            found[key].append(lag_s)
    return found


def of_month(reading: Reading, month: Period) -> Lags:
    """Return those of a whole month that is over, of the whole county.

    They are remembered: when a report came in and was discovered never changes, and none comes in late.
    """
    return reading.cached(("report lags", month), lambda each: by_town(_whole(each, month)))


def by_town(lags: Mapping[str, list[int]]) -> Lags:
    """Return lags of paths by their towns, in order of length."""
    towns: defaultdict[str, list[int]] = defaultdict(list)
    for path, each in lags.items():
        towns[town_of(path)].extend(each)
    return {town: array("L", sorted(each)) for town, each in towns.items()}


def _whole(reading: Reading, month: Period) -> dict[str, list[int]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    days = {"low": periods.number(month.first), "high": periods.number(month.last)}
    for path, lag_s in reading.sql.tuples(f"SELECT path, lag_s {_LAGS}", days):
        found[path].append(lag_s)
    return found
