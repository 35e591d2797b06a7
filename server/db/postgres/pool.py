"""Lends the connections that read, each to one thread at a time.

Whoever takes one opens it where none is idle, and so is told at once what came of it: that the server is away is never
taken for connections that are merely all in use, for which whoever asks waits in a queue.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

import psycopg
from psycopg.pq import TransactionStatus

from server.db.postgres.failures import is_full
from server.db.postgres.statements import PgConnection

IDLE_S = 600
"""How long a connection that nobody uses is kept, in seconds."""

AGE_S = 3_600
"""How long one is used at most, in seconds: what its server keeps for it grows with all that it was asked."""


class _Idle(NamedTuple):
    connection: PgConnection
    since: float


class Pool:
    """Connections that are open, at most ``size`` of them.

    open: opens one. wait_s: how long whoever asks waits for one that is in use, in seconds. now: a clock of seconds.
    """

    def __init__(
        self, open: Callable[[], PgConnection], size: int, wait_s: float, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._open = open
        self._size = size
        self._wait_s = wait_s
        self._now = now
        self._changed = threading.Condition()
        self._queue: deque[object] = deque()
        self._idle: list[_Idle] = []
        self._opened_at: dict[PgConnection, float] = {}
        self._lent = 0
        self._is_closed = False

    def take(self) -> PgConnection:
        """Lend a connection, which ``give`` takes back. Raises psycopg.Error where none can be had."""
        until = self._now() + self._wait_s
        taken = self._taken(until)
        while taken is None:
            try:
                taken = self._open()
            except BaseException as error:
                self._end_loan()
                if not (isinstance(error, psycopg.OperationalError) and is_full(error) and self._lent):
                    raise
                taken = self._taken(until, or_room=False)
            else:
                self._opened_at[taken] = self._now()
        return taken

    def give(self, connection: PgConnection) -> None:
        """Take one back that was lent; one that is lost, old, or in the midst of anything is closed."""
        is_idle = connection.info.transaction_status is TransactionStatus.IDLE
        if self._is_closed or not is_idle or self._now() - self._opened_at[connection] > AGE_S:
            self._drop(connection)
            self._end_loan()
        else:
            self._end_loan(connection)
        self._drop_unused()

    def forget(self) -> None:
        """Close whatever is idle: a connection was lost, and those may be as well."""
        with self._changed:
            idle, self._idle = self._idle, []
        for each in idle:
            self._drop(each.connection)

    def close(self) -> None:
        """Close what is idle now, and each other one when it comes back; lend none any more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self.forget()

    def _taken(self, until: float, *, or_room: bool = True) -> PgConnection | None:
        """Wait in the queue; return an idle connection, or None with the right to open one.

        or_room: whether there is such a right; without it one that is lent must come back, as long as any is.
        """

        def is_turn() -> bool:
            has_room = self._lent < self._size if or_room else not self._lent
            return self._is_closed or (self._queue[0] is place and bool(self._idle or has_room))

        place = object()
        with self._changed:
            self._queue.append(place)
            has_turn = self._changed.wait_for(is_turn, until - self._now())
            self._queue.remove(place)
            self._changed.notify_all()
            if self._is_closed:
                raise psycopg.OperationalError("the pool is closed")
            if not has_turn:
                raise psycopg.OperationalError(f"all {self._lent} connections have been in use for {self._wait_s} s")
            self._lent += 1
            return self._idle.pop().connection if self._idle else None

    def _end_loan(self, idle: PgConnection | None = None) -> None:
        with self._changed:
            self._lent -= 1
            if idle is not None:
                self._idle.append(_Idle(idle, self._now()))
            self._changed.notify_all()

    def _drop_unused(self) -> None:
        """Close the one that nobody has used for longest, where that is long enough."""
        with self._changed:
            is_long = bool(self._idle) and self._now() - self._idle[0].since > IDLE_S
            unused = self._idle.pop(0).connection if is_long else None
        if unused is not None:
            self._drop(unused)

    def _drop(self, connection: PgConnection) -> None:
        self._opened_at.pop(connection, None)
        with suppress(psycopg.Error):  # it is closed whatever its server says
            connection.close()
