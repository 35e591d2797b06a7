"""Finds exact medians and P90s of handling times by their place among all, without reading all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from server.domain import closure_parts
from server.domain.areas import Place
from server.store.case_rollups import BUCKET_S
from server.store.database import Reading

Buckets = Mapping[int, int]
"""Bucket (``BUCKET_S`` wide) to the number of cases whose handling took so long."""


def by_town(reading: Reading, months: tuple[int, int]) -> dict[str, dict[int, int]]:
    """Return the buckets of each town over a range of months."""
    return _grouped(reading, "town", months, None)


def by_month(reading: Reading, months: tuple[int, int], towns: Collection[str] | None) -> dict[int, dict[int, int]]:
    """Return the buckets of each month of a range in these towns (paths), in the whole county for None."""
    return _grouped(reading, "month", months, towns)


def _grouped(
    reading: Reading, by: str, months: tuple[int, int], towns: Collection[str] | None
) -> dict[Any, dict[int, int]]:
    values: dict[str, object] = {f"town{n}": town for n, town in enumerate(towns or ())}
    inside = f" AND town IN ({', '.join(f':{name}' for name in values)})" if values else ""
    rows = reading.sql.tuples(
        f"SELECT {by}, bucket, SUM(n) FROM case_pace WHERE month BETWEEN :low AND :high{inside} GROUP BY {by}, bucket",
        {"low": months[0], "high": months[1], **values},
    )
    found: dict[Any, dict[int, int]] = {}
    for key, bucket, n in rows:
        if n:
            found.setdefault(key, {})[bucket] = n
    return found


def middle(
    reading: Reading, buckets: Buckets, months: Iterable[int], towns: Iterable[str] | None
) -> tuple[int, int, int] | None:
    """Return the seconds at the ranks of the median and the P90; None of none.

    buckets: of all cases of these months and towns together. towns: paths; None for the whole county.
    """
    n = sum(buckets.values())
    if not n:
        return None
    found: dict[int, int] = {}
    for rank in closure_parts.ranks(n):
        if rank not in found:
            found[rank] = _at(reading, buckets, rank, tuple(months), None if towns is None else tuple(towns))
    low, high, p90 = closure_parts.ranks(n)
    return found[low], found[high], found[p90]


def _at(reading: Reading, buckets: Buckets, rank: int, months: tuple[int, ...], towns: tuple[str, ...] | None) -> int:
    before = 0
    for bucket in sorted(buckets):
        if before + buckets[bucket] > rank:
            return _in_bucket(reading, bucket, rank - before, months, towns)
        before += buckets[bucket]
    raise RuntimeError("the buckets of handling times hold fewer cases than they say")


def _in_bucket(reading: Reading, bucket: int, rank: int, months: tuple[int, ...], towns: tuple[str, ...] | None) -> int:
    values: dict[str, object] = {f"m{n}": month for n, month in enumerate(months)}
    listed = ", ".join(f":{name}" for name in values)
    inside = ""
    if towns is not None:
        terms = []
        for n, town in enumerate(towns):
            low, high = Place(town).bounds()
            # What belongs to no town is recorded in the county itself, whose subtree is everything.
            terms.append(f"path >= :lo{n} AND path < :hi{n}" if "/" in town else f"path = :lo{n} AND path < :hi{n}")
            values |= {f"lo{n}": low, f"hi{n}": high}
        inside = f" AND ({' OR '.join(terms)})"
    found = reading.sql.value(
        f"""
        SELECT handled_s
          FROM case_fact
         WHERE handled_s IS NOT NULL AND registered_month IN ({listed})
           AND handled_s >= :low AND handled_s < :high{inside}
         ORDER BY handled_s
         LIMIT 1 OFFSET :rank
        """,
        {**values, "low": bucket * BUCKET_S, "high": (bucket + 1) * BUCKET_S, "rank": rank},
    )
    if found is None:
        raise RuntimeError(f"bucket {bucket} of handling times holds fewer cases than it says")
    return int(found)
