"""PostgreSQL behind the seam of engines: one connection that writes, and a pool of connections that read.

Whoever writes locks the row of the county's counter first, so that numbers follow the order of commits whatever
number of processes writes, and everything that a work reads is the newest. Under the lock a work has the same world as
under SQLite's one writer. What is true if we die after each step: PostgreSQL forgets whatever was not committed.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path

import psycopg
from psycopg.pq import TransactionStatus
from psycopg_pool import ConnectionPool

from server.db.postgres import failures, schema
from server.db.postgres.failures import CommitUnknown, PostgresError
from server.db.postgres.statements import PgConnection, PooledSql, PostgresSql, speak_as_stores_do
from server.db.sql import Sql
from server.errors import Busy, Damaged, Refusal

READERS_MAX = 24
"""How many connections one process reads with: one for each thread that answers, and some for what runs beside."""

WAIT_S = 10
"""How long a reader waits for a connection, and a connection for its server, in seconds."""

IDLE_MAX = "60s"
"""How long a process that has stopped in the middle of a transaction keeps others from writing."""

LOCK_MAX = "20s"
"""How long a commit waits for those of other processes."""

_BEGIN = b"BEGIN ISOLATION LEVEL READ COMMITTED"
_LOCK_COUNTER = b"SELECT value FROM counter WHERE name = 'seq' FOR UPDATE"
_BEGIN_READING = b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class PostgresEngine:
    """Keeps a county in a schema.

    url: ``postgresql://…`` of the database. county: its code, six digits. folder: for what is local, and for photos.
    """

    is_in_folder = False

    def __init__(self, url: str, county: str, folder: Path) -> None:
        self._url = url
        self.folder = folder
        self.schema = self.name = f"c{county}"

    def create(self, epoch: str) -> None:
        with self._refusing(), self._opened() as connection:
            schema.create(connection, self.schema, epoch)

    def migrate(self) -> None:
        with self._refusing(), self._opened() as connection:
            schema.migrate(connection, self.schema)

    @contextmanager
    def serving(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o750)  # any number of processes, each with a folder
        yield

    def alone(self) -> AbstractContextManager[None]:
        raise Busy("数据库里的县可能还有别的服务进程；换下的文件由它们稍后删除。", schema=self.schema)

    def is_served_elsewhere(self) -> bool:
        return False  # it makes no difference: whoever writes takes the lock of the county

    def secret(self) -> str:
        with self._refusing(), self._opened() as connection:
            return schema.secret(connection)

    def set_secret(self, secret: str) -> None:
        with self._refusing(), self._opened() as connection:
            schema.set_secret(connection, secret)

    def compact(self) -> bool:
        with self._refusing(), self._opened() as connection:
            schema.compact(connection, self.schema)
        return True

    def drop(self) -> None:
        with self._refusing(), self._opened() as connection:
            schema.drop(connection, self.schema)

    def connect(self) -> PostgresConnection:
        return PostgresConnection(self)

    def open(self) -> PgConnection:
        """Open a connection that works in the schema of the county. Raises psycopg.Error."""
        connection = psycopg.connect(
            self._url, autocommit=True, connect_timeout=WAIT_S, client_encoding="UTF8", application_name="firegrid"
        )
        self._prepare(connection)
        return connection

    def readers(self) -> PostgresReaders:
        return PostgresReaders(self._url, self._prepare)

    def turn(self) -> NoTurn:
        return NoTurn()

    def upkeep(self) -> None:
        """Do nothing: autovacuum and the checkpointer are the server's own."""

    def require_sound(self, stop: threading.Event) -> bool:
        return True  # pages are looked after by the database's own checksums and amcheck

    def require_writable(self, sql: Sql) -> None:
        sql.value("SELECT 1")  # the transaction holds the lock of the counter already, and a standby refuses that

    def size(self) -> int:
        with self._refusing(), self._opened() as connection:
            return schema.size(connection, self.schema)

    def is_failure(self, error: BaseException | None) -> bool:
        return failures.is_failure(error)

    def is_damage(self, error: BaseException | None) -> bool:
        return isinstance(error, PostgresError) and error.sqlstate in ("XX001", "XX002")

    def damaged(self) -> Damaged:
        message = f"数据库里 {self.schema} 的数据已损坏。请先停止服务，请数据库管理员查看日志，再从备份恢复。"
        return Damaged(message, schema=self.schema)

    def refusal_of(self, error: BaseException | None) -> Refusal | None:
        return self.damaged() if self.is_damage(error) else failures.refusal_of(error)

    def _prepare(self, connection: PgConnection) -> None:
        speak_as_stores_do(connection)
        connection.execute(
            "SELECT set_config('search_path', %s, false), set_config('lock_timeout', %s, false),"
            " set_config('idle_in_transaction_session_timeout', %s, false)",
            (f"{self.schema}, extensions", LOCK_MAX, IDLE_MAX),
        )

    @contextmanager
    def _opened(self) -> Iterator[PgConnection]:
        with self.open() as connection:
            yield connection

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            refusal = schema.refusal_of(error, self.schema) or failures.refusal_of(PostgresError(error))
            if refusal is None:
                raise
            raise refusal from error


