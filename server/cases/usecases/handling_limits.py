"""Makes the list of handling limits by hazard, so that a phone offers no day later than the rule."""

from __future__ import annotations

from typing import NamedTuple

from server import instants
from server.cases.domain import deadlines
from server.cases.domain.deadlines import Clock
from server.cases.usecases.authorization import ITEMS, REPAIR_COLUMN
from server.db.transactions import Reading
from server.forms.store import codes

LIST = "handling_limits"
GENERAL = "general"
"""Name of the row for a hazard that no list knows."""


class HandlingLimit(NamedTuple):
    """One row: the code of a hazard as ``name``, how long its handling may take in words, and in whole days."""

    name: str
    label: str
    days: int


def rows(reading: Reading) -> list[HandlingLimit]:
    """Return how long the handling of each hazard may take by the limits of today, that of all others first."""
    found = [_limit(reading, GENERAL, "")]
    for item in codes.of_list(reading, ITEMS):
        code = codes.current(reading, ITEMS, item)
        found.append(_limit(reading, item, "" if code is None else code.extra.get(REPAIR_COLUMN, "")))
    return found


def tag(reading: Reading) -> tuple[object, ...]:
    """Return what the list depends on: the day and the configuration."""
    return (LIST, instants.local_day(reading.now), reading.configuration_version())


def _limit(reading: Reading, name: str, rect: str) -> HandlingLimit:
    limit = deadlines.limit_of(Clock.HANDLE, reading.now, rect)
    return HandlingLimit(name, f"{limit.amount}天", limit.amount)
