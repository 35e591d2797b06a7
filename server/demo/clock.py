"""Sets the demonstration's clock and makes its ids, so that half a year passes in seconds and always the same way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

SEED = 4711


class SetClock:
    """A clock that stands where it was set; two things never happen at one instant.

    at: the instant it shows; never moved back.
    """

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def move(self, to: datetime) -> None:
        """Move on to ``to``, or by a millisecond where that is not later than now."""
        self.at = max(to, self.at + timedelta(milliseconds=1))


def seeded_ids(seed: int) -> Callable[[], str]:
    """Return a maker of UUIDs version 4 that makes the same ones in the same order for the same seed."""
    chance = Random(seed)  # noqa: S311 - ids of invented data keep no secret
    return lambda: str(UUID(int=chance.getrandbits(128), version=4))
