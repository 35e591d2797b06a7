"""Exponential back-off with jitter, so that a county's devices do not all come back at once."""

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
class Backoff:
    """How often to try, and how long to wait in between.

    tries: at most, in all. retry_after_s_max: when the server asks for a longer pause than this, give up for now.
    """

    tries: int = 6
    retry_after_s_max: float = 120.0
    sleep: Callable[[float], None] = time.sleep
    jitter: random.Random = field(default_factory=random.SystemRandom)

    def pause_s(self, tries: int, retry_after_s: float | None) -> float | None:
        """Return the seconds to wait after ``tries`` failed tries, None to give up.

        retry_after_s: the least to wait, as the server asks; without it anything up to a bound that doubles.
        """
        if tries >= self.tries or (retry_after_s is not None and retry_after_s > self.retry_after_s_max):
            return None
        spread = self.jitter.uniform(0, min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (tries - 1)))
        return (retry_after_s or 0.0) + spread


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that ``Retry-After`` asks for, None without a readable one.

    A date is compared with the response's own ``Date``, since the device's clock may be wrong by a year.
    """
    value = headers.get("Retry-After", "").strip()
    if value.isdecimal() and value.isascii():
        return float(value)
    until, sent = _instant(value), _instant(headers.get("Date", ""))
    if until is None:
        return None
    return max(0.0, (until - (sent or datetime.now(UTC))).total_seconds())


def _instant(text: str) -> datetime | None:
    if not text:
        return None
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
