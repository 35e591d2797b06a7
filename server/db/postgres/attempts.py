"""Opens connections, and keeps nobody waiting for a server that was just found away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import psycopg

from server.db.postgres.failures import is_full
from server.db.postgres.statements import PgConnection

TRY_AGAIN_S = 0.5
"""How soon after a try that has failed the next one is made, in seconds."""


class Attempts:
    """The tries of one process to connect. Where one has failed, another is made soon, and by one caller alone; all
    others are told the same failure at once, until a connection was opened again.

    connect: opens one. now: a clock of seconds.
    """

    def __init__(self, connect: Callable[[], PgConnection], now: Callable[[], float] = time.monotonic) -> None:
        self._connect = connect
        self._now = now
        self._lock = threading.Lock()
        self._failure = ""
        self._again_at = 0.0
        self._is_trying = False

    def open(self) -> PgConnection:
        """Open a connection. Raises psycopg.Error."""
        self._require_turn()
        try:
            connection = self._connect()
        except psycopg.OperationalError as error:
            # A server whose connections are all taken is there: whoever has one goes on, and may hand it to the next.
            self._note("" if is_full(error) else str(error))
            raise
        except BaseException:
            self._note("")
            raise
        self._note("")
        return connection

    def _require_turn(self) -> None:
        with self._lock:
            if not self._failure:
                return
            if self._is_trying or self._now() < self._again_at:
                raise psycopg.OperationalError(self._failure)
            self._is_trying = True

    def _note(self, failure: str) -> None:
        with self._lock:
            self._failure = failure
            self._again_at = self._now() + TRY_AGAIN_S
            self._is_trying = False
