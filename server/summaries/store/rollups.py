"""Store the sums that summaries are read from, updated in the transaction that changes a case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from server.db.sql import Row, Sql
from server.records.domain.case_facts import CaseFacts
from server.summaries.domain import contributions, periods
from server.summaries.domain.contributions import COLUMNS, Contribution

ALL = "*"
"""Stands for every category in the sums over all of them."""

COUNTY = "**"
"""Stands for every category, and for every area and town, in the sums of the whole county by month.

They say what those over all areas add up to: a month is one row then, not one for each village. No area may be added up
with them, so that a merger of areas, which is a matter of reading, never touches them.
"""

BUCKET_S = 7_200
"""Width of a bucket of handling times, in seconds: narrow enough that few cases share one."""

RollupKey = tuple[int, str, str]
"""(period, category, path): a month 202604 or a day 20260401, a category or ALL, an area; or a month and COUNTY."""

TABLES = {
    "case_count": (("category", "period", "path"), COLUMNS),
    "case_result": (("category", "period", "path", "code"), ("n",)),
    "case_pace": (("month", "town", "bucket"), ("n",)),
}
"""The tables of sums: their key columns, and the columns that are summed."""


@lru_cache(maxsize=1_024)
def _adding(table: str, sums: tuple[str, ...]) -> str:
    """Return the statement that adds to these sums of a row, and makes it where it is not there."""
    keys, every = TABLES[table]
    columns = (*keys, *sums)
    # Those that have no default, of a row that is made, must be named; what a step moves is few of them.
    unnamed = tuple(column for column in every if column not in sums)
    values = (*(f":{column}" for column in columns), *("0" for _ in unnamed))
    added = ", ".join(f"{column} = {table}.{column} + excluded.{column}" for column in sums)
    return (
        f"INSERT INTO {table} ({', '.join((*columns, *unnamed))}) VALUES ({', '.join(values)}) "
        f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {added}"
    )


class Sums:
    """What is to be added to the rollups, added up first so that each row is written once."""

    __slots__ = ("counts", "handling_times", "results")

    def __init__(self) -> None:
        self.counts: dict[RollupKey, dict[str, int]] = {}
        self.results: Counter[tuple[int, str, str, str]] = Counter()
        self.handling_times: Counter[tuple[int, str, int]] = Counter()

    def add(self, case: CaseFacts, sign: int) -> None:
        """Add what a case contributes, or take it away (``sign`` -1)."""
        self._add_counts(case, contributions.contribution(case), sign)
        if case.registered_at is None:
            return
        day = periods.day_number(case.registered_at)
        code = contributions.result(case)
        if code is not None:
            for key in rollup_keys(day, case.category, case.path):
                self.results[(*key, code)] += sign
        took = contributions.handling_seconds(case)
        if took is not None:
            for town in (town_of(case.path), COUNTY):
                self.handling_times[day // 100, town, took // BUCKET_S] += sign

    def _add_counts(self, case: CaseFacts, contribution: Contribution, sign: int) -> None:
        days: dict[int, list[tuple[str, int]]] = {}
        for (day, column), n in contribution.items():
            days.setdefault(day, []).append((column, sign * n))
        for day, moved in days.items():
            for key in rollup_keys(day, case.category, case.path):
                row = self.counts.get(key)
                if row is None:
                    row = self.counts[key] = {}
                for column, n in moved:
                    row[column] = row.get(column, 0) + n

    def write(self, sql: Sql) -> None:
        """Add everything to the tables; rows that came to nought are not written."""
        for table, rows in self.rows().items():
            keys = TABLES[table][0]
            alike: dict[tuple[str, ...], list[Row]] = {}
            for row in rows:
                alike.setdefault(tuple(row)[len(keys) :], []).append(row)
            for sums, each in alike.items():
                sql.run_each(_adding(table, sums), each)

    def rows(self) -> dict[str, list[Row]]:
        """Return what is to be added, as rows by table: the keys of each, then the sums that are moved."""
        return {
            "case_count": [
                {"category": category, "period": period, "path": path, **moved}
                for (period, category, path), columns in self.counts.items()
                if (moved := {column: n for column, n in columns.items() if n})
            ],
            "case_result": [
                {"category": category, "period": period, "path": path, "code": code, "n": n}
                for (period, category, path, code), n in self.results.items()
                if n
            ],
            "case_pace": [
                {"month": month, "town": town, "bucket": bucket, "n": n}
                for (month, town, bucket), n in self.handling_times.items()
                if n
            ],
        }


def move(sql: Sql, before: CaseFacts | None, after: CaseFacts) -> None:
    """Add to the sums what a case contributes now and did not before."""
    sums = Sums()
    if before is not None:
        sums.add(before, -1)
    sums.add(after, 1)
    sums.write(sql)


def summed(cases: Iterable[CaseFacts]) -> Sums:
    """Return the sums over cases, without reading the tables."""
    sums = Sums()
    for case in cases:
        sums.add(case, 1)
    return sums


def stored(sql: Sql, table: str) -> dict[tuple[object, ...], Mapping[str, int]]:
    """Return every row of a table of sums that is not all noughts, by its key."""
    keys, sums = TABLES[table]
    return by_key(table, sql.each(f"SELECT {', '.join((*keys, *sums))} FROM {table}"))


def by_key(table: str, rows: Iterable[Row]) -> dict[tuple[object, ...], Mapping[str, int]]:
    """Return rows of a table of sums, without their noughts, by their keys."""
    keys, sums = TABLES[table]
    return {
        tuple(row[key] for key in keys): moved
        for row in rows
        if (moved := {column: row[column] for column in sums if row.get(column)})
    }


def town_of(path: str) -> str:
    """Return the path of the town that holds ``path``; the county's own for what belongs to no town."""
    return "/".join(path.split("/")[:2])


def rollup_keys(day: int, category: str, path: str) -> Iterator[RollupKey]:
    """Yield the rows of sums to which adds what a case of a category, at a path, contributes on a day (20260401)."""
    month = day // 100
    yield month, category, path
    yield month, ALL, path
    yield month, COUNTY, COUNTY
    yield day, ALL, path
