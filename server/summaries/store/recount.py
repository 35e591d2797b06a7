"""Recompute facts and sums from the steps alone, to check them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import orjson

from server.db.sql import Sql
from server.records.domain import case_facts as domain
from server.records.domain.case_facts import CaseFacts
from server.summaries.domain.contributions import day_number
from server.summaries.store import case_facts, rollups

PATROLS, PREMISES = "patrols", "premises_count"
"""The record type of patrols, and its field with the number of premises inspected."""


def visits(sql: Sql) -> Iterator[tuple[str, int, int]]:
    """Yield (path, day, premises) of every patrol with a number of premises inspected."""
    rows = sql.rows("SELECT path, created_at, fields FROM record WHERE type = :type", {"type": PATROLS})
    for row in rows:
        premises = premises_in(orjson.loads(row["fields"]))
        if premises:
            yield row["path"], day_number(row["created_at"]), premises


def premises_in(fields: Mapping[str, str]) -> int:
    """Return how many premises a patrol inspected; 0 where the field is empty or no whole number."""
    text = fields.get(PREMISES, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX else 0


_DIGITS_MAX = 9
"""More premises than any patrol inspects; longer numbers would not fit a column."""


def broken(sql: Sql) -> Iterator[tuple[str, str]]:
    """Yield (invariant, what breaks it) wherever facts or sums are not what the steps and patrols add up to."""
    for recounted_facts, facts in recounted(sql):
        if recounted_facts != facts:
            yield "the facts of a case are what its steps add up to", facts.id
    expected = {
        table: rollups.by_key(table, rows) for table, rows in rollups.summed(case_facts.each(sql)).rows().items()
    }
    visited: Counter[tuple[object, ...]] = Counter()
    for path, day, premises in visits(sql):
        visited.update({(day, path): premises, (day // 100, path): premises})
    expected["visit_count"] = {key: {"premises": n} for key, n in visited.items() if n}
    for table, rows in expected.items():
        found = rollups.stored(sql, table)
        for key in sorted(found.keys() | rows.keys(), key=str):
            if found.get(key) != rows.get(key):
                yield "sums are what the cases and patrols add up to", f"{table} {' '.join(map(str, key))}"


def recounted(sql: Sql) -> Iterator[tuple[CaseFacts | None, CaseFacts]]:
    """Yield, for every case that took a step, its facts as recomputed from its steps and as stored."""
    kept = {facts.id: facts for facts in case_facts.each(sql)}
    for id, steps in case_facts.each_history(sql):
        facts = kept.pop(id, None)
        if facts is None:
            yield None, domain.begun(id, "", "", steps[0])
            continue
        begun = domain.begun(id, facts.path, facts.category, steps[0])
        yield domain.as_of(begun, steps[1:], steps[-1].at), facts
    for facts in kept.values():
        yield None, facts
