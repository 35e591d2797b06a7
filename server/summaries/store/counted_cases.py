"""Find the cases that a summary can count, with their facts as of an instant: for past instants, and for lists."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import date
from itertools import islice
from typing import Any, NamedTuple, TypeAlias

from server import instants
from server.db.sql import Row
from server.db.transactions import Reading
from server.instants import Instant
from server.records.domain import case_facts as domain
from server.records.domain.case_facts import CaseFacts
from server.records.domain.case_steps import Step
from server.records.store import case_json
from server.summaries.domain import counting_keys, periods
from server.summaries.domain.periods import Period
from server.summaries.store import case_facts, steps_taken
from server.summaries.store.rollup_sums import IS_CLOSING, AreaCondition

_KEYS_WHERE = "SELECT received_at, id FROM case_fact WHERE"
RECEIVED = (f"{_KEYS_WHERE} received_day BETWEEN :first AND :last",)
REGISTERED = (f"{_KEYS_WHERE} registered_day BETWEEN :first AND :last",)
RUNNING = (f"{_KEYS_WHERE} running = 1 AND registered_day BETWEEN :first AND :last",)
UNDECIDED = (f"{_KEYS_WHERE} decided_at IS NULL AND received_day BETWEEN :first AND :last",)
_HANDED_OVER_ROWS = "SELECT day, received_at, record AS id, path FROM case_handover"
# Distinct: one that was handed over on several days is one case; how often it counts is the rule's to say.
HANDED_OVER = (
    f"SELECT DISTINCT received_at, id FROM ({_HANDED_OVER_ROWS}) AS handed WHERE day BETWEEN :first AND :last",
)
_REOPENED_ROWS = f"SELECT ended_day, undone_day, received_at, record AS id, path FROM case_ending WHERE {IS_CLOSING}"
_REOPENED_LATER = "ended_day BETWEEN :first AND :last AND undone_day > :last"
CLOSED = (
    f"{_KEYS_WHERE} closed_day BETWEEN :first AND :last",
    f"SELECT received_at, id FROM ({_REOPENED_ROWS}) AS reopened WHERE {_REOPENED_LATER}",
)
OPENING = (
    f"{_KEYS_WHERE} closed_day IS NULL AND registered_day < :first",
    f"{_KEYS_WHERE} closed_day >= :first AND registered_day < :first",
)
FELL_DUE = (f"{_KEYS_WHERE} limit_day BETWEEN :first AND :last",)
# The plus keeps SQLite from looking at all that was ever received: what has moved since an instant is few.
CHANGED = (f"{_KEYS_WHERE} stepped_at > :as_of AND +received_day <= :last",)
ALL_BASES = (*RECEIVED, *REGISTERED, *HANDED_OVER, *CLOSED, *OPENING, *FELL_DUE, *CHANGED)
"""Which cases a figure can count at all: received, registered, handed over, closed, open or falling due in a period.

