"""Connects to SQLite, and migrates a file of any age to the schema of today."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database as SqliteDatabase

from server.db.folder import FILE_NAME, no_data
from server.db.locks import exclusive_write, is_served_elsewhere
from server.db.migrations import STEPS, migrations
from server.errors import Busy, Damaged, DatabaseTooNew, DiskFull

_TRIES, _PAUSE_S = 50, 0.1
LOOK_S = 0.05
"""How often it is looked whether a check is to end, in seconds."""


def connect(path: Path) -> SqliteDatabase:
    """Open a connection as this house wants it: WAL, durable commits, foreign keys, no implicit BEGIN.

    Raises DiskFull: even to read, SQLite makes an index of the log beside the file.
    """
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30, cached_statements=256)
    # A long log is the fallback: while a server runs, its checkpointer keeps it short beside the writer.
    pragmas = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "cache_size = -16000")
    try:
        for pragma in (*pragmas, "wal_autocheckpoint = 16000"):
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.OperationalError as error:
        connection.close()
        if is_full(error):
            raise DiskFull from error
        raise
    return SqliteDatabase(connection)


def migrate(folder: Path) -> None:
    """Bring an existing database to today's shape, with a copy set aside first.

    Raises NotFound when there is none, DatabaseTooNew when a newer Firegrid has written it, Damaged when it cannot
    be read, Busy when an older Firegrid still serves it.
    """
    path = folder / FILE_NAME
    if not path.exists():
        raise no_data(folder)
    with raising_damaged(folder), exclusive_write(folder):
        db = connect(path)
        try:
            steps = migrations()
            applied = {step.name for step in steps.applied(db)}
            unknown = sorted(applied - set(STEPS))
            if unknown:
                raise DatabaseTooNew("数据库由更新的 Firegrid 写成；请先升级程序，再打开它。", steps=unknown)
            pending = [step for step in STEPS if step not in applied]
            if pending:
                if is_served_elsewhere(folder):
                    message = f"旧版本的 firegrid serve 正在使用 {folder}；请先停止它，再用新版本打开（会升级数据库）。"
                    raise Busy(message, folder=str(folder))
                _copy_aside(db, path.with_name(f"{path.name}.before-{pending[0]}"))
                steps.apply(db)
        finally:
            db.close()


def require_sound(folder: Path, stop: threading.Event) -> bool:
    """Let SQLite look through every page of an existing database, and return whether it came to the end.

    stop: ends the check once it is set. A hundred megabytes take a second or two. Raises Damaged.
    """
    if not (folder / FILE_NAME).exists():
        return True
    with raising_damaged(folder):
        db = connect(folder / FILE_NAME)
        try:
            with _interrupted_by(stop, db.conn):
                found = db.conn.execute("PRAGMA quick_check(1)").fetchall()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                return False
            raise
        finally:
            db.close()
    if found != [("ok",)]:
        raise damaged(folder) from sqlite3.DatabaseError(str(found[0][0]))
    return True


@contextmanager
def _interrupted_by(stop: threading.Event, connection: sqlite3.Connection) -> Iterator[None]:
    """Interrupt the statement that is under way once ``stop`` is set.

    A progress handler would not do: SQLite before 3.41 calls none within a check.
    """
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            if stop.wait(LOOK_S):
                connection.interrupt()
                done.wait(LOOK_S)  # the statement may not have begun

    watching = threading.Thread(target=watch, name="interrupting a check")
    watching.start()
    try:
        yield
    finally:
        done.set()
        watching.join()


def is_full(error: BaseException | None) -> bool:
    """Return whether the engine says that the disk has no room: for the file, its log, or the index of the log."""
    code = getattr(error, "sqlite_errorcode", 0)
    return isinstance(error, sqlite3.OperationalError) and code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)


def is_damage(error: BaseException | None) -> bool:
    """Return whether ``error`` is the engine's word that the file is broken."""
    code = getattr(error, "sqlite_errorcode", 0)
    return isinstance(error, sqlite3.DatabaseError) and code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def damaged(folder: Path) -> Damaged:
    """Return the refusal of a folder whose database is broken."""
    message = f"数据库文件已损坏：{folder / FILE_NAME}。请先停止服务并把整个数据目录复制一份，再从备份恢复。"
    return Damaged(message, folder=str(folder))


@contextmanager
def raising_damaged(folder: Path) -> Iterator[None]:
    """Turn the engine's word that the file in ``folder`` is broken into Damaged, and of a full disk into DiskFull."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if is_full(error):
            raise DiskFull from error
        if not is_damage(error):
            raise
        raise damaged(folder) from error


def _copy_aside(db: SqliteDatabase, copy: Path) -> None:
    target = sqlite3.connect(copy)
    try:
        db.conn.backup(target)
    finally:
        target.close()


def compact(folder: Path) -> bool:
    """Write the database in ``folder`` anew, so that nothing of what was deleted is left in the free space of its file.

    SQLite keeps the old text of a changed row until its page is used again. A server that runs beside it waits so long
    with its writes. What is true if we die after each step: SQLite replaces the content of the file by a transaction
    of its own, so it is the old one or the new one.

    It needs as much room again as the database has. Return whether the log beside it was emptied too: not while
    somebody reads on and on. Raises DiskFull, and then the database is as it was.
    """
    with exclusive_write(folder):
        connection = connect(folder / FILE_NAME).conn
        try:
            connection.execute("VACUUM")
            return _emptied(connection)
        except sqlite3.OperationalError as error:
            if is_full(error):
                raise DiskFull from error
            raise
        finally:
            connection.close()


def _emptied(connection: sqlite3.Connection) -> bool:
    for _ in range(_TRIES):
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if not busy:
            return True
        time.sleep(_PAUSE_S)
    return False
