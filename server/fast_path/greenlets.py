"""Runs requests in the writer's own thread, each in a greenlet that yields where it would wait for its commit.

Handing a small submission over from a thread of its own costs more than the submission: SQLite releases the
interpreter lock at every statement, and each time another thread takes it (measured: 100 futex calls a request, and
two thirds of the throughput).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from greenlet import getcurrent, greenlet

from server.db.commits import Job
from server.db.transactions import Transaction
from server.db.writer import Request

T = TypeVar("T")


class _Parked(Job):
    """A work whose request waits in a greenlet."""

    __slots__ = ("request",)

    def __init__(self, work: Callable[[Transaction], T], request: greenlet) -> None:
        super().__init__(work)
        self.request = request


class GreenletRunner:
    """A ``server.db.writer.RequestRunner``; the writer's thread alone calls it."""

    def __init__(self) -> None:
        self._writer: greenlet | None = None
        self._parked: list[_Parked] = []
        self._ran: list[Request] = []

    def begin(self, requests: list[Request]) -> list[_Parked]:
        self._writer = getcurrent()
        return self._switch_to(greenlet(lambda request=request: self._run(request)) for request in requests)

    def resume(self, committed: list[_Parked]) -> list[_Parked]:
        return self._switch_to(job.request for job in committed)

    def write(self, work: Callable[[Transaction], T]) -> T:
        if self._writer is None or getcurrent() is self._writer:
            raise RuntimeError("a work must not ask for another commit")
        job = _Parked(work, getcurrent())
        self._parked.append(job)
        self._writer.switch()
        result: T = job.outcome()
        return result

    def _switch_to(self, requests: Iterable[greenlet]) -> list[_Parked]:
        """Let each go on until it waits for a commit or ends, then answer those that ended; return what waits."""
        for request in requests:
            request.switch()
        ran, self._ran = self._ran, []
        for ended in ran:
            ended.answer()
        parked, self._parked = self._parked, []
        return parked

    def _run(self, request: Request) -> None:
        request.run()
        self._ran.append(request)
