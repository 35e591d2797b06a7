"""Find the cases of a filed month whose item, severity or place has been put right since it was filed."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from server.db.transactions import Reading
from server.instants import Instant
from server.people.store.display_names import batches
from server.records.domain.case_facts import CaseFacts
from server.summaries.domain import periods
from server.summaries.domain.periods import Period
from server.summaries.store import case_facts
from server.summaries.store.counted_cases import Condition

FIELDS = ("item", "severity", "place")
"""Fields whose corrections move no column of the sheet; those of the category and the area are among the steps."""

_FACTS = ", ".join(case_facts.COLUMNS)


def since(reading: Reading, inside: Condition, period: Period, as_of: Instant) -> dict[str, CaseFacts]:
    """Return the cases received or registered in a period that say otherwise in one of ``FIELDS`` than at an instant.

    By id, as they stand now. What was changed and put back is left out.
    """
    values = {
        **inside.values,
        "first": periods.number(period.first),
        "last": periods.number(period.last),
        "as_of": as_of,
    }
    rows = reading.sql.tuples(
        f"""
        SELECT {_FACTS} FROM case_fact
         WHERE (received_day BETWEEN :first AND :last OR registered_day BETWEEN :first AND :last)
           AND received_at <= :as_of{inside.sql}
           AND EXISTS (SELECT 1 FROM record WHERE record.id = case_fact.id AND updated_at > :as_of)
        """,
        values,
    )
    found = {case.id: case for case in map(case_facts.from_values, rows)}
    corrected = _corrected(reading, found, as_of)
    return {id: case for id, case in found.items() if id in corrected}


def _corrected(reading: Reading, ids: Iterable[str], as_of: Instant) -> set[str]:
    written: dict[tuple[str, str], list[str]] = {}
    for listed, values in batches(ids):
        sql = f"""
            SELECT record, diff FROM revision
             WHERE record IN ({listed}) AND received_at > :as_of AND diff <> '{{}}' ORDER BY record, version
        """
        for id, diff in reading.sql.tuples(sql, {**values, "as_of": as_of}):
            for name, (before, after) in orjson.loads(diff).items():
                if name in FIELDS:
                    written.setdefault((id, name), [before or ""]).append(after or "")
    return {id for (id, _), said in written.items() if said[0] != said[-1]}
