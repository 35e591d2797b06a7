"""Knows when requests wait too long for their turn, so that newcomers are told to come back instead of joining them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from server.settings import WAIT_S

AGAIN_S = 10
"""When whoever is sent away may come back; clients add a spread of their own."""


class Line:
    """Requests that wait for their turn, first come, first served.

    wait_s: seconds after which nobody more joins. An evening on which a whole county sends drains long before.
    """

    def __init__(self, wait_s: float = WAIT_S, now: Callable[[], float] = time.monotonic) -> None:
        self._wait_s = wait_s
        self._now = now
        self._since: deque[float] = deque()

    def is_jammed(self) -> bool:
        """Say whether the first in the line has waited for so long that the last would wait in vain."""
        try:
            return self._now() - self._since[0] > self._wait_s
        except IndexError:
            return False

    def join(self) -> None:
        """Note that one more waits."""
        self._since.append(self._now())

    def leave(self) -> None:
        """Note that the turn of the first has come."""
        with suppress(IndexError):
            self._since.popleft()
