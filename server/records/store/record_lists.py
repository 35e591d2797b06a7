"""Lists records for the API, exports and pages: newest or due first, page by page, always inside a scope."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

from server.db.sql import Row
from server.db.transactions import Reading
from server.grid.domain.areas import Place, predecessors
from server.grid.domain.scope import Scope
from server.grid.store import areas
from server.instants import FOREVER, Instant
from server.people.store import scopes
from server.records.domain.status import ENDED
from server.records.store import columns, label_search
from server.records.store.columns import Column, Projection

_SELECT = f"SELECT {columns.select(Projection.API | Projection.CSV, 'born_seq')} FROM record"
_TODO = columns.select(Projection.API | Projection.TODO, "born_seq")
_DUE = f"COALESCE(due_at, '{FOREVER}')"
_AFTER = f" AND ({_DUE}, born_seq) > (:due_at, :born_seq)"
_VILLAGE_DEPTH = 2
"""Slashes in the path of a village: what is no larger is found by its path and sorted, a few thousand rows at most."""

SUPERVISED = "supervised"
"""Stands among flags for supervision at any level."""

_FEW = 4
"""Conditions of this rank or less leave so few rows that comparing their labels is as fast as asking the index."""

_READ_LEAST, _READ_MOST = 200, 3_200
"""How many candidates are compared at first, and at most in one query."""


class DuePosition(NamedTuple):
    """Where a case stands in the order of limits. due_at: ``FOREVER`` for one without."""

    due_at: Instant
    born_seq: int


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; None leaves a filter out.

    columns: values by name of ``columns.FILTERS``. place: subtree. overdue: whether an open case is past its due
    instant. q: part of the label, in either case of ASCII letters, or a whole case number or record id. statuses: of
    cases, any of which will do. has_request: True for cases on which a request of the handler is open. flag: a record
    that has it (``sync.flags``); "supervised" is any level. ids: these records alone. shown_label:
    returns what a row is called to the reader, who finds by ``q`` what they are shown and cannot guess what is masked;
    None where nothing is.
    """

    columns: Mapping[str, str | bool] = field(default_factory=dict)
    place: Place | None = None
    overdue: bool | None = None
    q: str | None = None
    statuses: Collection[str] | None = None
    has_request: bool | None = None
    flag: str | None = None
    ids: frozenset[str] | None = None
    shown_label: Callable[[Row], str] | None = None


def page(reading: Reading, scope: Scope, filters: Filters, *, before: int | None, limit: int) -> list[Row]:
    """Return up to ``limit`` records inside ``scope``, newest first.

    before: ``born_seq`` of the last record of the page before, None for the first page. A record keeps its
    ``born_seq`` for ever, so that paging shows each one once, whatever is written meanwhile.
    """
    conditions = _conditions(reading, scope, filters)

    def read(last: Row | None) -> list[Row]:
        return _newest(reading, conditions, filters.q, before if last is None else last["born_seq"], limit)

    return _as_shown(filters, read, limit)


def page_by_due(
    reading: Reading, scope: Scope, filters: Filters, *, after: DuePosition | None, limit: int
) -> list[Row]:
    """Return up to ``limit`` cases inside ``scope``, the one due first before all others, those without a limit last.

    Rows have what decides their ``todo`` as well. after: where the last row of the page before stood, None for the
    first page.
    """
    where, values = _where(conditions := _conditions(reading, scope, filters), _leading(conditions))

    def read(last: Row | None) -> list[Row]:
        position = after if last is None else due_position(last)
        further, more = ("", {}) if position is None else (_AFTER, position._asdict())
        return reading.sql.rows(
            f"SELECT {_TODO} FROM record WHERE {where}{further} AND status IS NOT NULL"
            f" ORDER BY {_DUE}, born_seq LIMIT :limit",
            {**values, **more, "limit": limit},
        )

    return _as_shown(filters, read, limit)


def due_position(row: Row) -> DuePosition:
    """Return where a row stands in ``page_by_due``."""
    return DuePosition(row["due_at"] or FOREVER, row["born_seq"])


