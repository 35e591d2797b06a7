"""Find the cases that have changed since an instant, as they stand and as they stood: for what was counted then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from server.db.transactions import Reading
from server.instants import Instant
from server.records.domain import case_facts as domain
from server.records.domain.case_facts import CaseFacts
from server.summaries.domain import periods
from server.summaries.domain.periods import Period
from server.summaries.store import case_facts, steps_taken
from server.summaries.store.rollup_sums import AreaCondition

Changed = tuple[CaseFacts, CaseFacts | None]
"""A case as it stands, and as it stood; None for one that did not exist yet."""


class Stepped(NamedTuple):
    """A case that took a step within a stretch of time. stepped_at: when it took the last one of that time."""

    id: str
    path: str
    stepped_at: Instant


_FACTS = ", ".join(case_facts.COLUMNS)
_MAY_DIFFER = """
    received_day >= :first OR registered_day >= :first OR closed_day BETWEEN :first AND :last
    OR close_due_at BETWEEN :starts_at AND :ends_at OR endings <> ''
    OR SUBSTR(dispatches, LENGTH(dispatches) - 24, 24) >= :starts_at
    OR SUBSTR(dispatches, LENGTH(dispatches) - 23, 24) >= :starts_at
    OR EXISTS (SELECT 1 FROM case_step WHERE record = id AND at > :as_of AND close_due_at IS NOT NULL)
"""
"""What must hold of a case that counts otherwise in a period than it did, by its area or month.

What it did before the period, whose days the instant lies in or after, it has done in both states. One that came in and
was registered before differs by a closing or a hand-over since the period began, or by its limit alone. The newest
hand-over ends the text of ``dispatches``: ``sent/`` or ``sent/returned``, of 24 characters each.
"""


def since(reading: Reading, inside: AreaCondition, period: Period, as_of: Instant) -> list[Changed]:
    """Return every case received by the end of a period that has changed since an instant.

    All parts of one summary share what is read once.
    """
    values = {**inside.values, "last": periods.number(period.last), "as_of": as_of}
    return _shared(reading, inside, values)


def counted_since(reading: Reading, inside: AreaCondition, period: Period, as_of: Instant) -> list[Changed]:
    """Return those of ``since`` that may count otherwise in a period, by area or month.

    period: begins no later than the day of the instant.
    """
    values = {
        **inside.values,
        "first": periods.number(period.first),
        "last": periods.number(period.last),
        "starts_at": period.starts_at,
        "ends_at": period.ends_at,
        "as_of": as_of,
    }
    return _shared(reading, inside, values, f" AND ({_MAY_DIFFER})")


def _shared(reading: Reading, inside: AreaCondition, values: Mapping[str, Any], narrowed: str = "") -> list[Changed]:
    key = ("changed since", inside.sql, narrowed, *values.values())
    return reading.once(key, lambda each: list(_changed(each, inside, values, narrowed)))


def _changed(reading: Reading, inside: AreaCondition, values: Mapping[str, Any], narrowed: str) -> Iterator[Changed]:
    # Found by id first: the index knows both, and what was received later is not looked at.
    ids = f"SELECT id FROM case_fact WHERE stepped_at > :as_of AND received_day <= :last{inside.sql}"
    sql = f"SELECT {_FACTS} FROM case_fact WHERE id IN (SELECT id FROM ({ids}) AS found){narrowed}"
    found = list(map(case_facts.from_values, reading.sql.tuples(sql, dict(values))))
    taken = steps_taken.until(reading, [case.id for case in found], values["as_of"])
    for case in found:
        steps = taken.get(case.id)
        yield case, None if steps is None else domain.of_history(case.id, case.path, case.category, steps)


def stepped_on(reading: Reading, day: Period) -> list[Stepped]:
    """Return every case that took a step on a day that is over: for sums of the whole county, never for an answer."""
    # Few of what has changed since a day began were changed on the day itself, and of the others no step is read whole.
    rows = reading.sql.tuples(
        """
        SELECT id, path, MAX(at)
          FROM case_fact JOIN case_step ON record = id
         WHERE stepped_at >= :starts_at AND at >= :starts_at AND at < :ends_at
         GROUP BY id, path
        """,
        {"starts_at": day.starts_at, "ends_at": day.ends_at},
    )
    return [Stepped(*row) for row in rows]


def between(reading: Reading, stepped: Iterable[Stepped], then: Instant, later: Instant) -> Iterator[Changed]:
    """Yield these cases as they stood at the later of two instants, and as they stood at the earlier."""
    paths = {case.id: case.path for case in stepped}
    for id, steps in steps_taken.until(reading, list(paths), later).items():
        earlier = [step for step in steps if step.at <= then]
        # What a case counts as, by area and month, no category decides.
        before = domain.of_history(id, paths[id], "", earlier) if earlier else None
        yield domain.of_history(id, paths[id], "", steps), before
