"""Put the tables of two periods side by side, row by row and figure by figure."""

from __future__ import annotations

from collections.abc import Iterator

from server.summaries.domain.summary_rows import Rate
from server.summaries.usecases.groupings import ROW_TITLES, Grouping
from server.summaries.usecases.spreadsheets import Value
from server.summaries.usecases.summary_tables import Column, SummaryTable

MONTH = "month"
"""Code of the columns that say which months stand beside each other."""


def side_by_side(by: Grouping, one: tuple[str, SummaryTable], other: tuple[str, SummaryTable]) -> SummaryTable:
    """Return two tables side by side, figure by figure; each column says which (name, table) it is from.

    The first month of one period stands beside the first of the other, and so on; what has no counterpart stays blank.
    """
    (name, now), (other_name, before) = one, other
    columns = [Column(each.code, f"{title}{each.label}") for each in now.columns for title in (name, other_name)]
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
        line = [each for pair in zip(found, beside, strict=True) for each in pair]
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
