"""Store what the steps of each day moved in the sums, for days that are over, and say which days are kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from server.db.sql import Row, inserting
from server.db.transactions import Reading, Transaction
from server.instants import Instant
from server.summaries.domain import periods
from server.summaries.domain.contributions import COLUMNS
from server.summaries.domain.movements import Movements
from server.summaries.domain.periods import Day, Period
from server.summaries.store import case_facts, moved_cases
from server.summaries.store.moved_cases import Stepped
from server.summaries.store.rollups import town_of

STATE_COLUMNS = (
    "received_at", "received_day", "decided_at", "registered_day", "running", "dispatches", "fed_back_at",
    "handle_due_at", "close_due_at", "limit_day", "closed_day", "reworked", "extended",
)  # fmt: skip
"""What lateness asks of a case, as ``case_fact`` names it."""

TABLES = {
    "movement_count": ("day", "period", "path", *COLUMNS),
    "movement_result": ("day", "period", "path", "code", "n"),
    "movement_time": ("day", "period", "path", "handled_s", "n"),
    "movement_state": ("day", "record", "n", "path", *STATE_COLUMNS),
    "movement_case": ("day", "stepped_at", "record", "path"),
}
"""The tables of one day's movements, and their columns."""

Slice = tuple[str, list[Row]]
"""A table, and rows that are added to it in one transaction."""

_BEGUN = "~"
"""Begins the mark of a day that is being written: later than every instant, so that it does not count as kept."""

SLICE = 256
"""How many rows one transaction adds: some milliseconds of the writer's time."""


def of_day(reading: Reading, day: date) -> tuple[Movements, list[Stepped]]:
    """Return what the steps of a day that is over moved, and the cases that took them."""
    stepped = moved_cases.stepped_on(reading, Period(day, day))
    moved = Movements(Period(day, day))
    began_by = periods.last_moment(day - timedelta(days=1))
    for ended, began in moved_cases.between(reading, stepped, began_by, periods.last_moment(day)):
        moved.add(town_of(ended.path), began, ended)
    return moved, stepped


def kept(reading: Reading, since: Day) -> list[Day]:
    """Return the days from ``since`` on whose movements are kept, in order; none that was kept by a clock ahead."""
    rows = reading.sql.tuples(
        "SELECT day FROM movement_day WHERE day >= :since AND kept_at <= :now ORDER BY day",
        {"since": since, "now": reading.now},
    )
    return [day for (day,) in rows]


def stale(reading: Reading, since: Day) -> list[Day]:
    """Return the days to be forgotten: those before ``since``, those half written, and those kept by a clock ahead.

    A step may since have been taken on one that a clock called over too early.
    """
    rows = reading.sql.tuples(
        "SELECT day FROM movement_day WHERE day < :since OR kept_at > :now", {"since": since, "now": reading.now}
    )
    return [day for (day,) in rows]


def empty(tx: Transaction, day: Day) -> None:
    """Forget the movements of a day, whole or half written."""
    for table in ("movement_day", *TABLES):
        tx.sql.run(f"DELETE FROM {table} WHERE day = :day", {"day": day})


def begin(tx: Transaction, day: Day) -> str:
    """Empty a day and return the mark under which its rows are added; it does not count as kept yet."""
    empty(tx, day)
    mark = f"{_BEGUN}{tx.new_id()}"
    tx.sql.run("INSERT INTO movement_day (day, kept_at) VALUES (:day, :mark)", {"day": day, "mark": mark})
    return mark


def add(tx: Transaction, day: Day, mark: str, table: str, rows: list[Row]) -> bool:
    """Add rows to a day that was begun under a mark; False, and nothing done, where another has begun it since."""
    is_ours = bool(tx.sql.value("SELECT kept_at FROM movement_day WHERE day = :day", {"day": day}) == mark)
    if is_ours:
        tx.sql.run_each(inserting(table, TABLES[table]), rows)
    return is_ours


def finish(tx: Transaction, day: Day, mark: str) -> bool:
    """Count a day as kept from now on, all rows of which have been added under a mark; False as for ``add``."""
    sql = "UPDATE movement_day SET kept_at = :now WHERE day = :day AND kept_at = :mark"
    return tx.sql.run(sql, {"day": day, "mark": mark, "now": tx.now}) == 1


def slices(day: Day, movements: Movements, stepped: Iterable[Stepped]) -> Iterator[Slice]:
    """Cut the rows of a day into what one transaction adds. stepped: the cases that took a step on it."""
    for table, rows in rows_of(day, movements, stepped).items():
        for start in range(0, len(rows), SLICE):
            yield table, rows[start : start + SLICE]


def rows_of(day: Day, movements: Movements, stepped: Iterable[Stepped]) -> dict[str, list[Row]]:
    """Return the rows of a day by table; nothing of what came to nought."""
    return {
        "movement_count": [
            {"day": day, "period": period, "path": town, **{column: columns[column] for column in COLUMNS}}
            for (period, town), columns in movements.counts.items()
            if any(columns.values())
        ],
        "movement_result": [
            {"day": day, "period": period, "path": town, "code": code, "n": n}
            for (period, town, code), n in movements.results.items()
            if n
        ],
        "movement_time": [
            {"day": day, "period": period, "path": town, "handled_s": took, "n": n}
            for (period, town, took), n in movements.times.items()
            if n
        ],
        "movement_state": [
            {**_state(case_facts.row_of(case, "")), "day": day, "record": case.id, "n": n, "path": town_of(case.path)}
            for n, case in movements.states
        ],
        "movement_case": [
            {"day": day, "stepped_at": each.stepped_at, "record": each.id, "path": each.path} for each in stepped
        ],
    }


def _state(row: Row) -> Row:
    return {column: row[column] for column in STATE_COLUMNS}


def stepped_since(reading: Reading, day: Day, since: Instant, inside: str, values: Row) -> list[Stepped]:
    """Return the cases that took their last step of a kept day after an instant, with it.

    inside, values: condition on ``path``, and its parameters.
    """
    rows = reading.sql.tuples(
        f"SELECT record, path, stepped_at FROM movement_case WHERE day = :day AND stepped_at > :since{inside}",
        {**values, "day": day, "since": since},
    )
    return [Stepped(*row) for row in rows]


def broken(reading: Reading) -> Iterator[tuple[str, str]]:
    """Yield (invariant, what breaks it) wherever what is kept of a day is not what the steps of that day moved."""
    for day in kept(reading, 0):
        expected = rows_of(day, *of_day(reading, periods.of_number(day)))
        for table, columns in TABLES.items():
            found = reading.sql.tuples(f"SELECT {', '.join(columns)} FROM {table} WHERE day = :day", {"day": day})
            if set(found) != {tuple(row[column] for column in columns) for row in expected[table]}:
                yield "the movements of a day are what its steps moved", f"{table} {day}"
