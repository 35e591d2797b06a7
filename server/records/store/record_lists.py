"""Lists records for the API, exports and pages: newest or due first, page by page, always inside a scope."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from heapq import merge
from itertools import islice
from typing import NamedTuple

from server.db.sql import Row
from server.db.transactions import Reading
from server.grid.domain.scope import Scope
from server.instants import FOREVER, Instant
from server.records.domain.status import ENDED
from server.records.store import columns, record_conditions, record_leads
from server.records.store.columns import Projection
from server.records.store.record_conditions import (
    SUPERVISED,
    Condition,
    Filters,
    conditions_of,
    is_uuid,
    possible_statuses,
)
from server.records.store.record_leads import are_open, fewest, newest_first, of_one_status, of_open_status, where
from server.records.store.record_search import among_these, as_shown, is_shown, label_candidates, searched_conditions

__all__ = [
    "SUPERVISED",
    "DuePosition",
    "Filters",
    "count_by_assignee",
    "count_by_status",
    "count_changed",
    "count_ended",
    "due_position",
    "page",
    "page_by_due",
    "sorted_by",
]

NEWEST = columns.select(Projection.API | Projection.CSV, "born_seq")
"""The columns of rows of ``page``."""

BY_DUE = columns.select(Projection.API | Projection.TODO, "born_seq")
"""The columns of rows of ``page_by_due``."""

_LABELLED = "type, area, author, assignee, label, fields, case_no"
_DUE = record_conditions.DUE
_READ_LEAST, _READ_MOST = 200, 3_200
"""How many candidates are compared at first, and at most in one query."""


class DuePosition(NamedTuple):
    """Where a case stands in the order of limits, or of answers.

    due_at: ``FOREVER`` for one without a limit; in the order of answers the last day for it.
    """

    due_at: Instant
    born_seq: int


ReadAfter = Callable[[DuePosition | None], list[Row]]


def page(
    reading: Reading, scope: Scope, filters: Filters, *, before: int | None, limit: int, columns: str = NEWEST
) -> list[Row]:
    """Return up to ``limit`` records inside ``scope``, newest first.

    columns: of each row, as a SELECT names them; those by which ``filters`` compares labels are among them.
    before: ``born_seq`` of the last record of the page before, None for the first page. A record keeps its
    ``born_seq`` for ever, so that paging shows each one once, whatever is written meanwhile.
    """
    conditions = searched_conditions(reading, scope, filters)

    def read(last: Row | None) -> list[Row]:
        older_than = before if last is None else last["born_seq"]
        return _newest(reading, conditions, filters, older_than, limit, columns)

    return as_shown(filters, read, limit)


def page_by_due(
    reading: Reading, scope: Scope, filters: Filters, *, after: DuePosition | None, limit: int
) -> list[Row]:
    """Return up to ``limit`` cases inside ``scope``, the one due first before all others, those without a limit last.

    Rows have what decides their ``todo`` as well. after: where the last row of the page before stood, None for the
    first page.
    """
    conditions = searched_conditions(reading, scope, filters)
    few, statuses = fewest(reading, conditions), possible_statuses(filters)
    if few is None and are_open(statuses):
        readers = [_of_status(reading, conditions, status, limit) for status in statuses]
    else:
        readers = [sorted_by(reading, conditions, few or record_leads.leading(conditions), limit, few is not None)]

    def read(last: Row | None) -> list[Row]:
        position = after if last is None else due_position(last)
        return list(islice(merge(*(each(position) for each in readers), key=due_position), limit))

    return as_shown(filters, read, limit)


def _of_status(reading: Reading, conditions: list[Condition], status: str, limit: int) -> ReadAfter:
    """Return what reads the cases of one open status by their limits: its index has them in this order."""
    of_status = of_open_status(conditions, status)
    return sorted_by(reading, [of_status, *conditions], of_status, limit)


def sorted_by(
    reading: Reading,
    conditions: list[Condition],
    leading: Condition | None,
    limit: int,
    is_few: bool = False,
    by: str = _DUE,
) -> ReadAfter:
    """Return what reads up to ``limit`` cases after a position, None for the first ones, by their limits.

    is_few: the leading condition leaves so few rows that they are sorted. by: the order, in SQL.
    """
    terms, values = where(conditions, leading)
    # Open to the planner only where the index of limits has it: else it would walk all records by status.
    is_case = "(status IS NOT NULL) IS TRUE" if is_few else "status IS NOT NULL"

    def read(position: DuePosition | None) -> list[Row]:
        after = f" AND ({by}, born_seq) > (:due_at, :born_seq)"
        further, more = ("", {}) if position is None else (after, position._asdict())
        return reading.sql.rows(
            f"SELECT {BY_DUE} FROM record WHERE {terms}{further} AND {is_case} ORDER BY {by}, born_seq LIMIT :limit",
            {**values, **more, "limit": limit},
        )

    return read


def due_position(row: Row) -> DuePosition:
    """Return where a row stands in ``page_by_due``."""
    return DuePosition(row["due_at"] or FOREVER, row["born_seq"])


def count_by_status(reading: Reading, scope: Scope, filters: Filters, most: int) -> dict[str, int]:
    """Return how many cases inside ``scope`` have each of the statuses of ``filters``; ``most`` is as far as it counts.

    A status that no case has is missing, and all stand in their order, so that the same counts are the same answer
    whichever process gives it. For statuses of open cases: their rows are looked at one by one.
    """
    conditions = searched_conditions(reading, scope, filters)
    few = fewest(reading, conditions)
    is_compared = filters.q is not None and filters.shown_label is not None and not is_uuid(filters.q)
    if few is None and is_compared:
        counts = {s: _count_shown(reading, conditions, filters, s, most) for s in possible_statuses(filters)}
        return {status: count for status, count in counts.items() if count}
    if few is not None:
        terms, values = where(conditions, few)
        if is_compared:
            labelled = reading.sql.each(f"SELECT status, {_LABELLED} FROM record WHERE {terms}", values)
            shown = Counter(row["status"] for row in labelled if is_shown(filters, row))
            return {status: min(count, most) for status, count in sorted(shown.items())}
        # Counted here: asked to group, SQLite would walk all records by status instead.
        rows = reading.sql.tuples(f"SELECT status FROM record WHERE {terms}", values)
        return {status: min(count, most) for status, count in sorted(Counter(status for (status,) in rows).items())}
    counts = {status: _count(reading, conditions, status, most) for status in possible_statuses(filters)}
    return {status: count for status, count in counts.items() if count}


def _count(reading: Reading, conditions: list[Condition], status: str, most: int) -> int:
    """Return how many cases of a status meet all conditions, by the index of limits where it is an open one."""
    terms, values = of_one_status(conditions, status)
    found = f"SELECT 1 AS one FROM record WHERE {terms} LIMIT :most"
    sql = f"SELECT COUNT(*) FROM ({found}) AS counted"
    return int(reading.sql.value(sql, {**values, "most": most}))


def _count_shown(reading: Reading, conditions: list[Condition], filters: Filters, status: str, most: int) -> int:
    """Return how many cases of a status hold what is searched for where their reader sees it; ``most`` at most."""
    terms, values = of_one_status(conditions, status)
    rows = reading.sql.each(f"SELECT {_LABELLED} FROM record WHERE {terms}", values)
    return sum(1 for _ in islice((row for row in rows if is_shown(filters, row)), most))


def count_ended(reading: Reading, scope: Scope, filters: Filters, most: int) -> int:
    """Return how many ended cases inside ``scope`` meet ``filters``; ``most`` is as far as it counts.

    Of those there are a hundred times as many as open ones, so that words are looked for by their index, and what no
    ended case can be, late or with an open request, is not looked for.
    """
    if (
        filters.overdue
        or filters.has_request
        or filters.soon
        or filters.given_before
        or filters.reply
        or filters.unanswered
    ):
        return 0
    wanted = replace(filters, statuses=tuple(status.value for status in ENDED))
    if filters.q is not None:
        return len(page(reading, scope, wanted, before=None, limit=most))
    conditions = searched_conditions(reading, scope, wanted)
    terms, values = where(conditions, fewest(reading, conditions) or record_leads.leading(conditions, in_order=False))
    sql = f"SELECT COUNT(*) FROM (SELECT 1 AS one FROM record WHERE {terms} LIMIT :most) AS counted"
    return int(reading.sql.value(sql, {**values, "most": most}))


def count_by_assignee(reading: Reading, scope: Scope, filters: Filters, most: int) -> list[tuple[str, int]]:
    """Return who has cases inside ``scope`` that meet ``filters``, with how many, those with most first.

    most: how many cases are looked at. For statuses of open cases; words are not looked for.
    """
    conditions = conditions_of(reading, scope, replace(filters, q=None))
    few = fewest(reading, conditions)
    open_ones = Condition(1, "closed_at IS NULL AND status IS NOT NULL", {})
    terms, values = where([open_ones, *conditions], few or open_ones)
    sql = f"""
        SELECT assignee, COUNT(*) AS n
          FROM (SELECT assignee FROM record WHERE {terms} AND assignee IS NOT NULL LIMIT :most) AS given
         GROUP BY assignee ORDER BY n DESC, assignee
    """
    return [(assignee, n) for assignee, n in reading.sql.tuples(sql, {**values, "most": most})]


def count_changed(reading: Reading, scope: Scope, filters: Filters, since: int, most: int) -> int:
    """Return how many of the records inside ``scope`` that meet ``filters`` have changed after the seq ``since``.

    most: how many changes are looked at, the newest first; words are not looked for.
    """
    sql = "SELECT record FROM revision WHERE seq > :since ORDER BY seq DESC LIMIT :most"
    changed = dict.fromkeys(record for (record,) in reading.sql.tuples(sql, {"since": since, "most": most}))
    if not changed:
        return 0
    conditions = conditions_of(reading, scope, replace(filters, q=None, ids=frozenset(changed)))
    terms, values = where(conditions, next(each for each in conditions if each.sql.startswith("id IN")))
    return int(reading.sql.value(f"SELECT COUNT(*) FROM record WHERE {terms}", values))


def _newest(
    reading: Reading, conditions: list[Condition], filters: Filters, before: int | None, limit: int, columns: str
) -> list[Row]:
    if filters.q is not None and fewest(reading, conditions) is None:
        numbers = label_candidates(reading, filters.q)
        if numbers is not None:
            older = (number for number in numbers if before is None or number < before)
            return _among(reading, conditions, older, limit, columns)
    return list(_selected(reading, conditions, newest_first(reading, conditions), before, limit, columns))


def _among(
    reading: Reading, conditions: list[Condition], numbers: Iterator[int], limit: int, columns: str
) -> list[Row]:
    """Return the rows that meet all conditions among those with these ``born_seq``, highest first."""
    found: list[Row] = []
    size = max(limit, _READ_LEAST)
    while len(found) < limit and (some := list(islice(numbers, size))):
        these = among_these(some)
        found += _selected(reading, [these, *conditions], these, None, limit - len(found), columns)
        size = min(size * 4, _READ_MOST)
    return found


def _selected(
    reading: Reading, conditions: list[Condition], lead: Condition | None, before: int | None, limit: int, columns: str
) -> Iterator[Row]:
    terms, values = where(conditions, lead)
    if before is not None:
        terms += " AND born_seq < :before"
        values["before"] = before
    sql = f"SELECT {columns} FROM record WHERE {terms} ORDER BY born_seq DESC LIMIT :limit"
    return reading.sql.each(sql, {**values, "limit": limit})
