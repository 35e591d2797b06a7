"""Recompute facts and sums from the steps alone, to check them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import orjson

from server.db.sql import Row, Sql
from server.records.domain import case_facts as domain
from server.records.domain.case_facts import CaseFacts
from server.summaries.domain import patrols
from server.summaries.store import case_facts, patrol_facts, rollups


def broken(sql: Sql) -> Iterator[tuple[str, str]]:
    """Yield (invariant, what breaks it) wherever facts or sums are not what the steps and patrols add up to."""
    for recounted_facts, facts in recounted(sql):
        if recounted_facts != facts:
            yield "the facts of a case are what its steps add up to", facts.id
    expected = {
        table: rollups.by_key(table, rows) for table, rows in rollups.summed(case_facts.each(sql)).rows().items()
    }
    for table, rows in expected.items():
        found = rollups.stored(sql, table)
        for key in sorted(found.keys() | rows.keys(), key=str):
            if found.get(key) != rows.get(key):
                yield "sums are what the cases add up to", f"{table} {' '.join(map(str, key))}"
    yield from _broken_rows(sql, "case_ending", case_facts.ENDING_COLUMNS, _endings(sql))
    yield from _broken_rows(sql, "patrol_fact", patrol_facts.COLUMNS, _patrols(sql))


def _broken_rows(sql: Sql, table: str, columns: tuple[str, ...], rows: Iterable[Row]) -> Iterator[tuple[str, str]]:
    found = set(sql.tuples(f"SELECT {', '.join(columns)} FROM {table}"))
    expected = {tuple(row[column] for column in columns) for row in rows}
    for row in sorted(found ^ expected, key=str):
        yield "what figures are opened by is what the cases and patrols tell", f"{table} {' '.join(map(str, row))}"


def _endings(sql: Sql) -> Iterator[Row]:
    return (row for facts in case_facts.each(sql) if facts.endings for row in case_facts.endings(facts))


def _patrols(sql: Sql) -> Iterator[Row]:
    """Yield the row of every patrol, from what its record tells."""
    for row in sql.stream("SELECT id, created_at, path, fields FROM record WHERE type = :type", {"type": patrols.TYPE}):
        fields = orjson.loads(row["fields"])
        yield patrol_facts.row_of(patrol_facts.of_fields(row["id"], row["created_at"], row["path"], fields))


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
