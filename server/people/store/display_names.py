"""Read what people and organisations are called, and in which role people are, for what others read."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import zip_longest

from server.db.transactions import Reading
from server.instants import Instant
from server.people.domain.actors import Role

_PER_QUERY = 2_048


def of_people(reading: Reading, names: Iterable[str]) -> dict[str, str]:
    """Return the display name of each user name, as of now; the user name where there is none. Remembered."""
    wanted = list(names)
    found = reading.cached_each("display names", wanted, _displays)
    return {name: found.get(name) or name for name in wanted}


def of_assignees(reading: Reading, assignees: Iterable[str]) -> dict[str, str]:
    """Return the display name of each ``user:<name>`` and ``body:<code>``, as of now; its name or code if unknown."""
    found = {assignee: assignee.partition(":")[2] for assignee in assignees}
    people = of_people(reading, [name for mark, name in found.items() if mark.startswith("user:")])
    found |= {f"user:{name}": display for name, display in people.items()}
    codes = [code for mark, code in found.items() if mark.startswith("body:")]
    for code, spells in reading.cached_each("names of bodies", codes, _spells).items():
        begun = [name for valid_from, name in spells if valid_from <= reading.now]
        if begun:
            found[f"body:{code}"] = begun[-1]
    return found


def bodies(reading: Reading) -> tuple[str, ...]:
    """Return the code of every body that there is or was, in order. Remembered."""
    return reading.cached(
        "codes of bodies",
        lambda fresh: tuple(code for (code,) in fresh.sql.tuples("SELECT DISTINCT code FROM body ORDER BY code")),
    )


def _displays(reading: Reading, names: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for listed, values in batches(names):
        rows = reading.sql.rows(f"SELECT name, display FROM person WHERE name IN ({listed})", values)
        found |= {row["name"]: row["display"] for row in rows}
    return found


def _spells(reading: Reading, codes: Iterable[str]) -> dict[str, list[tuple[Instant, str]]]:
    """Return what bodies are called, and since when, oldest first."""
    found: dict[str, list[tuple[Instant, str]]] = {}
    for listed, values in batches(codes):
        sql = f"SELECT code, valid_from, name FROM body WHERE code IN ({listed}) ORDER BY valid_from"
        for code, valid_from, name in reading.sql.tuples(sql, values):
            found.setdefault(code, []).append((valid_from, name))
    return found


def roles_at(reading: Reading, names: Iterable[str], at: Instant) -> dict[str, Role]:
    """Return the role of each person's oldest duty in force at ``at``; who had none is left out."""
    found: dict[str, Role] = {}
    for listed, values in batches(names):
        rows = reading.sql.tuples(
            f"""
            SELECT person, role FROM duty
             WHERE person IN ({listed}) AND starts_at <= :at AND ends_at > :at ORDER BY starts_at, id
            """,
            {**values, "at": at},
        )
        for person, role in rows:
            found.setdefault(person, Role(role))
    return found


def batches(wanted: Iterable[str]) -> Iterable[tuple[str, dict[str, str]]]:
    """Yield the parameters of a list for IN, and their values, in batches that an engine takes.

    The last value fills a list up to one of a dozen lengths: each text of a statement is prepared, translated and
    remembered, and a file asks with a list of another length for each of its pages.
    """
    whole = sorted(set(wanted))
    for start in range(0, len(whole), _PER_QUERY):
        some = whole[start : start + _PER_QUERY]
        names, listed = _parameters(1 << (len(some) - 1).bit_length())
        yield listed, dict(zip_longest(names, some, fillvalue=some[-1]))


@lru_cache
def _parameters(length: int) -> tuple[tuple[str, ...], str]:
    names = tuple(f"v{number}" for number in range(length))
    return names, ", ".join(f":{name}" for name in names)
