"""Finds the cases that can matter to a summary, with their facts as of an instant: for the past, and for lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from server.domain import case_facts as domain
from server.domain import closure_parts, periods
from server.domain.case_facts import CaseFacts, Step
from server.domain.instants import Instant
from server.domain.periods import Period
from server.store import case_facts
from server.store.closure_cells import Inside
from server.store.database import Reading

RECEIVED = "received_day BETWEEN :first AND :last"
REGISTERED = "registered_day BETWEEN :first AND :last"
HANDED = "id IN (SELECT record FROM case_handover WHERE day BETWEEN :first AND :last)"
CLOSED = """id IN (
    SELECT id FROM case_fact WHERE closed_day BETWEEN :first AND :last
     UNION
    SELECT record FROM case_step WHERE status IN ('closed', 'spot_closed') AND at >= :starts_at AND at < :ends_at)"""
OPENING = """id IN (
    SELECT id FROM case_fact WHERE closed_day IS NULL AND registered_day < :first
     UNION
    SELECT id FROM case_fact WHERE closed_day >= :until AND registered_day < :first)"""
EVENTS = {
    "dispatches": (HANDED,),
    "dispatches_kept": (HANDED,),
    "returns": (HANDED,),
    "closed_in_period": (CLOSED,),
    "opening": (OPENING,),
    "workload": (OPENING, REGISTERED),
}
EVERY = (RECEIVED, REGISTERED, HANDED, CLOSED, OPENING)
"""Which cases a figure can count at all: those received, registered, handed over, closed or open in a period.

When a case was received and registered never changes. When it was closed does, where it was reopened: so the steps
are asked too. What is closed for good before both the period and the instant of reading can be no opening stock.
"""

LEFT = {
    "undecided_reports": "decided_at IS NULL",
    "undecided_over_24h": "decided_at IS NULL",
    "rejected_reports": "status = 'rejected'",
    "merged_reports": "status = 'merged'",
    "merged_cases": "status = 'merged'",
    "withdrawn_reports": "status = 'void'",
    "void": "status = 'void'",
    "spot_closed": "status = 'spot_closed'",
    "suspended": "status = 'suspended'",
    "transferred": "status = 'transferred'",
    "open": "running = 1",
    "open_in_time": "running = 1",
    "closing_overdue": "running = 1",
    "handling_overdue": "running = 1",
    "extended": "extended > 0",
    "extended_handling_due": "extended > 0",
    "handled_on_time_extended": "extended > 0",
    "reworked": "reworked > 0",
    "reworked_due": "reworked > 0",
}
"""What a case must be, if it has not moved since the instant of reading, to be counted: leaves most out unread."""

_COLUMNS = ", ".join((*case_facts.COLUMNS, "stepped_at"))


class Mark(NamedTuple):
    """Where a list goes on: after so many countings of the case received then."""

    received_at: Instant = ""
    id: str = ""
    times: int = 0


class Own:
    """The condition that a case is assigned to one of these: what those see who see no area."""

    __slots__ = ("sql", "values")

    def __init__(self, assignees: Iterable[str]) -> None:
        self.values: dict[str, Any] = {f"mark{n}": mark for n, mark in enumerate(assignees)}
        listed = ", ".join(f":{name}" for name in self.values)
        self.sql = f" AND id IN (SELECT id FROM record WHERE assignee IN ({listed}))"


def known(reading: Reading, inside: Inside | Own, period: Period, as_of: Instant) -> list[CaseFacts]:
    """Return, as of an instant, every case that a figure of this period can count."""
    union = " UNION ".join(f"SELECT id FROM case_fact WHERE {each}" for each in EVERY)
    return _as_of(
        reading, f"id IN ({union}) AND received_at <= :as_of{inside.sql}", _values(inside, period, as_of), as_of
    )


def touched(reading: Reading, inside: Inside | Own, low: int, high: int) -> Iterator[CaseFacts]:
    """Yield every case that contributes something to the days ``low`` to ``high`` (20260401), as it stands."""
    union = " UNION ".join(
        f"SELECT {column} FROM {table} WHERE {day} BETWEEN :first AND :last"
        for table, column, day in (
            ("case_fact", "id", "received_day"),
            ("case_fact", "id", "registered_day"),
            ("case_fact", "id", "closed_day"),
            ("case_handover", "record", "day"),
        )
    )
    sql = f"SELECT {_COLUMNS} FROM case_fact WHERE id IN ({union}){inside.sql}"
    return map(case_facts.from_row, reading.sql.each(sql, {"first": low, "last": high, **inside.values}))


def page(
    reading: Reading,
    inside: Inside | Own,
    figure: str,
    period: Period,
    as_of: Instant,
    after: Mark,
    limit: int,
) -> list[CaseFacts]:
    """Return up to ``limit`` cases that a figure may count, those received first first, from ``after`` on.

    Their facts are as of the instant; whether and how often the figure counts each is left to the core.
    """
    bases = EVENTS.get(figure) or ((RECEIVED,) if _is_of_reports(figure) else (REGISTERED,))
    left = LEFT.get(figure)
    condition = f"""
        ({" OR ".join(bases)}) AND received_at <= :as_of{inside.sql}
        {f"AND ({left} OR stepped_at > :as_of)" if left else ""}
        AND (received_at > :after_at OR (received_at = :after_at AND id >= :after_id))
        ORDER BY received_at, id LIMIT :limit"""
    values = {
        **_values(inside, period, as_of),
        "after_at": after.received_at,
        "after_id": after.id,
        "limit": limit,
    }
    return _as_of(reading, condition, values, as_of)


def shown(reading: Reading, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return number, label, area, assignee and limit of records, by id; the caller has found them inside a scope."""
    values = {f"id{n}": id for n, id in enumerate(ids)}
    if not values:
        return {}
    listed = ", ".join(f":{name}" for name in values)
    sql = f"SELECT id, case_no, label, area, assignee, due_at FROM record WHERE id IN ({listed})"
    return {row["id"]: row for row in reading.sql.each(sql, values)}


