"""When a message that was not taken is sent again, and when it is given up."""

from __future__ import annotations

from datetime import timedelta

from server import instants
from server.instants import Instant

FIRST = timedelta(seconds=5)
LONGEST = timedelta(hours=1)
ATTEMPTS_MAX = 100
"""After so many, in about three days, a message is given up: it is kept, told of, and sent again on demand."""

LEASE = timedelta(minutes=2)
"""How long a message that is being sent is left alone by others; a process that died has let it go by then."""


def next_attempt(now: Instant, attempts: int, jitter: float) -> Instant:
    """Return when to try again. attempts: made so far, 1 at least. jitter: of 0 to 1, at random.

    The wait doubles each time up to an hour; a random half of it keeps many messages from coming at once.
    """
    wait = min(FIRST * 2 ** min(attempts - 1, 20), LONGEST)
    return instants.later(now, wait / 2 + wait / 2 * jitter)


def is_given_up(attempts: int) -> bool:
    """Say whether a message is given up after so many attempts."""
    return attempts >= ATTEMPTS_MAX
