"""The connections of one process: one that writes, and a pool of others that read.

pgbouncer must work in session mode: each connection keeps its ``search_path``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from typing import TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus

from server.db.engine import Engine
from server.db.postgres.failures import PostgresError
from server.db.postgres.pool import Pool
from server.db.postgres.readiness import Readiness
from server.db.postgres.reasons import ADDRESS
from server.db.postgres.single_statements import PooledSql
from server.db.postgres.statements import PgConnection, PostgresSql
from server.db.sql import CommitUnknown, Sql
from server.errors import Invalid

T = TypeVar("T")

READERS_MAX = 24
"""How many connections one process reads with: one for each thread that answers, and some for what runs beside."""

_BEGIN = b"BEGIN ISOLATION LEVEL READ COMMITTED"
_LOCK_COUNTER = b"SELECT value FROM counter WHERE name = 'seq' FOR UPDATE"
_ROLL_BACK = b"ROLLBACK; SHOW default_transaction_read_only"
_BEGIN_READING = b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

WAIT_S = 10
"""How long a reader waits for a connection where all are in use, in seconds."""

CONNECT_S = 3
"""How long a connection waits for its server, in seconds; a machine that is gone refuses none."""

_OWN: dict[str, str | int] = {
    "client_encoding": "UTF8",
    "application_name": "firegrid",
    "connect_timeout": CONNECT_S,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
}
"""What connections are opened with where their address says nothing of it.

