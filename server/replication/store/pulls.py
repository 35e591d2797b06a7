"""Reads what a field client holds, bucket by bucket, in the order in which it changed (``sync.md`` section 5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import islice
from operator import itemgetter
from typing import NamedTuple

from server.db.sql import Row
from server.db.transactions import Reading
from server.grid.domain.scope import Scope
from server.people.store import scopes
from server.records.store import checksums, columns
from server.records.store.columns import Projection

_SELECT = f"SELECT {columns.select(Projection.PULL | Projection.TODO, 'seq')} FROM record"


class Check(NamedTuple):
    """What a bucket holds: how many rows, and the order-free sum of their ids and versions, as on the wire."""

    rows: int
    sum: str


def current_seq(reading: Reading) -> int:
    """Return the newest number of the county's order of commits."""
    return int(reading.sql.value("SELECT value FROM counter WHERE name = 'seq'"))


def changed(reading: Reading, bucket: str, after: int, upto: int, limit: int) -> Iterator[Row]:
    """Yield at most ``limit`` rows of ``bucket`` that changed after one seq and by another, in that order.

    bucket: ``area:<path>``, ``person:<name>`` or ``body:<code>``. A row that has left the
    bucket comes as no more than its ``id`` and the ``seq`` at which it left.
    """
    inside, values = _inside(bucket)
    numbers = {"after": after, "upto": upto, "limit": limit}
    present = reading.sql.each(
        f"{_SELECT} WHERE {inside} AND seq > :after AND seq <= :upto ORDER BY seq LIMIT :limit",
        {**values, **numbers},
    )
    if bucket.startswith("area:"):
        return present  # a record never moves, so none ever leaves
    gone = reading.sql.each(
        """
        SELECT case_hand.record AS id, case_hand.gone_seq AS seq
          FROM case_hand JOIN record ON record.id = case_hand.record
         WHERE case_hand.mark = :mark AND case_hand.gone_seq > :after AND case_hand.gone_seq <= :upto
           AND record.author <> :person
         ORDER BY case_hand.gone_seq
         LIMIT :limit
        """,
        {**values, **numbers},
    )
    return islice(merge(present, gone, key=itemgetter("seq")), limit)


def visible(reading: Reading, scope: Scope, ids: Sequence[str]) -> Iterator[Row]:
    """Yield those of the records ``ids`` (a batch, few hundred) that ``scope`` shows."""
    inside, values = scopes.by_place_or_person(scope, reading.now)
    listed = {f"id{number}": id for number, id in enumerate(ids)}
    among = ", ".join(f":{name}" for name in listed) or "NULL"
    return reading.sql.each(f"{_SELECT} WHERE id IN ({among}) AND {inside}", {**values, **listed})


def check(reading: Reading, bucket: str) -> Check:
    """Return what ``bucket`` holds now."""
    inside, values = _inside(bucket)
    row = reading.sql.find(
        f"""
        SELECT COUNT(*) AS n,
               COALESCE(SUM(check_value & 16777215), 0) AS low, COALESCE(SUM(check_value >> 24), 0) AS high
          FROM record WHERE {inside}
        """,
        values,
    )
    if row is None:
        raise RuntimeError("a count has no row")
    return Check(row["n"], checksums.text(row["low"], row["high"]))


def _inside(bucket: str) -> tuple[str, dict[str, str]]:
    kind, _, name = bucket.partition(":")
    if kind == "area":
        return "path = :path", {"path": name}
    mark = f"user:{name}" if kind == "person" else bucket
    held = "id IN (SELECT record FROM case_hand WHERE mark = :mark AND gone_seq IS NULL)"
    values = {"mark": mark, "person": name if kind == "person" else ""}
    return f"(author = :person OR {held})", values
