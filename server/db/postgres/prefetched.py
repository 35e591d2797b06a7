"""Holds answers that were asked for before they were needed, so that a commit of many works waits once for all.

An answer is given only as long as nothing was written that might change it. No trigger and no key that cascades writes
to another table than its statement names (a test looks), so a statement changes nothing that is read from tables which
it does not name. A plain row (``InsertInto``) of such a table changes it only where it has one of its keys.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable
from functools import lru_cache
from typing import Any

import psycopg

from server.db.sql import Lookup, Parameters

_WRITES = re.compile(r"\b(?:INSERT|UPDATE|DELETE|TRUNCATE)\b", re.IGNORECASE)
_TABLES = re.compile(r"\b(?:FROM|JOIN)\s+(\w+)", re.IGNORECASE)
_WORDS = re.compile(r"\w+")
_TEXTS_MAX = 4_096


class _Answer:
    """The rows that ``cursor`` has once its statement was carried out. key: under which it is found."""

    __slots__ = ("cursor", "key", "lookup", "rows")

    def __init__(self, lookup: Lookup, cursor: psycopg.RawCursor[Any]) -> None:
        self.key = _key(lookup.sql, lookup.parameters)
        self.lookup = lookup
        self.cursor = cursor
        self.rows: list[tuple[Any, ...]] | None = None


class Prefetched:
    """The answers of one transaction that still hold."""

    __slots__ = ("_answers", "_by_value")

    def __init__(self) -> None:
        self._answers: dict[Hashable, _Answer] = {}
        self._by_value: dict[Any, list[_Answer]] = {}

    def add(self, lookup: Lookup, cursor: psycopg.RawCursor[Any]) -> None:
        """Keep what ``cursor`` will have once the statement of ``lookup`` is carried out."""
        answer = _Answer(lookup, cursor)
        self._answers[answer.key] = answer
        for value in lookup.keys:
            self._by_value.setdefault(value, []).append(answer)

    def answer(self, sql: str, parameters: Parameters) -> tuple[psycopg.RawCursor[Any], list[tuple[Any, ...]]] | None:
        """Return the cursor of a statement and all of its rows; None where it has to be asked.

        Raises psycopg.Error by what it failed, or what waited before it.
        """
        found = self._answers.get(_key(sql, parameters)) if self._answers else None
        if found is None:
            return None
        if found.rows is None:
            found.rows = found.cursor.fetchall()
        return found.cursor, found.rows

    def note(self, sql: str) -> None:
        """Drop what a statement may change that is carried out now."""
        if self._answers and _written(sql):
            self._drop(sql, list(self._answers.values()))

    def note_row(self, sql: str, values: tuple[Any, ...]) -> None:
        """Drop what a plain row may change. sql: the text of its InsertInto."""
        if self._answers:
            told = [answer for value in values for answer in self._by_value.get(value, ())]
            self._drop(sql, [*told, *(each for each in self._answers.values() if not each.lookup.keys)])

    def clear(self) -> None:
        """Drop all of them."""
        self._answers.clear()
        self._by_value.clear()

    def _drop(self, sql: str, answers: Iterable[_Answer]) -> None:
        written = _written(sql)
        for answer in answers:
            if not written.isdisjoint(_read(answer.lookup.sql)):
                self._answers.pop(answer.key, None)


def _key(sql: str, parameters: Parameters) -> Hashable:
    return sql, frozenset(parameters.items())


@lru_cache(_TEXTS_MAX)
def _read(sql: str) -> frozenset[str]:
    """Return the tables that a lookup reads."""
    return frozenset(_TABLES.findall(sql))


@lru_cache(_TEXTS_MAX)
def _written(sql: str) -> frozenset[str]:
    """Return all words of a statement that writes, its tables among them; none for one that only reads."""
    return frozenset(_WORDS.findall(sql)) if _WRITES.search(sql) else frozenset()
