"""Find exact medians and P90s of handling times by their rank, without reading all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from server.db.transactions import Reading
from server.grid.domain.areas import Place
from server.summaries.domain import contributions
from server.summaries.domain.contributions import Percentiles
from server.summaries.store.rollups import BUCKET_S, COUNTY

Buckets = Mapping[int, int]
"""Bucket (``BUCKET_S`` wide) to the number of cases whose handling took so long."""


def by_town(reading: Reading, months: tuple[int, int]) -> dict[str, dict[int, int]]:
    """Return the buckets of each town over a range of months."""
    return _grouped(reading, "town", "town <> :county", {"county": COUNTY}, months)


def by_month(reading: Reading, months: tuple[int, int], towns: Collection[str] | None) -> dict[int, dict[int, int]]:
    """Return the buckets of each month of a range in these towns (paths), in the whole county for None."""
    values = {f"town{n}": town for n, town in enumerate(towns or [COUNTY])}
    return _grouped(reading, "month", f"town IN ({', '.join(f':{name}' for name in values)})", values, months)


def _grouped(
    reading: Reading, by: str, inside: str, values: Mapping[str, object], months: tuple[int, int]
) -> dict[Any, dict[int, int]]:
    rows = reading.sql.tuples(
        f"""
        SELECT {by}, bucket, SUM(n) FROM case_pace
         WHERE month BETWEEN :low AND :high AND {inside} GROUP BY {by}, bucket
        """,
        {"low": months[0], "high": months[1], **values},
    )
    found: dict[Any, dict[int, int]] = {}
    for key, bucket, n in rows:
        if n:
            found.setdefault(key, {})[bucket] = n
    return found


class Adjustment(NamedTuple):
    """So many cases (``sign``) more whose handling took so many seconds; fewer where it is negative."""

    sign: int
    took: int


def adjusted(lengths: Iterable[int], adjustments: Iterable[Adjustment]) -> list[int]:
    """Return handling times with these adjustments made, in any order; what is taken away must be there."""
    found = Counter(lengths)
    for sign, took in adjustments:
        found[took] += sign
    return list(found.elements())


def percentiles(
    reading: Reading,
    buckets: Buckets,
    months: Iterable[int],
    towns: Iterable[str] | None,
    adjustments: Iterable[Adjustment] = (),
) -> Percentiles:
    """Return the percentiles of handling times.

    buckets: of all cases of these months and towns together, with the adjustments. towns: paths; None for the county.
    adjustments: how the cases differ from those stored, for a past instant.
    """
    n = sum(buckets.values())
    if not n:
        return None
    by_bucket: dict[int, list[Adjustment]] = {}
    for adjustment in adjustments:
        by_bucket.setdefault(adjustment.took // BUCKET_S, []).append(adjustment)
    condition = _condition(months, towns)
    lengths: dict[int, list[int]] = {}
    found = []
    for rank in contributions.ranks(n):
        bucket, place = _bucket_of(buckets, rank)
        if bucket not in lengths:
            lengths[bucket] = sorted(adjusted(_in_bucket(reading, bucket, condition), by_bucket.get(bucket, ())))
        if len(lengths[bucket]) != buckets[bucket]:
            raise RuntimeError(f"bucket {bucket} of handling times does not hold as many cases as its count")
        found.append(lengths[bucket][place])
    low, high, p90 = found
    return low, high, p90


def _bucket_of(buckets: Buckets, rank: int) -> tuple[int, int]:
    """Return in which bucket the case of a rank lies, and at which place in it."""
    before = 0
    for bucket in sorted(buckets):
        if before + buckets[bucket] > rank:
            return bucket, rank - before
        before += buckets[bucket]
    raise RuntimeError("the buckets of handling times hold fewer cases than counted")


Condition = tuple[str, dict[str, object]]
"""The condition of some months and towns, with its parameters."""


def _condition(months: Iterable[int], towns: Iterable[str] | None) -> Condition:
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
    return f"registered_month IN ({listed}){inside}", values


def _in_bucket(reading: Reading, bucket: int, towns_and_months: Condition) -> list[int]:
    """Return the length of every case of a bucket."""
    sql, values = towns_and_months
    rows = reading.sql.tuples(
        f"""
        SELECT handled_s
          FROM case_fact
         WHERE handled_s IS NOT NULL AND {sql} AND handled_s >= :low AND handled_s < :high
        """,
        {**values, "low": bucket * BUCKET_S, "high": (bucket + 1) * BUCKET_S},
    )
    return [took for (took,) in rows]
