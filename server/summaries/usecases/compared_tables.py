"""Put the tables of two periods side by side, row by row and figure by figure, with the differences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from server.db.transactions import Reading
from server.summaries.domain import differences
from server.summaries.domain.differences import Change
from server.summaries.domain.figure_definitions import RESULT
from server.summaries.domain.summary_rows import TIMES, Rate
from server.summaries.usecases import summary_tables
from server.summaries.usecases.closure_summary import Result
from server.summaries.usecases.groupings import ROW_TITLES, Grouping
from server.summaries.usecases.spreadsheets import Days, Value
from server.summaries.usecases.summary_tables import AS_OF, DAYS, Column, SummaryTable

MONTH = "month"
"""Code of the columns that say which months stand beside each other."""

CHANGE = "change:"
"""Before the code of a figure it is that of the column of its differences 增减."""

WIDTH = 3
"""Columns of each figure: the two values and their difference."""


def beside(
    reading: Reading, one: tuple[str, Result], other: tuple[str, Result], codes: Sequence[str] | None = None
) -> SummaryTable:
    """Return ``side_by_side`` of two summaries (name, result) with these figures, or with all of them."""
    (name, now), (other_name, before) = one, other
    tables = (summary_tables.table(reading, result, codes) for result in (now, before))
    return side_by_side(now.by, (name, next(tables)), (other_name, next(tables)))


def side_by_side(by: Grouping, one: tuple[str, SummaryTable], other: tuple[str, SummaryTable]) -> SummaryTable:
    """Return two tables side by side, figure by figure; each column says which (name, table) it is from.

    After the two columns of a figure stands that of their difference; shares differ in percentage points.
    The first month of one period stands beside the first of the other, and so on; what has no counterpart stays blank.
    """
    (name, now), (other_name, before) = one, other
    columns = [column for each in now.columns for column in _columns(each, (name, other_name))]
    if by is Grouping.MONTH:
        columns += [Column(MONTH, f"{title}{ROW_TITLES[by]}") for title in (name, other_name)]
    codes = {column.code: at for at, column in enumerate(before.columns)}
    keys, names, values = [], [], []
    for mine, theirs in _pairs(by, now, before):
        found = [None if mine is None else now.values[mine][at] for at in range(len(now.columns))]
        beside = [_value_at(before, theirs, codes.get(column.code)) for column in now.columns]
        if by is not Grouping.MONTH:  # nothing was counted in a row that one of them does not have
            found = [_nothing_like(other) if each is None else each for each, other in zip(found, beside, strict=True)]
            beside = [_nothing_like(other) if each is None else each for each, other in zip(beside, found, strict=True)]
        line = [
            each
            for column, pair in zip(now.columns, zip(found, beside, strict=True), strict=True)
            for each in ((*pair, change(*pair)) if _is_figure(column) else pair)
        ]
        if by is Grouping.MONTH:
            line += [now.keys[mine] if mine is not None else None, before.keys[theirs] if theirs is not None else None]
        keys.append(now.keys[mine] if mine is not None else None if theirs is None else before.keys[theirs])
        names.append(now.names[mine] if mine is not None else "" if theirs is None else before.names[theirs])
        values.append(tuple(line))
    return SummaryTable(tuple(columns), tuple(keys), tuple(names), tuple(values))


def _pairs(by: Grouping, now: SummaryTable, before: SummaryTable) -> Iterator[tuple[int | None, int | None]]:
    """Yield the places of the rows that stand beside each other, None where one table has no such row; totals last."""
    ours, theirs = len(now.keys) - 1, len(before.keys) - 1
    if by is Grouping.MONTH:
        for at in range(max(ours, theirs)):
            yield (at if at < ours else None), (at if at < theirs else None)
    else:
        where = {key: at for at, key in enumerate(before.keys)}
        for at, key in enumerate(now.keys[:ours]):
            yield at, where.get(key)
        for at, key in enumerate(before.keys[:theirs]):
            if key not in now.keys:
                yield None, at
    yield ours, theirs


def _value_at(table: SummaryTable, row: int | None, column: int | None) -> Value:
    return None if row is None or column is None else table.values[row][column]


def _nothing_like(value: Value) -> Value:
    """Return how a figure of this kind says that nothing was counted."""
    if isinstance(value, Rate):
        return Rate(0, 0)
    return 0 if isinstance(value, int) else None


def _columns(of: Column, names: tuple[str, str]) -> Iterator[Column]:
    yield from (Column(of.code, f"{name}{of.label}", of.is_rate) for name in names)
    unit = f"（{differences.POINTS}）" if of.is_rate else ""
    if _is_figure(of):
        yield Column(f"{CHANGE}{of.code}", f"{of.label}增减{unit}", of.is_rate)


def _is_figure(column: Column) -> bool:
    return column.code not in (DAYS, AS_OF)


def change(now: Value, before: Value) -> Change | None:
    """Return by how much a figure is more than the one beside it; None where either has not begun to be counted."""
    if isinstance(now, Rate) and isinstance(before, Rate):
        return differences.of_rates(now, before)
    if isinstance(now, Days) and isinstance(before, Days):
        return differences.of_lengths(now.length, before.length)
    return differences.of_counts(now, before) if isinstance(now, int) and isinstance(before, int) else None


def as_json(reading: Reading, result: Result, previous: Result) -> dict[str, Any]:
    """Return the differences of every row and of the total as plain values; null where there is none to tell.

    Rows have the keys of those of ``result``; by month, the first differs from the first of ``previous``.
    """
    table = beside(reading, ("", result), ("", previous))
    changes = [_changes(table.columns, values) for values in table.values]
    rows = [{"key": key, **each} for key, each in zip(table.keys, changes, strict=True)]
    return {"rows": rows[:-1], "total": changes[-1]}


def _changes(columns: Sequence[Column], values: Sequence[Value]) -> dict[str, dict[str, Any]]:
    """Return the differences of one row, by kind and code."""
    found: dict[str, dict[str, Any]] = {"counts": {}, "rates": {}, "days": {}, "results": {}}
    for column, value in zip(columns, values, strict=True):
        if not column.code.startswith(CHANGE):
            continue
        code = column.code.removeprefix(CHANGE)
        kind = "rates" if column.is_rate else "days" if code in TIMES else "counts"
        if code.startswith(RESULT):
            kind, code = "results", code.removeprefix(RESULT)
        found[kind][code] = _change_json(value if isinstance(value, Change) else None)
    return found


def _change_json(of: Change | None) -> dict[str, Any]:
    if of is None or of.amount is None:
        return {"change": None, "text": "" if of is None else differences.text(of)}
    whole = of.amount.denominator == 1
    return {"change": int(of.amount) if whole else float(of.amount), "text": differences.text(of)}
