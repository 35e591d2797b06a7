"""Detects overload: while requests wait too long, new ones are told to come back instead of waiting in vain."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from server.errors import Busy
from server.settings import WAIT_S

RETRY_AFTER_S = 10
"""When a refused client may come back, in seconds; clients add a spread of their own."""


class Queue:
    """Requests that wait to be served, first come, first served.

    wait_s: how long the first may wait, in seconds, before no more are taken in. An evening on which a whole
    county sends drains long before.
    """

    def __init__(self, wait_s: float = WAIT_S, now: Callable[[], float] = time.monotonic) -> None:
        self._wait_s = wait_s
        self._now = now
        self._since: deque[float] = deque()

    def is_overloaded(self) -> bool:
        """Return whether the first in the queue has waited for so long that the last would wait in vain."""
        try:
            return self._now() - self._since[0] > self._wait_s
        except IndexError:
            return False

    def enter(self) -> None:
        """Note that one more waits."""
        self._since.append(self._now())

    def leave(self) -> None:
        """Note that the first is being served."""
        with suppress(IndexError):
            self._since.popleft()


def overloaded() -> Busy:
    """Return the refusal of who would wait in vain."""
    return Busy("现在送来的人很多，请稍后再送；内容都还在手机上。", retry_after_s=RETRY_AFTER_S)
