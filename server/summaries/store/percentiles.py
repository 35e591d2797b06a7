"""Finds exact medians and P90s of handling times by their place among all, without reading all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from server.db.transactions import Reading
from server.grid.domain.areas import Place
from server.summaries.domain import contributions
from server.summaries.store.rollups import BUCKET_S

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


class Shift(NamedTuple):
    """A case whose handling took so many seconds: taken away (sign -1) or added (1)."""

    sign: int
    took: int


def shifted(lengths: Iterable[int], shifts: Iterable[Shift]) -> list[int]:
    """Return lengths with these shifts made, in any order; what is taken away is there."""
    found = Counter(lengths)
    for sign, took in shifts:
        found[took] += sign
    return list(found.elements())


def middle(
    reading: Reading,
    buckets: Buckets,
    months: Iterable[int],
    towns: Iterable[str] | None,
    shifts: Iterable[Shift] = (),
) -> tuple[int, int, int] | None:
    """Return the seconds at the ranks of the median and the P90; None of none.

    buckets: of all cases of these months and towns together, with the shifts. towns: paths; None for the whole county.
    shifts: in what the cases are not as they stand.
    """
    n = sum(buckets.values())
    if not n:
        return None
    moved: dict[int, list[Shift]] = {}
    for shift in shifts:
        moved.setdefault(shift.took // BUCKET_S, []).append(shift)
    cells = _cells(months, towns)
    lengths: dict[int, list[int]] = {}
    found = []
    for rank in contributions.ranks(n):
        bucket, place = _bucket_of(buckets, rank)
        if bucket not in lengths:
            lengths[bucket] = sorted(shifted(_in_bucket(reading, bucket, cells), moved.get(bucket, ())))
        if len(lengths[bucket]) != buckets[bucket]:
            raise RuntimeError(f"bucket {bucket} of handling times does not hold as many cases as it says")
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
    raise RuntimeError("the buckets of handling times hold fewer cases than they say")


Cells = tuple[str, dict[str, object]]
"""The condition of some months and towns, with its parameters."""


def _cells(months: Iterable[int], towns: Iterable[str] | None) -> Cells:
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


def _in_bucket(reading: Reading, bucket: int, cells: Cells) -> list[int]:
    """Return the length of every case of a bucket."""
    condition, values = cells
    rows = reading.sql.tuples(
        f"""
        SELECT handled_s
          FROM case_fact
         WHERE handled_s IS NOT NULL AND {condition} AND handled_s >= :low AND handled_s < :high
        """,
        {**values, "low": bucket * BUCKET_S, "high": (bucket + 1) * BUCKET_S},
    )
    return [took for (took,) in rows]
