"""What step 0023 computes: the endings of cases from their steps, and what each day added to the stock.

Frozen with its step. Few cases were void, merged or reopened, so only their histories are played back; the sums come
from the days that are kept of every case.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

import orjson

from server.db.migrations.step_0002_case_figures import COUNTS, day_number
from server.db.sql import Row, Sql, inserting

Ending = tuple[str, str | None, str]
"""When a case ended, when that was undone (None while it stands), and the status that it was left in."""

_CLOSED = ("closed", "spot_closed")
_DROPPED = ("void", "merged")
_UNREGISTERED = ("reported", "rejected", *_DROPPED)

_STEPS = """
    SELECT step.record, step.at, step.status
      FROM case_step AS step JOIN case_fact AS fact ON fact.id = step.record
     WHERE step.record IN (
           SELECT record FROM case_step WHERE status IN ('void', 'merged') OR action = 'reopen')
     ORDER BY step.record, step.version
"""
_STATES = """
    SELECT fact.received_at, fact.path, record.case_state
      FROM case_fact AS fact LEFT JOIN record ON record.id = fact.id WHERE fact.id = :id
"""
_SET_FACT = "UPDATE case_fact SET endings = :endings WHERE id = :id"
_SET_STATE = "UPDATE record SET case_state = :text WHERE id = :id"
_ADD_ENDING = inserting(
    "case_ending", ("record", "position", "status", "ended_day", "undone_day", "received_at", "path")
)
_MOVED = """
    SELECT registered_day AS day, category, path, 1 AS n FROM case_fact WHERE registered_day IS NOT NULL
     UNION ALL
    SELECT closed_day, category, path, -1 FROM case_fact WHERE closed_day IS NOT NULL
     UNION ALL
    SELECT ending.ended_day, fact.category, fact.path, -1
      FROM case_ending AS ending JOIN case_fact AS fact ON fact.id = ending.record
     UNION ALL
    SELECT ending.undone_day, fact.category, fact.path, 1
      FROM case_ending AS ending JOIN case_fact AS fact ON fact.id = ending.record
     WHERE ending.undone_day IS NOT NULL
"""
_CELLS = ("day / 100, category", "day / 100, '*'", "day, '*'")
"""The three sums to which a case adds: its month by category and over all, and its day over all."""


def apply(sql: Sql) -> None:
    """Keep the endings of every case that left the stock otherwise than by a closing that stands, and the stock."""
    for id, steps in groupby(sql.rows(_STEPS), key=lambda row: row["record"]):
        endings = _played(steps)
        if endings:
            _keep(sql, id, endings)
    noughts = ", ".join("0" for _ in COUNTS)
    for cell in _CELLS:
        sql.run(
            f"""
            INSERT INTO case_count (period, category, path, stock, {", ".join(COUNTS)})
            SELECT {cell}, path, SUM(n), {noughts}
              FROM ({_MOVED}) AS moved
             WHERE 1 = 1
             GROUP BY 1, 2, 3
            HAVING SUM(n) <> 0
                ON CONFLICT (category, period, path) DO UPDATE SET stock = excluded.stock
            """
        )


def _played(steps: Iterable[Row]) -> list[Ending]:
    """Return the endings of a case, save the closing that stands, as its steps in order add up to them."""
    endings: list[Ending] = []
    registered, closed_at, before = False, "", "reported"
    for step in steps:
        at, status = step["at"], step["status"]
        if registered and status != before:
            if before in _CLOSED and status not in _CLOSED:
                endings.append((closed_at, at, before))
            elif endings and endings[-1][1] is None:
                ended_at, _, left_in = endings[-1]
                endings[-1] = (ended_at, at, left_in)
            if status in _DROPPED:
                endings.append((at, None, status))
        if status in _CLOSED and before not in _CLOSED:
            closed_at = at
        registered = registered or status not in _UNREGISTERED
        before = status
    return endings


def _keep(sql: Sql, id: str, endings: list[Ending]) -> None:
    row = sql.rows(_STATES, {"id": id})[0]
    text = " ".join(f"{at}/{undone_at or ''}/{status}" for at, undone_at, status in endings)
    sql.run(_SET_FACT, {"id": id, "endings": text})
    sql.run_each(_ADD_ENDING, list(_rows(id, row, endings)))
    if row["case_state"] is not None:
        state = orjson.loads(row["case_state"])
        state["facts"]["endings"] = endings
        sql.run(_SET_STATE, {"id": id, "text": orjson.dumps(state).decode()})


def _rows(id: str, case: Row, endings: list[Ending]) -> Iterator[Row]:
    for position, (at, undone_at, status) in enumerate(endings):
        yield {
            "record": id,
            "position": position,
            "status": status,
            "ended_day": day_number(at),
            "undone_day": None if undone_at is None else day_number(undone_at),
            "received_at": case["received_at"],
            "path": case["path"],
        }
