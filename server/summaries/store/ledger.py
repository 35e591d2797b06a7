"""Read the columns of the hazard ledger (责任清单) that lists lack: instructions, assignees' names, office notes."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from server.db.transactions import Reading

_PER_QUERY = 2_000
_INSTRUCTING_ACTIONS = ("assign", "extend", "rework", "suspend", "resume", "transfer", "reopen")


def office_notes(reading: Reading, ids: Iterable[str]) -> dict[str, str]:
    """Return the office note of each record, by id; the caller has found them inside a scope."""
    found: dict[str, str] = {}
    for listed, values in _batches(ids):
        rows = reading.sql.tuples(f"SELECT id, office_note FROM record WHERE id IN ({listed})", values)
        found.update((id, note) for id, note in rows)
    return found


def work_instructions(reading: Reading, ids: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return the last non-blank value of each input (note, plan, …) of the instructing actions, by record.

    The caller has found the records inside a scope.
    """
    found: dict[str, dict[str, str]] = {}
    acts = ", ".join(f"'{action}'" for action in _INSTRUCTING_ACTIONS)
    for listed, values in _batches(ids):
        rows = reading.sql.tuples(
            f"""
            SELECT record, received
              FROM revision
             WHERE record IN ({listed}) AND action IN ({acts}) AND verdict IN ('applied', 'merged', 'late')
             ORDER BY record, version
            """,
            values,
        )
        for id, received in rows:
            inputs = {name: write[1] for name, write in orjson.loads(received).items() if write[1]}
            found.setdefault(id, {}).update(inputs)
    return found


def assignee_names(reading: Reading, assignees: Iterable[str]) -> dict[str, str]:
    """Return the display name of each ``user:<name>`` and ``body:<code>``, as of now; its name or code if unknown."""
    wanted = set(assignees)
    found = {assignee: assignee.partition(":")[2] for assignee in wanted}
    people = [assignee.partition(":")[2] for assignee in wanted if assignee.startswith("user:")]
    bodies = [assignee.partition(":")[2] for assignee in wanted if assignee.startswith("body:")]
    for listed, values in _batches(people):
        for name, display in reading.sql.tuples(f"SELECT name, display FROM person WHERE name IN ({listed})", values):
            found[f"user:{name}"] = display or name
    for listed, values in _batches(bodies):
        sql = f"SELECT code, name FROM body WHERE code IN ({listed}) AND valid_from <= :now ORDER BY valid_from"
        for code, name in reading.sql.tuples(sql, {**values, "now": reading.now}):
            found[f"body:{code}"] = name
    return found


def _batches(wanted: Iterable[str]) -> Iterable[tuple[str, dict[str, str]]]:
    """Yield the parameters of a list for IN, and their values, in batches that an engine takes."""
    whole = sorted(set(wanted))
    for start in range(0, len(whole), _PER_QUERY):
        values = {f"v{n}": each for n, each in enumerate(whole[start : start + _PER_QUERY])}
        yield ", ".join(f":{name}" for name in values), values
