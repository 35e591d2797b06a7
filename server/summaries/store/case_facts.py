"""Store the current facts of each case, and the steps that led to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from operator import itemgetter
from typing import Any

from server.db.sql import Row, Sql, inserting
from server.instants import Instant
from server.records.domain.case_facts import CaseFacts
from server.records.domain.case_steps import Dispatch, Ending, Step
from server.records.domain.status import Status
from server.summaries.domain import case_parts, contributions, periods
from server.summaries.domain.count_rules import still_open

COLUMNS = (
    "id", "path", "category", "received_at", "status", "decided_at", "registered_at", "dispatches",
    "first_fed_back_at", "fed_back_at", "handle_due_at", "close_due_at", "closed_at", "held_since", "held_s",
    "checked", "reworked", "extended", "result_code", "endings", "site_closed", "drawn",
    "rechecked", "recheck_failed", "supervised", "reopened", "recurrent", "late_returns", "written_at",
    "late_handling", "late_closing", "relaxed", "discovered_at", "filed", "carried",
)  # fmt: skip
"""The fields of CaseFacts."""

DERIVED = (
    "stepped_at", "received_day", "registered_day", "registered_month", "closed_day", "running", "handled_s",
    "limit_day", "lag_s",
)  # fmt: skip
"""Columns derived from them, to find them by."""

STEP_COLUMNS = (
    "record",
    "version",
    "at",
    "action",
    "status",
    "handle_due_at",
    "close_due_at",
    "result_code",
    "category",
    "extends",
    "recurs",
    "written_at",
    "relaxes",
    "discovered_at",
)

_INSERT = inserting("case_fact", (*COLUMNS, *DERIVED))
_FIXED = ("id", "path", "received_at", "received_day")
_CHANGING = tuple(column for column in (*COLUMNS, *DERIVED) if column not in _FIXED)
_VALUES = {column: f":{column}" for column in _CHANGING} | {
    # By a clock that was set back a later step has an earlier instant: who asks what has changed since one finds both.
    "stepped_at": "CASE WHEN stepped_at > :stepped_at THEN stepped_at ELSE :stepped_at END"
}
_UPDATE = f"UPDATE case_fact SET {', '.join(f'{column} = {value}' for column, value in _VALUES.items())} WHERE id = :id"
_ADD_STEP = inserting("case_step", STEP_COLUMNS)
HANDOVER_COLUMNS = ("day", "record", "received_at", "path")
_ADD_HANDOVER = f"{inserting('case_handover', HANDOVER_COLUMNS)} ON CONFLICT DO NOTHING"
ENDING_COLUMNS = ("record", "position", "status", "ended_day", "undone_day", "received_at", "path")
_KEEP_ENDING = (
    f"{inserting('case_ending', ENDING_COLUMNS)} "
    "ON CONFLICT (record, position) DO UPDATE SET undone_day = excluded.undone_day"
)


def add(sql: Sql, facts: CaseFacts, stepped_at: Instant) -> None:
    """Add the facts of a new case; stepped_at: instant of its newest step."""
    sql.put(_INSERT, row_of(facts, stepped_at))
    _add_handovers(sql, facts, ())
    if facts.endings:
        sql.run_each(_KEEP_ENDING, endings(facts))


def replace(sql: Sql, before: CaseFacts, facts: CaseFacts, stepped_at: Instant) -> None:
    """Replace the facts of a case. stepped_at: instant of the step it took. Raises RuntimeError when it has none."""
    if sql.run(_UPDATE, row_of(facts, stepped_at)) != 1:
        raise RuntimeError(f"no facts are kept of case {facts.id}")
    if before.dispatches != facts.dispatches:
        _add_handovers(sql, facts, before.dispatches)
    if before.endings != facts.endings:
        sql.run_each(_KEEP_ENDING, endings(facts))


def add_step(sql: Sql, record: str, version: int, step: Step) -> None:
    """Append the step that made this version of a record."""
    sql.put(_ADD_STEP, step_row(record, version, step))


def keep_first_category(sql: Sql, id: str, category: str) -> None:
    """Keep in the first step of a case the category that it began with, unless it is kept: before a correction."""
    sql.put(
        """
        UPDATE case_step SET category = :category
         WHERE record = :id AND category IS NULL
           AND version = (SELECT MIN(version) FROM case_step WHERE record = :id)
        """,
        {"id": id, "category": category},
    )


def find(sql: Sql, id: str) -> CaseFacts | None:
    """Return the facts of a case, None when there are none: for writing, which has judged who may."""
    row = sql.find(f"SELECT {', '.join(COLUMNS)} FROM case_fact WHERE id = :id", {"id": id})
    return None if row is None else from_row(row)


def stepped_at(sql: Sql, id: str) -> Instant | None:
    """Return the latest instant at which a case took a step; None when there is no such case."""
    found: Instant | None = sql.value("SELECT stepped_at FROM case_fact WHERE id = :id", {"id": id})
    return found


def each(sql: Sql) -> Iterator[CaseFacts]:
    """Yield the facts of every case: for counting anew, never for an answer."""
    return map(from_row, sql.stream(f"SELECT {', '.join(COLUMNS)} FROM case_fact"))


def each_history(sql: Sql) -> Iterator[tuple[str, list[Step]]]:
    """Yield every case that took a step, with its steps in order: for counting anew, never for an answer."""
    id: str = ""
    steps: list[Step] = []
    for row in sql.stream(f"SELECT {', '.join(STEP_COLUMNS)} FROM case_step ORDER BY record, version"):
        if row["record"] != id:
            if steps:
                yield id, steps
            id, steps = row["record"], []
        steps.append(step_of(row))
    if steps:
        yield id, steps


def row_of(facts: CaseFacts, stepped_at: Instant) -> dict[str, Any]:
    """Return the row that stores facts, with its derived columns."""
    registered_day = _day(facts.registered_at)
    running = (
        registered_day is not None and still_open(facts) and not facts.void and not facts.merged and not facts.carried
    )
    return {
        **{column: getattr(facts, column) for column in COLUMNS},
        "dispatches": " ".join(f"{sent}/{returned or ''}" for sent, returned in facts.dispatches),
        "endings": " ".join(f"{at}/{undone_at or ''}/{status}" for at, undone_at, status in facts.endings),
        "site_closed": int(facts.site_closed),
        "supervised": int(facts.supervised),
        "recurrent": int(facts.recurrent),
        "late_closing": int(facts.late_closing),
        "relaxed": int(facts.relaxed),
        "filed": int(facts.filed),
        "carried": int(facts.carried),
        "stepped_at": stepped_at,
        "received_day": _day(facts.received_at),
        "registered_day": registered_day,
        "registered_month": None if registered_day is None else registered_day // 100,
        "closed_day": _day(facts.closed_at),
        "running": int(running),
        "handled_s": contributions.handling_seconds(facts),
        "limit_day": case_parts.limit_day_of(facts),
        "lag_s": facts.lag_s,
    }


def from_row(row: Mapping[str, Any]) -> CaseFacts:
    """Return the facts that a row holds, whatever other columns it has."""
    return from_values(_in_order(row))


def from_values(row: Iterable[Any]) -> CaseFacts:
    """Return the facts that COLUMNS hold, in their order."""
    values = list(row)
    values[_STATUS] = _STATUSES[values[_STATUS]]
    values[_DISPATCHES] = tuple(map(_dispatch, values[_DISPATCHES].split()))
    values[_ENDINGS] = tuple(map(_ending, values[_ENDINGS].split()))
    for at in _FLAGS:
        values[at] = bool(values[at])
    return CaseFacts(*values)


_in_order = itemgetter(*COLUMNS)  # which are in the order of the fields of CaseFacts
_STATUS, _DISPATCHES, _ENDINGS = map(COLUMNS.index, ("status", "dispatches", "endings"))
_FLAGS = tuple(
    map(COLUMNS.index, ("site_closed", "supervised", "recurrent", "late_closing", "relaxed", "filed", "carried"))
)
_STATUSES = {each.value: each for each in Status}


def step_row(record: str, version: int, step: Step) -> Row:
    return {
        "record": record,
        "version": version,
        **step._asdict(),
        "extends": int(step.extends),
        "recurs": int(step.recurs),
        "relaxes": int(step.relaxes),
    }


def step_of(row: Mapping[str, Any]) -> Step:
    """Return the step that a row holds."""
    return step_of_values(*map(row.__getitem__, Step._fields))


def step_of_values(
    action: str, at: Instant, status: str, handle_due_at: Instant | None, close_due_at: Instant | None,
    result_code: str | None, category: str | None, extends: int, recurs: int, written_at: Instant | None, relaxes: int,
    discovered_at: Instant | None,
) -> Step:  # fmt: skip
    """Return the step that columns hold, named and in the order of the fields of ``Step``."""
    return Step(
        action, at, _STATUSES[status], handle_due_at, close_due_at, result_code, category, bool(extends), bool(recurs),
        written_at, bool(relaxes), discovered_at,
    )  # fmt: skip


def _dispatch(text: str) -> Dispatch:
    sent, _, returned = text.partition("/")
    return Dispatch(sent, returned or None)


def _ending(text: str) -> Ending:
    at, undone_at, status = text.split("/")
    return Ending(at, undone_at or None, Status(status))


def _add_handovers(sql: Sql, facts: CaseFacts, stored: tuple[Dispatch, ...]) -> None:
    rows = handovers(facts, stored)
    if rows:
        sql.run_each(_ADD_HANDOVER, rows)


def handovers(facts: CaseFacts, stored: tuple[Dispatch, ...] = ()) -> list[Row]:
    """Return a row for each day on which a case was handed over, without those of dispatches stored before."""
    days = {_day(at) for dispatch in set(facts.dispatches) - set(stored) for at in dispatch if at is not None}
    case = {"record": facts.id, "received_at": facts.received_at, "path": facts.path}
    return [{"day": day, **case} for day in sorted(filter(None, days))]


def endings(facts: CaseFacts) -> list[Row]:
    """Return a row for each ending of a case save the closing that stands."""
    case = {"record": facts.id, "received_at": facts.received_at, "path": facts.path}
    return [
        {"position": n, "status": status, "ended_day": _day(at), "undone_day": _day(undone_at), **case}
        for n, (at, undone_at, status) in enumerate(facts.endings)
    ]


def _day(at: Instant | None) -> int | None:
    return None if at is None else periods.day_number(at)
