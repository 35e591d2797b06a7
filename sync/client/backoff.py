"""Decides how long to wait before the next try, so that a county's phones do not all come back at once."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0


@dataclass(frozen=True)
class Patience:
    """How often to try, and how long to wait in between.

    tries: at most, in all. asked_s_max: a server that asks for a longer pause than this is left alone for now.
    """

    tries: int = 6
    asked_s_max: float = 120.0
    sleep: Callable[[float], None] = time.sleep
    chance: random.Random = field(default_factory=random.SystemRandom)

    def pause_s(self, tried: int, asked_s: float | None) -> float | None:
        """Return the seconds to wait after ``tried`` vain tries, None to give up.

        asked_s: what the server asked for, which is the least; without it anything up to a bound that doubles.
        """
        if tried >= self.tries or (asked_s is not None and asked_s > self.asked_s_max):
            return None
        spread = self.chance.uniform(0, min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (tried - 1)))
        return (asked_s or 0.0) + spread


def asked_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that ``Retry-After`` asks for, None without a readable one.

    A date is held against the answer's own ``Date``, since the device's clock may be wrong by a year.
    """
    said = headers.get("Retry-After", "").strip()
    if said.isdecimal() and said.isascii():
        return float(said)
    when, sent = _instant(said), _instant(headers.get("Date", ""))
    if when is None:
        return None
    return max(0.0, (when - (sent or datetime.now(UTC))).total_seconds())


def _instant(text: str) -> datetime | None:
    if not text:
        return None
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
