"""Does long work so that it takes no core from those who wait for an answer.

A priority that was given away is not had back, so only a thread of its own gives it away, and ends with its work.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

PRIORITY = 15
"""The niceness of whoever works in the background."""

T = TypeVar("T")


def giving_way(work: Callable[[], T], interrupt: Callable[[], object]) -> T:
    """Return what ``work`` returns, or raise what it raises; it is done in a thread of its own, which gives way.

    interrupt: called where the caller is interrupted meanwhile (Ctrl-C), to let ``work`` come to its end.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="background", initializer=give_way) as threads:
        try:
            return threads.submit(work).result()
        except KeyboardInterrupt:
            interrupt()
            raise


def give_way() -> None:
    """Let the calling thread, which does nothing else until it ends, take what nobody else wants.

    Elsewhere than on Linux a thread has no priority of its own, and nothing is done: whoever copies keeps to a pace.
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), PRIORITY)
