"""What an administrator of a new county does first: account, grid, people, phone cards. Once done, it is gone for good.

Nothing is noted down: accounts, areas, duties and phone keys are never deleted, so that what was done stays done.
"""

from __future__ import annotations

from typing import NamedTuple

from server.db.transactions import Reading
from server.grid.domain.areas import Level
from server.grid.store import areas
from server.people.domain.actors import Actor, Role
from server.people.store import duty_lists
from server.people.usecases import visibility


class FirstStep(NamedTuple):
    """A step. key: ``account``, ``grid``, ``people`` or ``cards``."""

    key: str
    is_done: bool


def is_over(reading: Reading) -> bool:
    """Return whether a county has begun: somebody other than administrators has a duty, and a phone card was made."""
    return duty_lists.is_anybody(reading, Role.COUNTY_ADMIN) and duty_lists.is_any_phone(reading)


def steps(reading: Reading, by: Actor) -> tuple[FirstStep, ...]:
    """Return the four steps of a county that has not begun; none for one that has, and for who is no administrator."""
    if Role.COUNTY_ADMIN not in by.roles or is_over(reading):
        return ()
    villages = any(area.level is Level.VILLAGE for area in areas.list_covered(reading, visibility.of(by)))
    return (
        FirstStep("account", True),
        FirstStep("grid", villages),
        FirstStep("people", duty_lists.is_anybody(reading, Role.COUNTY_ADMIN)),
        FirstStep("cards", duty_lists.is_any_phone(reading)),
    )
