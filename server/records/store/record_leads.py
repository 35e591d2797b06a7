"""Chooses the one condition that leads a query over records: what leaves few rows is counted, the rest is ranked.

A planner without statistics collects and sorts half a county where the first hundred rows are at hand, and statistics
of averages do not say that one body has a hundred thousand cases and another three. So a condition is counted, as far
as it matters.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from server.db.transactions import Reading
from server.records.domain.status import OPEN
from server.records.store.record_conditions import COUNTED_RANK, PLACE_RANK, SCOPE_RANK, UNORDERED_RANK, Condition

FEW = 1_000
"""So many rows are read, compared and sorted before a person notices; where there are more, other ways are quicker."""


PLACE_TIMES = 4
"""So many times as many rows are read of a village: else all open cases of the county are passed over for it."""


def leading(conditions: list[Condition], *, in_order: bool = True) -> Condition | None:
    """Return the condition that an index is likely to answer best; None to walk all records, newest first.

    in_order: rows are wanted in the order of a list, not only counted.
    """
    found = (each for each in conditions if each.rank and not (in_order and each.rank >= UNORDERED_RANK))
    return min(found, key=lambda each: each.rank, default=None)


def fewest(reading: Reading, conditions: list[Condition]) -> Condition | None:
    """Return the condition that leaves the fewest rows; None where each leaves more than ``FEW``, of a village more."""
    found, least = None, FEW * PLACE_TIMES + 1
    for each in sorted(filter(_is_counted, conditions), key=lambda each: each.rank):
        most = FEW * PLACE_TIMES if each.rank in (PLACE_RANK, SCOPE_RANK) else FEW
        rows = _rows(reading, each, most)
        if rows <= most and rows < least:
            found, least = each, rows
    return found


def newest_first(reading: Reading, conditions: list[Condition]) -> Condition | None:
    """Return the condition that leads a list, newest first; None to walk all records."""
    lead = leading(conditions)
    if [lead] == list(filter(_is_counted, conditions)):
        return lead  # however many rows it leaves
    return fewest(reading, conditions) or lead


def _is_counted(condition: Condition) -> bool:
    return 0 < condition.rank <= COUNTED_RANK


def where(conditions: list[Condition], leading: Condition | None) -> tuple[str, dict[str, Any]]:
    """Return the terms of a query, and their values; all but the leading one are hidden from the planner."""
    terms: list[str] = []
    values: dict[str, Any] = {}
    for condition in conditions:
        terms.append(condition.sql if condition is leading else f"({condition.beside or condition.sql}) IS TRUE")
        values |= condition.values
    return " AND ".join(terms), values


def are_open(statuses: Collection[str] | None) -> bool:
    """Say whether cases of these statuses are all in the index of limits."""
    return bool(statuses) and OPEN.issuperset(statuses or ())


def of_open_status(conditions: list[Condition], status: str) -> Condition:
    """Return what leads to the cases of an open status by the index of limits, in the range that is asked for."""
    ranged = next((each for each in conditions if each.is_range), None)
    sql = "status = :of_status AND closed_at IS NULL"
    if ranged is None:
        return Condition(1, sql, {"of_status": status})
    return Condition(1, f"{sql} AND {ranged.sql}", {"of_status": status, **ranged.values})


def of_one_status(conditions: list[Condition], status: str) -> tuple[str, dict[str, Any]]:
    """Return the terms of a query for the cases of a status that meet all conditions, and their values."""
    if status in OPEN:
        of_status = of_open_status(conditions, status)
    else:
        of_status = Condition(1, "status = :of_status", {"of_status": status})
    rest = [each for each in conditions if not (each.is_range and status in OPEN)]
    terms, values = where([of_status, *rest], of_status)
    return f"{terms} AND status IS NOT NULL", values


def _rows(reading: Reading, condition: Condition, most: int) -> int:
    """Return how many rows a condition leaves, as far as ``most`` and one; a page asks the same more than once."""

    def count(reading: Reading) -> int:
        found = f"SELECT 1 AS one FROM record WHERE {condition.sql} LIMIT :counted_most"
        values = {**condition.values, "counted_most": most + 1}
        return int(reading.sql.value(f"SELECT COUNT(*) FROM ({found}) AS counted", values))

    return reading.once(("rows of", condition.sql, *condition.values.items()), count)
