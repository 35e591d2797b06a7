"""Reads what a ledger of hazards (责任清单) says of each beyond a list: what is to be done, by whom, the last word."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from server.db.transactions import Reading

_PER_QUERY = 2_000
_SETTING_WORK = ("assign", "extend", "rework", "suspend", "resume", "transfer", "reopen")


def last_words(reading: Reading, ids: Iterable[str]) -> dict[str, str]:
    """Return the last word of the office on each record, by id; the caller has found them inside a scope."""
    found: dict[str, str] = {}
    for listed, values in _pieces(ids):
        rows = reading.sql.tuples(f"SELECT id, office_note FROM record WHERE id IN ({listed})", values)
        found.update((id, note) for id, note in rows)
    return found


def set_work(reading: Reading, ids: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return what the acts that set work last said in each input (note, plan, …), by record; none where all was blank.

    The caller has found the records inside a scope.
    """
    found: dict[str, dict[str, str]] = {}
    acts = ", ".join(f"'{action}'" for action in _SETTING_WORK)
    for listed, values in _pieces(ids):
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
            said = {name: write[1] for name, write in orjson.loads(received).items() if write[1]}
            found.setdefault(id, {}).update(said)
    return found


def assignee_names(reading: Reading, marks: Iterable[str]) -> dict[str, str]:
    """Return the display name of each ``user:<name>`` and ``body:<code>``, as it is now; the mark of one unknown."""
    wanted = set(marks)
    found = {mark: mark.partition(":")[2] for mark in wanted}
    people = [mark.partition(":")[2] for mark in wanted if mark.startswith("user:")]
    bodies = [mark.partition(":")[2] for mark in wanted if mark.startswith("body:")]
    for listed, values in _pieces(people):
        for name, display in reading.sql.tuples(f"SELECT name, display FROM person WHERE name IN ({listed})", values):
            found[f"user:{name}"] = display or name
    for listed, values in _pieces(bodies):
        sql = f"SELECT code, name FROM body WHERE code IN ({listed}) AND valid_from <= :now ORDER BY valid_from"
        for code, name in reading.sql.tuples(sql, {**values, "now": reading.now}):
            found[f"body:{code}"] = name
    return found


def _pieces(wanted: Iterable[str]) -> Iterable[tuple[str, dict[str, str]]]:
    """Yield the parameters of a list for IN, and their values, in pieces that an engine takes."""
    whole = sorted(set(wanted))
    for start in range(0, len(whole), _PER_QUERY):
        values = {f"v{n}": each for n, each in enumerate(whole[start : start + _PER_QUERY])}
        yield ", ".join(f":{name}" for name in values), values
