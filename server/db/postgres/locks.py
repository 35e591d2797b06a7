"""Locks between the processes that work on one county, wherever they run.

They are advisory locks of a session, by numbers that are hashes of the county and of what is locked; PostgreSQL
releases them when their holder or its connection dies. Whoever serves a county holds its presence, shared; who must be
alone asks for it for itself. pgbouncer must work in session mode.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psycopg

from server.db.postgres.statements import PgConnection

LOOK_S = 5.0
"""How often a process that serves looks whether it still says so, in seconds."""

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

    connection: by which this process is present, where it is; its own presence does not stand in its way.
    """
    with held(connection, schema, _PRESENCE) as is_alone:
        yield is_alone


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