A machine that has lost its power closes nothing: without ``keepalives`` (seconds) and ``tcp_user_timeout``
(milliseconds) the system would wait for two hours before it tells, and a standby that has taken over would be idle.
"""

_OPEN = (TransactionStatus.INTRANS, TransactionStatus.INERROR, TransactionStatus.ACTIVE)
"""Of a transaction that has not ended: ACTIVE while statements wait in the queue."""


_TWO_AT = re.compile(r"[a-z]+://[^/?]*@[^/?]*@")
"""An address whose password has a sign that ends it."""


def address(url: str) -> str:
    """Return ``url`` with all that it does not say itself. Raises Invalid where it cannot be read as an address."""
    if _TWO_AT.match(url):  # the rest of the password would be read, and told, as a host
        raise Invalid(ADDRESS, field="FIREGRID_DATABASE")
    try:
        stated = conninfo_to_dict(url)
        return make_conninfo(url, **{name: value for name, value in _OWN.items() if name not in stated})
    except psycopg.ProgrammingError:
        # Without its cause: that quotes the address, and so the password.
        raise Invalid(ADDRESS, field="FIREGRID_DATABASE") from None


def shown(url: str) -> str:
    """Return the database that an address names as ``host:port/name``, for people. Raises Invalid as ``address``."""
    stated = conninfo_to_dict(address(url))
    host, port = stated.get("host") or stated.get("hostaddr") or "localhost", stated.get("port") or "5432"
    return f"{host}:{port}/{stated.get('dbname') or stated.get('user') or ''}"


class PostgresConnection:
    """The connection that writes; it is opened when it is needed, and anew after it was lost.

    open: opens one that works in the schema of the county.
    """

    def __init__(self, engine: Engine, open: Callable[[], PgConnection]) -> None:
        self.engine = engine
        self._open = open
        self._connection: PgConnection | None = None
        self.sql = PostgresSql(self._now)
        self._queue = ExitStack()

    def begin(self, *, queued: bool = False) -> None:
        try:
            if self._connection is None or self._connection.closed or not self._has_begun(self._connection, queued):
                self._connection = self._open()
                self._begin_on(self._connection, queued)
        except psycopg.Error as error:
            self._drop()
            raise PostgresError(error) from error

    def flush(self) -> None:
        self.sql.flush()
        self._end_pipeline()

    def commit(self) -> None:
        connection = self._now()
        try:
            done = connection.execute(b"COMMIT").statusmessage
        except psycopg.Error as error:
            self._drop()
            if error.sqlstate and error.sqlstate[:2] not in ("08", "57"):
                raise PostgresError(error) from error  # refused by its server, which has undone it
            raise CommitUnknown(str(error)) from error
        if done != "COMMIT":  # a transaction in which a statement has failed is undone, and COMMIT does not say so
            raise PostgresError(psycopg.InternalError("a failed transaction cannot be committed"))

    def roll_back(self) -> None:
        self._end_pipeline()
        if not self.is_in_transaction():
            return
        try:
            told = self._now().execute(_ROLL_BACK)
        except psycopg.Error:  # it is undone with its connection
            self._drop()
        else:
            told.nextset()
            if told.fetchone() != ("off",):
                self._drop()  # a session keeps its default when that of the database is put right

    def is_in_transaction(self) -> bool:
        if self._connection is None or self._connection.closed:
            return False
        return self._connection.info.transaction_status in _OPEN

    def optimize(self) -> None:
        """Do nothing: autovacuum looks."""

    def close(self) -> None:
        self._drop()

    def _has_begun(self, connection: PgConnection, queued: bool) -> bool:
        """Begin on a connection that was kept; return False where it was lost since, so that another one is needed."""
        try:
            self._begin_on(connection, queued)
        except psycopg.Error:
            is_lost = connection.closed
            self._drop()
            if not is_lost:
                raise
            return False
        return True

    def _begin_on(self, connection: PgConnection, queued: bool) -> None:
        if queued:
            self.sql.queue(self._queue.enter_context(connection.pipeline()))
            connection.execute(_BEGIN)
            connection.execute(_LOCK_COUNTER)
        else:
            connection.execute(_BEGIN + b"; " + _LOCK_COUNTER)

    def _now(self) -> PgConnection:
        if self._connection is None:
            raise PostgresError(psycopg.OperationalError("the connection is closed"))
        return self._connection

    def _end_pipeline(self) -> None:
        """Let statements be carried out at once again; what was left waiting and fails now is undone with the rest."""
        if self.sql.pipeline is not None:
            self.sql.queue(None)
            with suppress(psycopg.Error):
                self._queue.close()

    def _drop(self) -> None:
        self._end_pipeline()
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                connection.close()


class PostgresReaders:
    """Connections that read. open: opens one that works in the schema of the county; raises psycopg.Error."""

    def __init__(self, open: Callable[[], PgConnection]) -> None:
        self._pool = Pool(open, READERS_MAX, WAIT_S)
        self._single = PooledSql(self._borrowed, self._pool.forget)
        self._readiness = Readiness(open)

    @contextmanager
    def reading(self) -> Iterator[Sql]:
        connection = self._begun()
        try:
            yield PostgresSql(lambda: connection)
        finally:
            with suppress(psycopg.Error):  # one that is lost goes back as well, and the pool closes it
                connection.execute(b"ROLLBACK")
            self._pool.give(connection)

    def single(self) -> Sql:
        return self._single

    def promptly(self, question: Callable[[Sql], T]) -> T:
        return self._readiness.ask(question)

    def close(self) -> None:
        self._readiness.close()
        self._pool.close()

    def _begun(self) -> PgConnection:
        """Take a connection and begin a reading on it; where it was lost since it was last used, another one."""
        for is_last in (False, True):
            connection = self._taken()
            try:
                connection.execute(_BEGIN_READING)
            except psycopg.Error as error:
                self._pool.give(connection)
                if is_last:
                    raise PostgresError(error) from error
                self._pool.forget()
            else:
                return connection
        raise AssertionError("the last try returns or raises")

    def _taken(self) -> PgConnection:
        try:
            return self._pool.take()
        except psycopg.Error as error:
            raise PostgresError(error) from error

    @contextmanager
    def _borrowed(self) -> Iterator[PgConnection]:
        connection = self._taken()
        try:
            yield connection
        finally:
            self._pool.give(connection)


class NoTurn:
    """The right to write where the row of the counter gives it."""

    def hold(self) -> nullcontext[None]:
        return nullcontext()

    def close(self) -> None:
        """Nothing is held."""