def _as_of(reading: Reading, condition: str, values: dict[str, Any], as_of: Instant) -> list[CaseFacts]:
    """Return facts as of an instant; only what has moved since is played back from its steps."""
    rows = reading.sql.rows(f"SELECT {_COLUMNS} FROM case_fact WHERE {condition}", values)
    moved = [row["id"] for row in rows if row["stepped_at"] > as_of]
    steps = _steps(reading, moved, as_of)
    return [_played(row, steps[row["id"]], as_of) if row["id"] in steps else case_facts.from_row(row) for row in rows]


def _played(row: dict[str, Any], steps: list[Step], as_of: Instant) -> CaseFacts:
    birth, *later = steps
    return domain.as_of(domain.begun(row["id"], row["path"], row["category"], birth), later, as_of)


def _steps(reading: Reading, ids: list[str], as_of: Instant) -> dict[str, list[Step]]:
    found: dict[str, list[Step]] = {}
    for start in range(0, len(ids), _PER_QUERY):
        values = {f"id{n}": id for n, id in enumerate(ids[start : start + _PER_QUERY])}
        listed = ", ".join(f":{name}" for name in values)
        columns = ", ".join(case_facts.STEP_COLUMNS)
        sql = f"SELECT {columns} FROM case_step WHERE record IN ({listed}) AND at <= :as_of ORDER BY record, version"
        for row in reading.sql.each(sql, {**values, "as_of": as_of}):
            found.setdefault(row["record"], []).append(case_facts.step_of(row))
    return found


_PER_QUERY = 5_000


def _is_of_reports(figure: str) -> bool:
    return figure in closure_parts.RECEIVED or figure in ("undecided_reports", "undecided_over_24h")


def _values(inside: Inside | Own, period: Period, as_of: Instant) -> dict[str, Any]:
    first = periods.number(period.first)
    return {
        **inside.values,
        "first": first,
        "last": periods.number(period.last),
        "starts_at": period.starts_at,
        "ends_at": period.ends_at,
        "until": min(first, closure_parts.day_number(as_of)),
        "as_of": as_of,
    }
