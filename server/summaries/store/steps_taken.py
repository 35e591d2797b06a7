"""Read the steps that cases had taken by an instant, to play them back."""

from __future__ import annotations

from collections.abc import Sequence

from server.db.transactions import Reading
from server.instants import Instant
from server.people.store.display_names import batches
from server.records.domain.case_steps import Step
from server.summaries.store import case_facts

_FIELDS = ", ".join(Step._fields)


def until(reading: Reading, ids: Sequence[str], as_of: Instant) -> dict[str, list[Step]]:
    """Return the steps of these cases until an instant, in order, by id; nothing of what had taken none."""
    found: dict[str, list[Step]] = {}
    for listed, values in batches(ids):
        sql = f"SELECT record, {_FIELDS} FROM case_step WHERE record IN ({listed}) AND at <= :as_of"
        for record, *step in reading.sql.tuples(f"{sql} ORDER BY record, version", {**values, "as_of": as_of}):
            found.setdefault(record, []).append(case_facts.step_of_values(*step))
    return found
