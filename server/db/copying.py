"""Copies a county from SQLite to PostgreSQL or back, whole or not at all, and compares each row with what was read.

One of the two is always SQLite, whose tables and keys say what there is. What is true if we die after each step:

1. The other database is made, empty: the county is where it was; the empty one is to be deleted.
2. All rows are written and compared, in one transaction: the same, for it is not committed.
3. Committed: both are the county. Whoever copies says which is used from now on; the other one is set aside.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from server.db.engine import Connection, Engine
from server.db.sql import SQLITE, Sql
from server.errors import Conflict

OF_A_PLACE = ("machine", "inode", "born")
"""Settings that say in which file the database is: of the copy they would be wrong."""

DURABLE = "durable"
"""Setting that says what a backup set covers; a database of PostgreSQL has other backups, so all of it is durable."""

_TABLES = """
SELECT name FROM sqlite_master
 WHERE type = 'table' AND name NOT LIKE 'label_search%' AND name NOT LIKE '\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite%'
"""
_MODULUS = 2**256


class Copied(NamedTuple):
    """What was copied of a table. rows: how many. sum: of the hashes of its rows, whatever their order."""

    table: str
    rows: int
    sum: int


def copy(source: Engine, target: Engine) -> list[Copied]:
    """Copy the county that ``source`` keeps into ``target``, which is made for it; return what was copied.

    Nobody else may write meanwhile: the caller holds ``serving`` of the source. The epoch, every number and the secret
    stay; the index of words is made anew by housekeeping. Raises Busy when there is a county already, Conflict when
    what was written is not what was read.
    """
    if source.is_in_folder == target.is_in_folder:
        raise Conflict("只能在数据目录和 PostgreSQL 之间搬；请检查 --from 和 --to 。")
    source.migrate()
    reader = source.connect()
    try:
        reader.begin()
        target.create(str(reader.sql.value("SELECT value FROM setting WHERE name = 'epoch'")))
        try:
            return _filled(reader, target, source.secret())
        except BaseException:
            target.drop()
            raise
    finally:
        reader.roll_back()
        reader.close()


def _filled(reader: Connection, target: Engine, secret: str) -> list[Copied]:
    writer = target.connect()
    try:
        writer.begin()
        of_sqlite = reader.sql if reader.sql.dialect == SQLITE else writer.sql
        for each in (reader.sql, writer.sql):
            each.patient()
        ordered = list(_in_order(of_sqlite))
        for table in reversed(ordered):
            writer.sql.run(f"DELETE FROM {table}")
        copied = [_copied(reader.sql, writer.sql, table, _columns(of_sqlite, table)) for table in ordered]
        writer.sql.run("UPDATE counter SET value = 0 WHERE name = 'labels'")
        writer.commit()
    finally:
        writer.roll_back()
        writer.close()
    target.set_secret(secret)
    return copied


def _copied(source: Sql, target: Sql, table: str, columns: list[str]) -> Copied:
    """Copy a table, and compare. Raises Conflict."""
    read, written = _Sum(), _Sum()
    left_out = (*OF_A_PLACE, DURABLE) if table == "setting" else ()
    target.load(table, columns, read.of(_rows(source, table, columns, left_out)))
    for _ in written.of(_rows(target, table, columns, ())):
        pass
    if read != written:
        raise Conflict(f"表 {table} 写入的和读出的不一致（{read.rows} 行、{written.rows} 行）；没有搬，原来的没有变。")
    return Copied(table, read.rows, read.total)


def _rows(sql: Sql, table: str, columns: list[str], left_out: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
    for row in sql.stream(f"SELECT {', '.join(columns)} FROM {table}"):
        if not (left_out and row["name"] in left_out):
            yield tuple(row.values())


class _Sum:
    """Adds up the hashes of rows, so that their order does not matter."""

    def __init__(self) -> None:
        self.rows = self.total = 0

    def of(self, rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        for row in rows:
            self.rows += 1
            digest = hashlib.sha256(repr(row).encode("utf-8", "surrogatepass")).digest()
            self.total = (self.total + int.from_bytes(digest, "big")) % _MODULUS
            yield row

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Sum) and (self.rows, self.total) == (other.rows, other.total)

    __hash__ = None  # type: ignore[assignment]  # it changes


def tables(sql: Sql) -> list[str]:
    """Return the tables of a county by what SQLite has; the index of words and lists of steps are no part of it."""
    return [str(row["name"]) for row in sql.rows(_TABLES)]


def _in_order(sql: Sql) -> Iterator[str]:
    """Yield the tables, each after those that its keys name."""
    before = {
        table: {str(row["table"]) for row in sql.rows(f"PRAGMA foreign_key_list({table})")} - {table}
        for table in tables(sql)
    }
    while before:
        ready = sorted(table for table, needed in before.items() if not needed & before.keys())
        yield from ready
        for table in ready:
            del before[table]


def _columns(sql: Sql, table: str) -> list[str]:
    return [str(row["name"]) for row in sql.rows(f"PRAGMA table_info({table})")]
