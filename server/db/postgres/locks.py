"""Locks between the processes that work on one county, wherever they run.

They are advisory locks of a session, by numbers that are hashes of the county and of what is locked; PostgreSQL
releases them when their holder or its connection dies. Whoever serves a county holds its presence, shared; who must be
alone asks for it for itself. pgbouncer must work in session mode.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psycopg

from server.db.postgres.connections import CONNECT_S
from server.db.postgres.statements import PgConnection

LOOK_S = 1.0
"""How often a process that serves looks whether it still says so, in seconds."""

AWAY_S = 2 * LOOK_S + CONNECT_S
"""How long a process that serves may not say so after its connection was cut, in seconds: it looks, is refused by a
database that is not quite back, looks again, and connects."""

POLL_S = 0.1
"""How often who wants to be alone looks whether somebody comes, in seconds."""

_PRESENCE = "serving"
_NUMBER = "hashtextextended('firegrid ' || %s || ' ' || %s, 0)"


class Presence:
    """Says that this process serves a county until it is closed.

    The connection that says so is lost when PostgreSQL starts again or a standby takes over: then another says it, some
    seconds later. open: opens a connection. schema: of the county. Raises psycopg.Error where none can be had at first.
    """

    def __init__(self, open: Callable[[], PgConnection], schema: str) -> None:
        self._open = open
        self._schema = schema
        self._lock = threading.Lock()
        self._connection = self._present()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._look, name="firegrid-presence", daemon=True)
        self._thread.start()

    def connection(self) -> PgConnection:
        """Return the connection that says so. Raises psycopg.Error where none can be had."""
        with self._lock:
            return self._kept()

    def close(self) -> None:
        """Say it no more."""
        self._closing.set()
        self._thread.join()
        self._connection.close()

    def _look(self) -> None:
        while not self._closing.wait(LOOK_S):
            with self._lock, suppress(psycopg.Error):  # it is not there now: looked for again the next time
                self._kept()

    def _kept(self) -> PgConnection:
        try:
            self._connection.execute("SELECT 1")
        except psycopg.Error:
            self._connection.close()
            self._connection = self._present()
        return self._connection

    def _present(self) -> PgConnection:
        connection = self._open()
        try:
            be_present(connection, self._schema)
        except psycopg.Error:
            connection.close()
            raise
        return connection


def be_present(connection: PgConnection, schema: str) -> None:
    """Say that this process serves the county, for as long as ``connection`` lasts."""
    connection.execute(f"SELECT pg_advisory_lock_shared({_NUMBER})", (schema, _PRESENCE))


@contextmanager
def alone(connection: PgConnection, schema: str) -> Iterator[bool]:
    """Keep every other process from serving for one block; yield False where one serves.

    connection: by which this process is present, where it is; its own presence does not stand in its way. Whoever
    serves and was cut off just now does not say so for ``AWAY_S``. That long they are waited for: they cannot say so
    again while this lock is held, and are seen waiting for it.
    """
    with held(connection, schema, _PRESENCE) as is_ours:
        yield is_ours and not _somebody_comes(connection, schema)


@contextmanager
def unserved(connection: PgConnection, schema: str) -> Iterator[bool]:
    """Yield whether nobody else says now that they serve; whose connection was cut just now is not waited for."""
    with held(connection, schema, _PRESENCE) as is_ours:
        yield is_ours


@contextmanager
def held(connection: PgConnection, schema: str, task: str) -> Iterator[bool]:
    """Hold ``task`` for one block; yield whether it is ours."""
    row = connection.execute(f"SELECT pg_try_advisory_lock({_NUMBER})", (schema, task)).fetchone()
    is_held = bool(row and row[0])
    try:
        yield is_held
    finally:
        if is_held:
            with suppress(psycopg.Error):  # a connection that is lost holds nothing
                connection.execute(f"SELECT pg_advisory_unlock({_NUMBER})", (schema, task))


def _somebody_comes(connection: PgConnection, schema: str) -> bool:
    """Say whether another process wants to say that it serves, which the lock that we hold keeps it from."""
    until = time.monotonic() + AWAY_S
    while time.monotonic() < until:
        if connection.execute(_WAITING, (schema, _PRESENCE)).fetchone() is not None:
            return True
        time.sleep(POLL_S)
    return False


_WAITING = f"""
SELECT 1 FROM pg_locks
 WHERE locktype = 'advisory' AND NOT granted AND objsubid = 1
   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
   AND ((classid::bigint << 32) | objid::bigint) = {_NUMBER}
"""
