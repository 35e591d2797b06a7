"""Tells of work that fails beside a running server: of an outage in a line, of what nobody foresaw with its trace."""

from __future__ import annotations

from server.errors import Unavailable
from server.log import log


def tell(event: str, error: BaseException, **more: object) -> None:
    """Log what has failed: in one line where the database or the disk could not be had, else with its traceback."""
    if isinstance(error, Unavailable):
        log.error(event, problem=type(error).__name__, cause=repr(error.__cause__ or error.message), **more)
    else:
        log.error(event, problem=type(error).__name__, exc_info=error, **more)


class Rounds:
    """The rounds of one task, which belong to one thread. task: its name in the log."""

    def __init__(self, task: str) -> None:
        self._task = task
        self._missed = 0

    def failed(self, error: Exception) -> None:
        """Tell that a round has failed; of an outage the first alone."""
        if not self._missed or not isinstance(error, Unavailable):
            tell(f"{self._task} failed", error)
        self._missed += isinstance(error, Unavailable)

    def done(self) -> None:
        """Tell, after an outage, that it is over and how many rounds were missed."""
        if self._missed:
            log.info(f"{self._task} goes on", missed=self._missed)
        self._missed = 0