class PostgresConnection:
    """The connection that writes; it is opened when it is needed, and anew after it was lost."""

    def __init__(self, engine: PostgresEngine) -> None:
        self.engine = engine
        self._connection: PgConnection | None = None
        self.sql = PostgresSql(self._now)
        self._queue = ExitStack()

    def begin(self, *, queued: bool = False) -> None:
        try:
            if self._connection is None or self._connection.closed:
                self._connection = self.engine.open()
            if queued:
                self.sql.pipeline = self._queue.enter_context(self._connection.pipeline())
                self._connection.execute(_BEGIN)
                self._connection.execute(_LOCK_COUNTER)
            else:
                self._connection.execute(_BEGIN + b"; " + _LOCK_COUNTER)
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
            self._now().execute(b"ROLLBACK")
        except psycopg.Error:  # it is undone with its connection
            self._drop()

    def is_in_transaction(self) -> bool:
        if self._connection is None or self._connection.closed:
            return False
        return self._connection.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR)

    def optimize(self) -> None:
        """Do nothing: autovacuum looks."""

    def close(self) -> None:
        self._drop()

    def _now(self) -> PgConnection:
        if self._connection is None:
            raise PostgresError(psycopg.OperationalError("the connection is closed"))
        return self._connection

    def _end_pipeline(self) -> None:
        """Let statements be carried out at once again; what was left waiting and fails now is undone with the rest."""
        if self.sql.pipeline is not None:
            self.sql.pipeline = None
            with suppress(psycopg.Error):
                self._queue.close()

    def _drop(self) -> None:
        self._end_pipeline()
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                connection.close()


class PostgresReaders:
    """A pool of connections that read. prepare: a connection for the county."""

    def __init__(self, url: str, prepare: object) -> None:
        self._pool: ConnectionPool[PgConnection] = ConnectionPool(
            url,
            kwargs={"autocommit": True, "client_encoding": "UTF8", "application_name": "firegrid"},
            configure=prepare,  # type: ignore[arg-type]  # the pool knows connections by a wider type
            min_size=0,
            max_size=READERS_MAX,
            timeout=WAIT_S,
            open=False,
            name="firegrid-readers",
        )
        self._lock = threading.Lock()
        self._single = PooledSql(self._borrowed)

    @contextmanager
    def reading(self) -> Iterator[Sql]:
        with self._borrowed() as connection:
            try:
                connection.execute(_BEGIN_READING)
            except psycopg.Error as error:
                raise PostgresError(error) from error
            try:
                yield PostgresSql(lambda: connection)
            finally:
                with suppress(psycopg.Error):  # it goes back to the pool, which looks at it and drops one that is lost
                    connection.execute(b"ROLLBACK")

    def single(self) -> Sql:
        return self._single

    def close(self) -> None:
        self._pool.close()

    @contextmanager
    def _borrowed(self) -> Iterator[PgConnection]:
        with self._lock:
            if self._pool.closed:
                self._pool.open()
        try:
            connection = self._pool.getconn()
        except psycopg.Error as error:
            raise PostgresError(error) from error
        try:
            yield connection
        finally:
            self._pool.putconn(connection)


class NoTurn:
    """The right to write where the row of the counter gives it."""

    def hold(self) -> nullcontext[None]:
        return nullcontext()

    def close(self) -> None:
        """Nothing is held."""
