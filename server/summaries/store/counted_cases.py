"""Finds the cases that can matter to a summary, with their facts as of an instant: for the past, and for lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from server.db.transactions import Reading
from server.instants import Instant
from server.records.domain import case_facts as domain
from server.records.domain.case_facts import CaseFacts, Step
from server.summaries.domain import contributions, periods
from server.summaries.domain.periods import Period
from server.summaries.store import case_facts
from server.summaries.store.rollup_sums import Inside

_FOUND = "SELECT received_at, id FROM case_fact WHERE"
RECEIVED = (f"{_FOUND} received_day BETWEEN :first AND :last",)
REGISTERED = (f"{_FOUND} registered_day BETWEEN :first AND :last",)
RUNNING = (f"{_FOUND} running = 1 AND registered_day BETWEEN :first AND :last",)
UNDECIDED = (f"{_FOUND} decided_at IS NULL AND received_day BETWEEN :first AND :last",)
_HANDED = "SELECT day, received_at, record AS id, path FROM case_handover"
# Distinct: one that was handed over on several days is one case, whose countings the core knows.
HANDED = (f"SELECT DISTINCT received_at, id FROM ({_HANDED}) AS handed WHERE day BETWEEN :first AND :last",)
CLOSED = (f"{_FOUND} closed_day BETWEEN :first AND :last",)
OPENING = (
    f"{_FOUND} closed_day IS NULL AND registered_day < :first",
    f"{_FOUND} closed_day >= :first AND registered_day < :first",
)
MOVED = (f"{_FOUND} stepped_at > :as_of AND received_day <= :last",)
EVERY = (*RECEIVED, *REGISTERED, *HANDED, *CLOSED, *OPENING, *MOVED)
"""Which cases a figure can count at all: those received, registered, handed over, closed or open in a period.

They are found as they stand. One that stood elsewhere at the instant of reading has moved since, and is found by that.
"""

BASES = {
    "undecided_reports": UNDECIDED,
    "undecided_over_24h": UNDECIDED,
    "open": RUNNING,
    "open_in_time": RUNNING,
    "closing_overdue": RUNNING,
    "handling_overdue": RUNNING,
    "dispatches": HANDED,
    "dispatches_kept": HANDED,
    "returns": HANDED,
    "closed_in_period": CLOSED,
    "opening": OPENING,
    "workload": (*OPENING, *REGISTERED),
    **dict.fromkeys(contributions.RECEIVED, RECEIVED),
}
"""Among which cases those are that a figure counts; REGISTERED where nothing is said."""

LEFT = {
    "rejected_reports": "status = 'rejected'",
    "merged_reports": "status = 'merged'",
    "merged_cases": "status = 'merged'",
    "withdrawn_reports": "status = 'void'",
    "void": "status = 'void'",
    "spot_closed": "status = 'spot_closed'",
    "suspended": "status = 'suspended'",
    "transferred": "status = 'transferred'",
    "extended": "extended > 0",
    "extended_handling_due": "extended > 0",
    "handled_on_time_extended": "extended > 0",
    "reworked": "reworked > 0",
    "reworked_due": "reworked > 0",
}
"""What a case that a figure counts must be as it stands; leaves most out before they are read."""

READ_LEAST, READ_MOST = 200, 5_000
"""How many cases of a list are read at first, and at most at once: rare ones lie far apart."""

KEYS_MOST = 20_000
"""How many cases are put in order at once before they are read."""

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
    found = f"id IN (SELECT id FROM ({' UNION '.join(EVERY)}) AS found) AND received_at <= :as_of{inside.sql}"
    return _as_of(reading, found, _values(inside, period, as_of), as_of)


def moved(
    reading: Reading, inside: Inside, period: Period, as_of: Instant
) -> Iterator[tuple[CaseFacts, CaseFacts | None]]:
    """Yield every case received by the end of a period that has moved since an instant: as it stands, and as it stood.

    None for one that was not there yet.
    """
    rows = reading.sql.rows(
        # Found by id first: the index knows both, and what was received later is not looked at.
        f"SELECT {_COLUMNS} FROM case_fact WHERE id IN (SELECT id FROM ({MOVED[0]}) AS found){inside.sql}",
        _values(inside, period, as_of),
    )
    steps = _steps(reading, [row["id"] for row in rows], as_of)
    for row in rows:
        taken = steps.get(row["id"])
        yield case_facts.from_row(row), None if taken is None else _played(row, taken, as_of)


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


def behind(
    reading: Reading, inside: Inside | Own, figure: str, period: Period, as_of: Instant, after: Mark
) -> Iterator[CaseFacts]:
    """Yield the cases that a figure may count, those received first first, from ``after`` on.

    Their facts are as of the instant; whether and how often the figure counts each is left to the core.
    """
    narrowed = f" AND {LEFT[figure]}" if figure in LEFT else ""
    bases = [f"{base}{narrowed}" for base in BASES.get(figure, REGISTERED)]
    if as_of < reading.now:
        bases += MOVED
    values = _values(inside, period, as_of)
    size = READ_LEAST
    while keys := _keys(reading, inside, bases, {**values, "after_at": after.received_at, "after_id": after.id}):
        ids = iter(id for _, id in keys)
        while some := list(islice(ids, size)):
            yield from _read(reading, some, as_of)
            size = min(size * 4, READ_MOST)
        if len(keys) < KEYS_MOST:
            break
        # The last one is found again, since a list may begin in the midst of a case's countings: so it goes on behind.
        after = Mark(keys[-1][0], keys[-1][1] + " ")


def _keys(
    reading: Reading, inside: Inside | Own, bases: Iterable[str], values: dict[str, Any]
) -> list[tuple[Instant, str]]:
    """Return when each of the next cases was received, and its id, in this order."""
    union = " UNION ".join(f"{base} AND received_at >= :after_at{inside.sql}" for base in bases)
    rows = reading.sql.tuples(
        f"""
        SELECT received_at, id FROM ({union}) AS found
         WHERE received_at <= :as_of AND (received_at > :after_at OR id >= :after_id)
         ORDER BY received_at, id LIMIT :keys_most
        """,
        {**values, "keys_most": KEYS_MOST},
    )
    return list(rows)


def _read(reading: Reading, ids: list[str], as_of: Instant) -> list[CaseFacts]:
    """Return these cases as of an instant, in the order in which they were received."""
    values = {f"id{n}": id for n, id in enumerate(ids)}
    found = _as_of(reading, f"id IN ({', '.join(f':{name}' for name in values)})", values, as_of)
    return sorted(found, key=lambda case: (case.received_at, case.id))


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


def _values(inside: Inside | Own, period: Period, as_of: Instant) -> dict[str, Any]:
    return {
        **inside.values,
        "first": periods.number(period.first),
        "last": periods.number(period.last),
        "as_of": as_of,
    }
