"""Keeps house beside a running server: does every minute what time alone brings about, until it is told to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType

from server.operation import log
from server.usecases.housekeeping import Done

EVERY_S = 60.0
"""How long between two rounds, in seconds."""


class Housekeeper:
    """A thread that does the first round at once, then one every ``every_s`` seconds; for use in a ``with``.

    turn: does one round and says what it did. One that fails is told in the log and tried again with the next.
    Leaving the ``with`` waits for the round that is under way.
    """

    def __init__(self, turn: Callable[[], Done], every_s: float = EVERY_S) -> None:
        self._turn = turn
        self._every_s = every_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="housekeeper")

    def __enter__(self) -> Housekeeper:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join()

    def _keep(self) -> None:
        while not self._stopped.is_set():
            self._do()
            self._stopped.wait(self._every_s)

    def _do(self) -> None:
        try:
            done = self._turn()
        except Exception as error:  # whatever it was, nothing was changed, and the next round comes in a minute
            log.error("housekeeping failed", problem=type(error).__name__, exc_info=error)
            return
        if any(done):
            log.info("housekeeping", **done._asdict())
