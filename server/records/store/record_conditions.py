"""Says in SQL what lists of records are narrowed to: an index leads, and the rest is checked row by row."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from server import instants
from server.db.sql import Row
from server.db.transactions import Reading
from server.forms.domain.record_types import Kind
from server.grid.domain.areas import Place, predecessors
from server.grid.domain.scope import Scope
from server.grid.store import areas
from server.instants import FOREVER, Instant
from server.people.store import scopes
from server.records.domain.status import Status
from server.records.store import columns
from server.records.store.columns import Column

_VILLAGE_DEPTH = 2
"""Slashes in the path of a village: what is no larger is found by its path and sorted, a few thousand rows at most."""

DUE = f"COALESCE(due_at, '{FOREVER}')"
"""The order of limits, as the index of open cases has it (migrations 0041 and 0049)."""

IDS_RANK, PLACE_RANK, SCOPE_RANK, MARKED_RANK = 1, 2, 3, 4
"""Of single records, a village, a narrow scope, and what few cases have: a request, two values."""

COUNTED_RANK = PLACED_RANK = 6
"""What ranks no higher is counted by its index alone (``record_leads.fewest``)."""

FLAG_RANK, STATUS_RANK, DUE_RANK = 7, 8, 10
"""Of a flag, the status of cases, and limits; what ranks lower is likely to leave fewer rows."""

UNORDERED_RANK = 12
"""From here on an index answers, but in no order in which lists are shown: it helps to count."""

SUPERVISED = "supervised"
"""Stands among flags for supervision at any level."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; None leaves a filter out.

    columns: values by name of ``columns.FILTERS``. place: subtree. overdue: whether an open case is past its due
    instant. q: part of the label, in either case of ASCII letters, or a whole case number or record id. statuses: of
    cases, any of which will do. has_request: True for cases on which a request of the handler is open. flag: a record
    that has it (``sync.flags``); "supervised" is any level. ids: these records alone. shown_label:
    returns what a row is called to the reader, who finds by ``q`` what they are shown and cannot guess what is masked;
    None where nothing is. soon: open, and due today or tomorrow. given_before: given to somebody before this instant,
    who has not taken it. placed: whether a position is known. reply: open orders of the hotline that name a day for the
    answer. unanswered: those of them whose day has passed.
    """

    columns: Mapping[str, str | bool] = field(default_factory=dict)
    place: Place | None = None
    overdue: bool | None = None
    q: str | None = None
    statuses: Collection[str] | None = None
    has_request: bool | None = None
    flag: str | None = None
    soon: bool = False
    given_before: Instant | None = None
    placed: bool | None = None
    reply: bool = False
    unanswered: bool = False
    ids: frozenset[str] | None = None
    shown_label: Callable[[Row], str] | None = None


class Condition(NamedTuple):
    """A term of the query. rank: how few rows it is likely to leave, 1 for the fewest; 0 without an index.

    is_range: it is about ``DUE``, and is answered by the index of limits. beside: the same where another condition
    leads, said with what the index of limits holds; empty where ``sql`` is.
    """

    rank: int
    sql: str
    values: dict[str, Any]
    is_range: bool = False
    beside: str = ""


def conditions_of(reading: Reading, scope: Scope, filters: Filters) -> list[Condition]:
    """Return a condition for the scope, and one for each filter that is set."""
    inside, values = scopes.by_place_or_person(scope, reading.now)
    found = [Condition(_rank_of(scope), inside, dict(values))]
    if filters.place is not None:
        found.append(_inside(reading, filters.place))
    found += [_equal(columns.FILTERS[name], value) for name, value in filters.columns.items()]
    if filters.statuses is not None:
        found.append(_status_among(filters.statuses))
    found += _in_time_or_not(reading.now, filters)
    if filters.placed is not None:
        found.append(_placed(filters.placed, filters.statuses is not None))
    if filters.unanswered:
        found.append(_to_answer(" AND reply_by < :reply_today", {"reply_today": instants.local_day(reading.now)}))
    elif filters.reply:
        found.append(_to_answer("", {}))
    if filters.has_request:
        found.append(Condition(MARKED_RANK, "flags LIKE '%|%_pending%'", {}))
    if filters.ids is not None:
        ids = {f"id{number}": id for number, id in enumerate(sorted(filters.ids))}
        found.append(Condition(IDS_RANK, f"id IN ({', '.join(f':{name}' for name in ids)})" if ids else "1 = 0", ids))
    if filters.flag is not None:
        found.append(_flagged(filters.flag))
    if filters.q is not None:
        found.append(holding(filters.q))
    return found


def possible_statuses(filters: Filters) -> list[str]:
    """Return those of the statuses of ``filters`` that the other filters leave, each once."""
    statuses = sorted({*(filters.statuses or ())})
    return statuses if filters.given_before is None else [each for each in statuses if each == Status.ASSIGNED]


def _in_time_or_not(now: Instant, filters: Filters) -> Iterator[Condition]:
    if filters.overdue is not None:
        yield _overdue(now) if filters.overdue else _in_time(now)
    if filters.soon:
        yield _soon(now)
    if filters.given_before is not None:
        yield _untaken(filters.given_before)


def _flagged(flag: str) -> Condition:
    """Return the condition that a record has a flag; without its level, at any of them."""
    part = "%|supervised~_%" if flag == SUPERVISED else f"%|{flag.replace('_', '~_')}|%"
    return Condition(FLAG_RANK, "flags <> '' AND flags || '|' LIKE :flag ESCAPE '~'", {"flag": part})


def _equal(column: Column, value: str | bool) -> Condition:
    rank = 0 if column.filter is None else column.filter.rank
    if column.name == "conflicted" and value:
        return Condition(rank, "conflicted = 1", {}, beside="flags <> '' AND flags NOT LIKE '|%'")
    if isinstance(value, bool):  # written out, or the planner could not use an index of the rows where it is 1
        return Condition(rank if value else 0, f"{column.name} = {int(value)}", {})
    if column.filter is not None and column.filter.common:
        if value == column.filter.common:
            return Condition(0, f"{column.name} = '{value}'", {})
        rare = f"{column.name} <> '{column.filter.common}' AND {column.name} = :wanted_{column.name}"
        return Condition(rank, rare, {f"wanted_{column.name}": value})
    return Condition(rank, f"{column.name} = :wanted_{column.name}", {f"wanted_{column.name}": value})


def _status_among(statuses: Collection[str]) -> Condition:
    values = {f"status{number}": status for number, status in enumerate(sorted(statuses))}
    # Nearly all cases of many years are closed: among them and others, walking all is quicker than sorting.
    rank = 0 if Status.CLOSED.value in statuses and len(values) > 1 else STATUS_RANK
    listed = ", ".join(f":{name}" for name in values)
    return Condition(rank, f"status IN ({listed})" if values else "1 = 0", values)


def _inside(reading: Reading, place: Place) -> Condition:
    """Return the condition that a record lies in ``place`` as the grid stands, what it has taken in included."""
    paths = (place.path, *predecessors(place, areas.successions(reading), reading.now))
    terms, values = [], {}
    for number, path in enumerate(paths):
        terms.append(f"(path >= :area_low{number} AND path < :area_high{number})")
        values[f"area_low{number}"], values[f"area_high{number}"] = Place(path).bounds()
    return Condition(PLACE_RANK if _is_narrow(place) else UNORDERED_RANK, f"({' OR '.join(terms)})", values)


def _rank_of(scope: Scope) -> int:
    """Return how few rows a scope is likely to leave; one of towns answers no list in its order, but helps to count."""
    if all(map(_is_narrow, scope.places)):
        return SCOPE_RANK
    return UNORDERED_RANK if all("/" in place.path for place in scope.places) else 0


def _is_narrow(place: Place) -> bool:
    return place.path.count("/") >= _VILLAGE_DEPTH


def _overdue(now: Instant) -> Condition:
    sql = f"closed_at IS NULL AND due_at IS NOT NULL AND {DUE} < :now"
    return Condition(DUE_RANK, sql, {"now": now}, is_range=True)


def _in_time(now: Instant) -> Condition:
    return Condition(0, "due_at IS NULL OR due_at >= :now OR closed_at IS NOT NULL", {"now": now})


def _soon(now: Instant) -> Condition:
    until = instants.beginning_of(date.fromisoformat(instants.local_day(now)) + timedelta(days=2))
    sql = f"closed_at IS NULL AND due_at IS NOT NULL AND {DUE} >= :now AND {DUE} <= :soon"
    return Condition(DUE_RANK, sql, {"now": now, "soon": until}, is_range=True)


def _to_answer(more: str, values: dict[str, Any]) -> Condition:
    """Return the condition that an open order of the hotline names a day for its answer; of these there are few."""
    return Condition(MARKED_RANK, f"closed_at IS NULL AND reply_by IS NOT NULL{more}", values)


def _untaken(given_before: Instant) -> Condition:
    values = {"untaken": Status.ASSIGNED.value, "given_before": given_before}
    return Condition(STATUS_RANK, "status = :untaken AND assigned_at < :given_before", values)


def _placed(is_placed: bool, is_of_cases: bool) -> Condition:
    """Return the condition that a position is known, or is not; the index by it has cases alone."""
    sql = f"placed = {int(is_placed)}"
    if not is_of_cases:
        return Condition(0, sql, {})
    return Condition(PLACED_RANK, f"{sql} AND kind = '{Kind.CASE.value}'", {}, beside=sql)


def holding(text: str) -> Condition:
    """Return the condition that a record has a text in its label as it is stored, or is named by it as a whole."""
    if is_uuid(text):
        return Condition(IDS_RANK, "id = :q", {"q": text.lower()})
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    # LIKE takes the letters of ASCII in either case, on both engines; LOWER of a value would fold others too on one.
    sql = "label LIKE :part ESCAPE '\\' OR case_no = :q"
    return Condition(0, sql, {"part": f"%{escaped}%", "q": text})


def is_uuid(text: str) -> bool:
    """Say whether a text is a whole id of a record."""
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
