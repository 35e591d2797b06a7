"""The shape of SQLite's database of today as PostgreSQL is told it, for the shapes of both to be held together."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

OTHERWISE = {
    "record_status_due": (
        " label, case_no, id,",
        "",
        "an entry of PostgreSQL's index holds 2.7 kB, and a label may be longer; it is read from the table",
    ),
}
"""Indexes that differ: what stands in SQLite's, what in PostgreSQL's, and why."""


def statements(path: Path) -> Iterator[str]:
    """Yield the statements that make the tables and indexes of a SQLite file in PostgreSQL."""
    with closing(sqlite3.connect(path)) as connection:
        made = connection.execute("SELECT name, type, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid")
        for name, kind, sql in made.fetchall():
            if not re.match(r"label_search|sqlite_|_sqlite|idx__sqlite", name):
                yield _table(sql) if kind == "table" else _index(name, sql)


def _table(sql: str) -> str:
    body = sql[sql.index("(") + 1 : sql.rindex(")")]
    name = sql[: sql.index("(")].split()[-1]
    return f"CREATE TABLE {name} ({', '.join(map(_column, _parts(body)))})"


def _parts(body: str) -> Iterator[str]:
    """Yield what stands between the commas of a table that are not within brackets."""
    depth, begun = 0, 0
    for at, character in enumerate(body):
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            yield body[begun:at].strip()
            begun = at + 1
    yield body[begun:].strip()


def _column(sql: str) -> str:
    sql = re.sub(r"\bINTEGER\b", "BIGINT", sql)
    sql = re.sub(r"\bBLOB\b", "BYTEA", sql)
    sql = re.sub(r"\bREAL\b", "DOUBLE PRECISION", sql)
    return re.sub(r"^(\w+\s+)TEXT\b", r'\1TEXT COLLATE "C"', sql)


def _index(name: str, sql: str) -> str:
    sql = re.sub(r"\s+", " ", sql)
    if name in OTHERWISE:
        before, after, _ = OTHERWISE[name]
        assert before in sql, name
        sql = sql.replace(before, after)
    return sql.replace("flags LIKE", "flags ILIKE")