def count_by_status(reading: Reading, scope: Scope, filters: Filters, most: int) -> dict[str, int]:
    """Return how many cases inside ``scope`` have each of the statuses of ``filters``; ``most`` is as far as it counts.

    A status that no case has is missing. For statuses of open cases: their rows are looked at one by one.
    """
    found: dict[str, int] = {}
    for status in filters.statuses or ():
        if filters.q is not None and filters.shown_label is not None:
            rows = page_by_due(reading, scope, replace(filters, statuses=(status,)), after=None, limit=most)
            found |= {status: len(rows)} if rows else {}
            continue
        conditions = _conditions(reading, scope, replace(filters, statuses=(status,)))
        where, values = _where(conditions, _leading(conditions))
        sql = f"SELECT COUNT(*) FROM (SELECT 1 AS one FROM record WHERE {where} LIMIT :most) AS counted"
        if count := int(reading.sql.value(sql, {**values, "most": most})):
            found[status] = count
    return found


def count_ended(reading: Reading, scope: Scope, filters: Filters, most: int) -> int:
    """Return how many ended cases inside ``scope`` meet ``filters``; ``most`` is as far as it counts.

    Of those there are a hundred times as many as open ones, so that words are looked for by their index, and what no
    ended case can be, late or with an open request, is not looked for.
    """
    if filters.overdue or filters.has_request:
        return 0
    wanted = replace(filters, statuses=tuple(status.value for status in ENDED))
    return len(page(reading, scope, wanted, before=None, limit=most))


def _as_shown(filters: Filters, read: Callable[[Row | None], list[Row]], limit: int) -> list[Row]:
    """Return up to ``limit`` rows that hold what is searched for where their reader sees it.

    read: returns up to ``limit`` rows after the given one, or the first ones.
    """
    rows, text, label = read(None), filters.q, filters.shown_label
    if text is None or label is None or _is_uuid(text):
        return rows
    found: list[Row] = []
    while True:
        found += [row for row in rows if row["case_no"] == text or text.lower() in label(row).lower()]
        if len(rows) < limit or len(found) >= limit:
            return found[:limit]
        rows = read(rows[-1])


def _newest(
    reading: Reading, conditions: list[_Condition], text: str | None, before: int | None, limit: int
) -> list[Row]:
    leading = _leading(conditions)
    if text is not None and (leading is None or leading.rank > _FEW):
        numbers = label_search.candidates(reading, text, before)
        if numbers is not None:
            return _among(reading, conditions, numbers, limit)
    return list(_selected(reading, conditions, leading, before, limit))


def _among(reading: Reading, conditions: list[_Condition], numbers: Iterator[int], limit: int) -> list[Row]:
    """Return the rows that meet all conditions among those with these ``born_seq``, highest first."""
    found: list[Row] = []
    size = max(limit, _READ_LEAST)
    while len(found) < limit and (some := list(islice(numbers, size))):
        values = {f"born{n}": number for n, number in enumerate(some)}
        these = _Condition(1, f"born_seq IN ({', '.join(f':{name}' for name in values)})", values)
        found += _selected(reading, [these, *conditions], these, None, limit - len(found))
        size = min(size * 4, _READ_MOST)
    return found


def _selected(
    reading: Reading, conditions: list[_Condition], leading: _Condition | None, before: int | None, limit: int
) -> Iterator[Row]:
    where, values = _where(conditions, leading)
    if before is not None:
        where += " AND born_seq < :before"
        values["before"] = before
    return reading.sql.each(
        f"""
        {_SELECT}
         WHERE {where}
         ORDER BY born_seq DESC
         LIMIT :limit
        """,
        {**values, "limit": limit},
    )


def _where(conditions: list[_Condition], leading: _Condition | None) -> tuple[str, dict[str, Any]]:
    terms: list[str] = []
    values: dict[str, Any] = {}
    for condition in conditions:
        terms.append(condition.sql if condition is leading else f"({condition.sql}) IS TRUE")
        values |= condition.values
    return " AND ".join(terms), values


class _Condition(NamedTuple):
    """A term of the query. rank: how few rows it is sure to leave, 1 for the fewest; 0 when it may leave them all."""

    rank: int
    sql: str
    values: dict[str, Any]


