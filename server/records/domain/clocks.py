"""Says whether an instant that a device tells can be believed."""

from __future__ import annotations

from datetime import timedelta

from server import instants
from server.instants import Instant

DRIFT = timedelta(minutes=10)
"""How far a clock that is set may be ahead: phones off the network drift by minutes."""

OLDEST = timedelta(days=366)
"""How long before its receipt something is written at most: a clock that says more was never set."""


def is_sound(told: Instant, received_at: Instant) -> bool:
    """Say whether a clock that told an instant, of something received at another, is sound.

    It is not where it is ahead of the receipt by more than clocks drift, or a year behind.
    """
    return instants.later(received_at, -OLDEST) <= told <= instants.later(received_at, DRIFT)
