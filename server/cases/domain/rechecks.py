"""Which closed cases of a week are checked again (回访核查): a draw that anybody can repeat, and nobody can foresee.

The pool is what was closed in one town in one week (Monday to Sunday, Beijing) and stands so at its end, in strata. The
seed is the SHA-256 of facts that are fixed by then. Cases of a stratum are put in the order of SHA-256 of seed and id;
the share of ``data/recheck_shares.csv`` is taken from the front, and what is left of a whole case is drawn as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple

from server import dated, instants
from server.errors import Invalid
from server.instants import Instant
from server.records.domain.case_facts import CaseFacts


class Stratum(StrEnum):
    """How a case was closed: fixed on the spot, by a check on the spot, or by a check of what its handler fed back."""

    SPOT = "spot"
    SITE = "site"
    CHECKED = "checked"


class Closing(NamedTuple):
    """A closed case of a pool. record: its id."""

    record: str
    stratum: Stratum


def stratum_of(case: CaseFacts) -> Stratum:
    """Return the stratum of a case that is closed."""
    if case.spot:
        return Stratum.SPOT
    return Stratum.SITE if case.site_closed else Stratum.CHECKED


def labels(at: Instant) -> dict[str, str]:
    """Return what each stratum is called."""
    return {row["stratum"]: row["label"] for row in dated.rows_at("recheck_shares", at)}


def week_name(monday: date) -> str:
    """Return the ISO name of the week that begins with a Monday: ``2026-W48``."""
    year, week, _ = monday.isocalendar()
    return f"{year}-W{week:02}"


def monday_of(week: str) -> date:
    """Return the Monday with which a week begins. Raises Invalid for what is no week of the form ``2026-W48``."""
    year, _, number = week.partition("-W")
    try:
        monday = date.fromisocalendar(int(year), int(number), 1)
        ends_at(monday)  # the last week of all has no end
    except (ValueError, OverflowError):
        monday = None
    if monday is None or week_name(monday) != week:
        raise Invalid(f"“{week[:20]}”不是一周；应写成 2026-W48。", field="week", value=week)
    return monday


def ends_at(monday: date) -> Instant:
    """Return the instant at which the week that begins with ``monday`` is over, and its pool stands."""
    return instants.beginning_of(monday + timedelta(days=7))


def seed_of(week: str, town: str, seq: int, at: Instant) -> str:
    """Return the seed of a draw, as hex.

    week: its name. town: code. seq, at: number and instant of the last revision in the county before the week was over.
    The server made both, to the millisecond: nobody can choose them, and whoever may read the history finds them.
    """
    return sha256(f"{week}|{town}|{seq}|{at}".encode()).hexdigest()


def draw(seed: str, pool: Iterable[Closing], at: Instant) -> list[Closing]:
    """Return which cases of a pool are checked again, in the order of the draw. at: whose shares count."""
    percents = {row["stratum"]: int(row["percent"]) for row in dated.rows_at("recheck_shares", at)}
    found: list[Closing] = []
    cases = sorted(pool, key=lambda each: _hash(seed, each.record))
    for stratum in Stratum:
        among = [each for each in cases if each.stratum is stratum]
        found += among[: _size(seed, stratum, len(among), percents[stratum])]
    return found


def _size(seed: str, stratum: Stratum, cases: int, percent: int) -> int:
    """Return how many of a stratum are drawn: the whole ones of its share, and the rest of one by the seed's chance."""
    chance = int(_hash(seed, stratum)[:13], 16)  # 52 bits, of 2**52
    return (cases * percent * 2**52 + chance * 100) // (100 * 2**52)


def _hash(seed: str, text: str) -> str:
    return sha256(f"{seed}|{text}".encode()).hexdigest()