They are found by their current state. One whose state differed at the instant has changed since: CHANGED finds it.
"""

BASES = {
    **dict.fromkeys(("undecided_reports", "undecided_over_24h"), UNDECIDED),
    **dict.fromkeys(("open", "open_in_time", "closing_overdue", "handling_overdue"), RUNNING),
    **dict.fromkeys(("dispatches", "dispatches_kept", "returns"), HANDED_OVER),
    "closed_in_period": CLOSED,
    "opening": OPENING,
    **dict.fromkeys(("fell_due", "fell_due_closed"), FELL_DUE),
    "workload": (*OPENING, *REGISTERED),
    **dict.fromkeys(counting_keys.RECEIVED, RECEIVED),
}
"""The cases among which a figure counts; REGISTERED for figures that are not listed."""

PREFILTERS = {
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
"""What must hold now of a case that a figure counts; leaves most out before they are read."""

READ_LEAST, READ_MOST = 200, 5_000
"""How many cases of a list are read at first, and at most at once: rare ones lie far apart."""

KEYS_MOST = 20_000
"""How many cases are put in order at once before they are read."""

_FACTS = ", ".join(case_facts.COLUMNS)
_COLUMNS = f"{_FACTS}, stepped_at"


class Cursor(NamedTuple):
    """Where a list goes on: after this case has been listed ``times`` times."""

    received_at: Instant = ""
    id: str = ""
    times: int = 0


class AssigneeCondition:
    """SQL condition: the case is assigned to one of these assignees. For readers who see no area."""

    __slots__ = ("sql", "values")

    def __init__(self, assignees: Iterable[str]) -> None:
        self.values: dict[str, Any] = {f"assignee{n}": each for n, each in enumerate(assignees)}
        listed = ", ".join(f":{name}" for name in self.values)
        self.sql = f" AND id IN (SELECT id FROM record WHERE assignee IN ({listed}))" if listed else " AND 1 = 0"


Condition: TypeAlias = AreaCondition | AssigneeCondition


def all_candidates(reading: Reading, inside: Condition, period: Period, as_of: Instant) -> list[CaseFacts]:
    """Return, as of an instant, every case that a figure of this period can count."""
    # Inside each of them, where the index has the path: else a village would look at all cases of the county.
    bases = " UNION ".join(f"{base}{inside.sql}" for base in ALL_BASES)
    found = f"id IN (SELECT id FROM ({bases}) AS found) AND received_at <= :as_of"
    return _as_of(reading, found, _values(inside, period, as_of), as_of)


def closed_within(reading: Reading, first: date, last: date, as_of: Instant) -> list[CaseFacts]:
    """Return every case of the county that was closed from one day to another and stood so at ``as_of``, by id.

    For the server's own work, never for an answer. Facts are as of that instant, whatever became of the case since.
    """
    days = {"first": int(first.strftime("%Y%m%d")), "last": int(last.strftime("%Y%m%d"))}
    found = _as_of(
        reading,
        "id IN (SELECT id FROM case_fact WHERE closed_day BETWEEN :first AND :last"
        " UNION SELECT record FROM case_ending WHERE ended_day BETWEEN :first AND :last)",
        days,
        as_of,
    )
    begins_at = instants.beginning_of(first)
    closed = [case for case in found if case.closed_at is not None and begins_at <= case.closed_at <= as_of]
    return sorted(closed, key=lambda case: case.id)


def contributing(reading: Reading, inside: Condition, low: int, high: int) -> Iterator[CaseFacts]:
    """Yield every case that contributes something to the days ``low`` to ``high`` (20260401), as it is now."""
    union = " UNION ".join(
        f"SELECT {column} FROM {table} WHERE {day} BETWEEN :first AND :last"
        for table, column, day in (
            ("case_fact", "id", "received_day"),
            ("case_fact", "id", "registered_day"),
            ("case_fact", "id", "closed_day"),
            ("case_fact", "id", "limit_day"),
            ("case_handover", "record", "day"),
            ("case_ending", "record", "ended_day"),
            ("case_ending", "record", "undone_day"),
        )
    )
    sql = f"SELECT {_COLUMNS} FROM case_fact WHERE id IN ({union}){inside.sql}"
    return map(case_facts.from_row, reading.sql.stream(sql, {"first": low, "last": high, **inside.values}))


def candidates(
    reading: Reading,
    inside: Condition,
    figure: str,
    period: Period,
    as_of: Instant,
    after: Cursor,
) -> Iterator[CaseFacts]:
    """Yield the cases that a figure may count, those received first first, from ``after`` on.

    Their facts are as of the instant; whether and how often the figure counts each is for its rule to decide.
    """
    narrowed = f" AND {PREFILTERS[figure]}" if figure in PREFILTERS else ""
    bases = [f"{base}{narrowed}" for base in BASES.get(figure, REGISTERED)]
    if as_of < reading.now:
        bases += CHANGED
    values = _values(inside, period, as_of)
    size = READ_LEAST
    while keys := _keys(reading, inside, bases, {**values, "after_at": after.received_at, "after_id": after.id}):
        ids = iter(id for _, id in keys)
        while some := list(islice(ids, size)):
            yield from _read(reading, some, as_of)
            size = min(size * 4, READ_MOST)
        if len(keys) < KEYS_MOST:
            break
        # ``after`` is inclusive, since a page may end between two listings of one case; the blank sorts behind its id.
        after = Cursor(keys[-1][0], keys[-1][1] + " ")


def _keys(
    reading: Reading, inside: Condition, bases: Collection[str], values: dict[str, Any]
) -> list[tuple[Instant, str]]:
    """Return when each of the next cases was received, and its id, in this order."""
    # What a figure counts among overlaps nowhere; only what has changed since an instant may be among it already.
    union = " UNION " if CHANGED[0] in bases else " UNION ALL "
    keys = union.join(f"{base} AND received_at >= :after_at{inside.sql}" for base in bases)
    rows = reading.sql.tuples(
        f"""
        SELECT received_at, id FROM ({keys}) AS found
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


def record_columns(
    reading: Reading, ids: Iterable[str], as_of: Instant, label: Callable[[Row], str] | None = None
) -> dict[str, dict[str, Any]]:
    """Return number, label and area of records, and who had them at an instant, by id; all lie inside a scope.

    label: what a reader sees of a row's label, by its ``type``, ``author``, ``area``, ``assignee`` and ``fields``; None
    for one who sees all.
    """
    values = {f"id{n}": id for n, id in enumerate(ids)}
    if not values:
        return {}
    listed = ", ".join(f":{name}" for name in values)
    past = as_of < reading.now
    state = ", case_state" if past else ""
    more = "" if label is None else ", type, author, fields"
    sql = f"SELECT id, case_no, label, area, assignee{state}{more} FROM record WHERE id IN ({listed})"
    found = {row["id"]: row for row in reading.sql.each(sql, values)}
    if label is not None:
        for row in found.values():
            row["label"] = label(row)
    for row in found.values() if past else ():
        case = case_json.from_text(row.pop("case_state"))
        lead = None if case is None else case.lead_at(as_of)
        row["assignee"] = None if lead is None else lead.mark
    return found


def _as_of(reading: Reading, condition: str, values: dict[str, Any], as_of: Instant) -> list[CaseFacts]:
    """Return facts as of an instant; only what has changed since is replayed from its steps."""
    rows = reading.sql.rows(f"SELECT {_COLUMNS} FROM case_fact WHERE {condition}", values)
    changed = [row["id"] for row in rows if row["stepped_at"] > as_of]
    steps = steps_taken.until(reading, changed, as_of)
    return [_facts_as_of(row, steps[row["id"]]) if row["id"] in steps else case_facts.from_row(row) for row in rows]


def _facts_as_of(row: dict[str, Any], steps: list[Step]) -> CaseFacts:
    return domain.of_history(row["id"], row["path"], row["category"], steps)


def _values(inside: Condition, period: Period, as_of: Instant) -> dict[str, Any]:
    return {
        **inside.values,
        "first": periods.number(period.first),
        "last": periods.number(period.last),
        "as_of": as_of,
    }
