"""Asks the database a question that must be answered soon, whatever other threads wait for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import psycopg

from server.db.postgres.failures import RETRY_AFTER_S, PostgresError
from server.db.postgres.statements import PgConnection, PostgresSql
from server.db.sql import Sql
from server.errors import Refusal, Unavailable

T = TypeVar("T")

ANSWER_S = 1.5
"""How long an answer is waited for, in seconds; a balancer asks again each five."""


class Readiness:
    """A connection for such questions alone, which is kept. open: opens one.

    Each question is asked in a thread of its own: a server that hangs, or a machine that is gone, would keep whoever
    asks it for half a minute. As long as one has no answer, no other is sent after it.
    """

    def __init__(self, open: Callable[[], PgConnection]) -> None:
        self._open = open
        self._is_free = threading.Semaphore()
        self._connection: PgConnection | None = None

    def ask(self, question: Callable[[Sql], T]) -> T:
        """Return what ``question`` returns, within ``ANSWER_S``.

        Raises what it raises, PostgresError, and Unavailable when no answer comes.
        """
        until = time.monotonic() + ANSWER_S
        if not self._is_free.acquire(timeout=ANSWER_S):
            raise _no_answer()
        told: list[Any] = []
        done = threading.Event()
        threading.Thread(target=self._run, args=(question, told, done), name="firegrid-readiness", daemon=True).start()
        if not done.wait(until - time.monotonic()):
            raise _no_answer()
        error, answer = told
        if error is not None:
            raise error
        found: T = answer
        return found

    def close(self) -> None:
        """Close the connection, unless an answer is still waited for: that ends with the process."""
        if self._is_free.acquire(blocking=False):
            self._drop()
            self._is_free.release()

    def _run(self, question: Callable[[Sql], object], told: list[Any], done: threading.Event) -> None:
        try:
            told.extend((None, self._answer(question)))
        except Exception as error:  # whatever it is, it is raised where it was asked
            told.extend((error, None))
        finally:
            self._is_free.release()
            done.set()

    def _answer(self, question: Callable[[Sql], T]) -> T:
        """Ask by the connection that is kept, or by a new one where that was lost, or tells of what may be mended."""
        kept = self._connection
        if kept is not None:
            try:
                return question(PostgresSql(lambda: kept))
            except (PostgresError, Refusal):
                self._drop()
        try:
            opened = self._connection = self._open()
        except psycopg.Error as error:
            raise PostgresError(error) from error
        return question(PostgresSql(lambda: opened))

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):  # it is closed whatever its server says
                connection.close()


def _no_answer() -> Unavailable:
    return Unavailable(
        f"数据库 {ANSWER_S} 秒内没有答复，现在不能保存；请数据库管理员看它是否在运行、网络通不通。",
        retry_after_s=RETRY_AFTER_S,
    )
