"""Runs requests in the writer's own thread, each in a greenlet that yields where it would wait for its commit.

Handing a small submission over from a thread of its own costs more than the submission: SQLite releases the
interpreter lock at every statement, and each time another thread takes it (measured: 100 futex calls a request, and
two thirds of the throughput). A greenlet that has ended its request takes another one: a new one would map memory for
its frames, and give it back (measured: a fortieth of a submission's processor time).
"""

from __future__ import annotations

from collections.abc import Callable
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
        self._idle: list[greenlet] = []
        self._next: Request | None = None
        self._parked: list[_Parked] = []
        self._ran: list[Request] = []

    def begin(self, requests: list[Request]) -> list[_Parked]:
        self._writer = getcurrent()
        for request in requests:
            self._next = request
            (self._idle.pop() if self._idle else greenlet(self._run_each)).switch()
        return self._parked_now()

    def resume(self, committed: list[_Parked]) -> list[_Parked]:
        for job in committed:
            job.request.switch()
        return self._parked_now()

    def write(self, work: Callable[[Transaction], T]) -> T:
        if self._writer is None or getcurrent() is self._writer:
            raise RuntimeError("a work must not ask for another commit")
        job = _Parked(work, getcurrent())
        self._parked.append(job)
        self._writer.switch()
        result: T = job.outcome()
        return result

    def close(self) -> None:
        while self._idle:
            self._idle.pop().switch()
        self._writer = None  # held beyond its thread, greenlet would search everything that is alive for its holder

    def _parked_now(self) -> list[_Parked]:
        """Answer the requests that have ended, and return what waits for a commit."""
        ran, self._ran = self._ran, []
        for ended in ran:
            ended.answer()
        parked, self._parked = self._parked, []
        return parked

    def _run_each(self) -> None:
        """Run one request after the other in the greenlet that calls it, until it is switched to without one."""
        writer = getcurrent().parent
        while (request := self._next) is not None:
            self._next = None
            request.run()
            self._ran.append(request)
            self._idle.append(getcurrent())
            del request  # while this one idles, nothing must keep what it ran
            writer.switch()
