"""Reads long lists of records for files: page by page as ``record_lists`` does, each page in the order of the disk.

Newest first is against the order in which rows lie: nobody reads ahead that way, and each row that is not in memory
yet is waited for alone. So an index says how far back a page goes, and its rows are read forwards from there.
"""

from __future__ import annotations

from server.db.sql import Row
from server.db.transactions import Reading
from server.grid.domain.scope import Scope
from server.records.store import record_lists
from server.records.store.record_conditions import Condition, Filters, conditions_of
from server.records.store.record_leads import newest_first, where


def page(
    reading: Reading, scope: Scope, filters: Filters, *, before: int | None, limit: int, columns: str
) -> list[Row]:
    """Return records inside ``scope``, newest first: at least ``limit`` where there are so many, fewer than twice that.

    columns, before: as for ``record_lists.page``.
    """
    if filters.q is not None:  # few records, which the index of labels finds
        return record_lists.page(reading, scope, filters, before=before, limit=limit, columns=columns)
    conditions = conditions_of(reading, scope, filters)
    lead = newest_first(reading, conditions)
    found: list[Row] = []
    while len(found) < limit:
        oldest = _oldest(reading, lead, before, limit)
        if oldest is None:
            break
        found += _between(reading, conditions, lead, oldest, before, columns)
        before = oldest
    return found


def _oldest(reading: Reading, lead: Condition | None, before: int | None, limit: int) -> int | None:
    """Return the ``born_seq`` of the oldest of the next ``limit`` records that the leading condition leaves."""
    terms, values = where([] if lead is None else [lead], lead)
    if before is not None:
        terms = f"{terms} AND born_seq < :before" if terms else "born_seq < :before"
        values["before"] = before
    next_ones = f"SELECT born_seq FROM record WHERE {terms or '1 = 1'} ORDER BY born_seq DESC LIMIT :limit"
    oldest: int | None = reading.sql.value(
        f"SELECT MIN(born_seq) FROM ({next_ones}) AS next_ones", {**values, "limit": limit}
    )
    return oldest


def _between(
    reading: Reading, conditions: list[Condition], lead: Condition | None, oldest: int, before: int | None, columns: str
) -> list[Row]:
    """Return the records that meet all conditions from the oldest one to ``before``, newest first."""
    terms, values = where(conditions, lead)
    values["oldest"] = oldest
    if before is not None:
        terms += " AND born_seq < :before"
        values["before"] = before
    sql = f"SELECT {columns} FROM record WHERE {terms} AND born_seq >= :oldest ORDER BY born_seq"
    return reading.sql.rows(sql, values)[::-1]