def _leading(conditions: list[_Condition]) -> _Condition | None:
    """Return the one condition that an index may answer; None to walk all records, newest first.

    A planner without statistics collects and sorts half a county where the first hundred rows are at hand. So one
    condition leads, either small or with an index in the order of the list, and the others (``IS TRUE`` hides them
    from the planner) are checked row by row.
    """
    return min((each for each in conditions if each.rank), key=lambda each: each.rank, default=None)


def _conditions(reading: Reading, scope: Scope, filters: Filters) -> list[_Condition]:
    inside, values = scopes.by_place_or_person(scope, reading.now)
    found = [_Condition(2 if all(map(_is_narrow, scope.places)) else 0, inside, dict(values))]
    if filters.place is not None:
        found.append(_inside(reading, filters.place))
    found += [_equal(columns.FILTERS[name], value) for name, value in filters.columns.items()]
    if filters.statuses is not None:
        found.append(_status_among(filters.statuses))
    if filters.overdue is not None:
        found.append(_overdue(reading.now) if filters.overdue else _in_time(reading.now))
    if filters.has_request:
        found.append(_Condition(0, "flags LIKE '%|%_pending%'", {}))
    if filters.ids is not None:
        ids = {f"id{number}": id for number, id in enumerate(sorted(filters.ids))}
        found.append(_Condition(1, f"id IN ({', '.join(f':{name}' for name in ids)})" if ids else "1 = 0", ids))
    if filters.flag is not None:
        found.append(_flagged(filters.flag))
    if filters.q is not None:
        found.append(_search(filters.q))
    return found


def _flagged(flag: str) -> _Condition:
    """Return the condition that a record has a flag; without its level, at any of them."""
    part = "%|supervised~_%" if flag == SUPERVISED else f"%|{flag.replace('_', '~_')}|%"
    return _Condition(0, "flags || '|' LIKE :flag ESCAPE '~'", {"flag": part})


def _equal(column: Column, value: str | bool) -> _Condition:
    rank = 0 if column.filter is None else column.filter.rank
    if isinstance(value, bool):  # written out, or the planner could not use an index of the rows where it is 1
        return _Condition(rank if value else 0, f"{column.name} = {int(value)}", {})
    return _Condition(rank, f"{column.name} = :wanted_{column.name}", {f"wanted_{column.name}": value})


def _status_among(statuses: Collection[str]) -> _Condition:
    values = {f"status{number}": status for number, status in enumerate(sorted(statuses))}
    return _Condition(5, f"status IN ({', '.join(f':{name}' for name in values)})", values)


def _inside(reading: Reading, place: Place) -> _Condition:
    """Return the condition that a record lies in ``place`` as the grid stands, what it has taken in included."""
    paths = (place.path, *predecessors(place, areas.successions(reading), reading.now))
    terms, values = [], {}
    for number, path in enumerate(paths):
        terms.append(f"(path >= :area_low{number} AND path < :area_high{number})")
        values[f"area_low{number}"], values[f"area_high{number}"] = Place(path).bounds()
    return _Condition(1 if _is_narrow(place) else 0, f"({' OR '.join(terms)})", values)


def _is_narrow(place: Place) -> bool:
    return place.path.count("/") >= _VILLAGE_DEPTH


def _overdue(now: Instant) -> _Condition:
    return _Condition(7, "closed_at IS NULL AND due_at IS NOT NULL AND due_at < :now", {"now": now})


def _in_time(now: Instant) -> _Condition:
    return _Condition(0, "due_at IS NULL OR due_at >= :now OR closed_at IS NOT NULL", {"now": now})


def _search(text: str) -> _Condition:
    if _is_uuid(text):
        return _Condition(1, "id = :q", {"q": text.lower()})
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    # LOWER on both sides, because LIKE minds the case on some engines and not on others.
    sql = "LOWER(label) LIKE LOWER(:part) ESCAPE '\\' OR case_no = :q"
    return _Condition(0, sql, {"part": f"%{escaped}%", "q": text})


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
