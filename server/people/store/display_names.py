"""Read what people and organisations are called, for files that people read."""

from __future__ import annotations

from collections.abc import Iterable

from server.db.transactions import Reading

_PER_QUERY = 2_000


def of_people(reading: Reading, names: Iterable[str]) -> dict[str, str]:
    """Return the display name of each user name, as of now; the user name where there is none."""
    found = {name: name for name in names}
    for listed, values in batches(found):
        for name, display in reading.sql.tuples(f"SELECT name, display FROM person WHERE name IN ({listed})", values):
            found[name] = display or name
    return found


def of_assignees(reading: Reading, assignees: Iterable[str]) -> dict[str, str]:
    """Return the display name of each ``user:<name>`` and ``body:<code>``, as of now; its name or code if unknown."""
    found = {assignee: assignee.partition(":")[2] for assignee in assignees}
    people = of_people(reading, (name for mark, name in found.items() if mark.startswith("user:")))
    found |= {f"user:{name}": display for name, display in people.items()}
    for listed, values in batches(code for mark, code in found.items() if mark.startswith("body:")):
        sql = f"SELECT code, name FROM body WHERE code IN ({listed}) AND valid_from <= :now ORDER BY valid_from"
        for code, name in reading.sql.tuples(sql, {**values, "now": reading.now}):
            found[f"body:{code}"] = name
    return found


def batches(wanted: Iterable[str]) -> Iterable[tuple[str, dict[str, str]]]:
    """Yield the parameters of a list for IN, and their values, in batches that an engine takes."""
    whole = sorted(set(wanted))
    for start in range(0, len(whole), _PER_QUERY):
        values = {f"v{n}": each for n, each in enumerate(whole[start : start + _PER_QUERY])}
        yield ", ".join(f":{name}" for name in values), values
