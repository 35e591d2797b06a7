"""The file of a device's store: its tables, how it comes into being, and whether it is whole.

A new store is made beside its place and put there whole, so a file that is there and empty, cut off or without a
device id was damaged. It is refused and left as it is: unsent changes may be in no other place.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

from sync.client.failures import Refused

FILE_NAME = "device.db"
EXCHANGE_LOCK_NAME = "turn.db"
EXCHANGE_WAIT_S = 120.0

STEPS = (
    """
    CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    CREATE TABLE change (
        id TEXT PRIMARY KEY,
        device TEXT NOT NULL,
        seq INTEGER NOT NULL,
        record TEXT NOT NULL,
        type TEXT NOT NULL,
        action TEXT NOT NULL,
        made_at TEXT NOT NULL,
        body TEXT,
        state TEXT NOT NULL CHECK (state IN ('unsent', 'sent')),
        trouble TEXT,
        verdict TEXT,
        version INTEGER,
        outcome_seq INTEGER,
        problem TEXT,
        answered_at TEXT,
        UNIQUE (device, seq)
    ) STRICT;
    CREATE INDEX change_by_record ON change (record, seq);
    CREATE INDEX change_by_state ON change (state, device, seq);
    CREATE TABLE row (
        id TEXT PRIMARY KEY,
        type TEXT NOT NULL,
        label TEXT NOT NULL,
        version INTEGER NOT NULL,
        body TEXT NOT NULL,
        round INTEGER NOT NULL,
        is_handed_over INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX row_by_type ON row (type, label);
    CREATE TABLE bucket (name TEXT PRIMARY KEY, is_stale INTEGER NOT NULL DEFAULT 0) STRICT;
    CREATE TABLE member (
        bucket TEXT NOT NULL REFERENCES bucket (name),
        id TEXT NOT NULL,
        version INTEGER NOT NULL,
        PRIMARY KEY (bucket, id)
    ) STRICT;
    CREATE INDEX member_by_row ON member (id);
    """,
    """
    ALTER TABLE change ADD COLUMN problem_id TEXT;
    ALTER TABLE change ADD COLUMN decision TEXT;
    ALTER TABLE change ADD COLUMN reason TEXT;
    """,
    """
    ALTER TABLE change ADD COLUMN spare_body TEXT;
    """,
    """
    CREATE TABLE earlier_work (
        id TEXT PRIMARY KEY,
        user TEXT NOT NULL,
        server TEXT NOT NULL,
        epoch TEXT,
        durable TEXT,
        mark TEXT,
        answered_at TEXT NOT NULL,
        change TEXT NOT NULL
    ) STRICT;
    """,
    """
    ALTER TABLE change ADD COLUMN offered_at TEXT;
    UPDATE change SET offered_at = made_at;
    CREATE TABLE attachment (
        change TEXT NOT NULL,
        name TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        size INTEGER NOT NULL,
        media_type TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('unsent', 'sent')),
        url TEXT,
        trouble TEXT,
        sent_at TEXT,
        PRIMARY KEY (change, name)
    ) STRICT;
    CREATE INDEX attachment_by_sha256 ON attachment (sha256);
    """,
)
"""The migrations of the file, in order; ``user_version`` counts those that were taken."""


def connect(path: Path) -> sqlite3.Connection:
    """Open a connection with durable commits and no implicit BEGIN."""
    return sqlite3.connect(path, isolation_level=None, timeout=60)


@contextmanager
def exchange_lock(folder: Path, wait_s: float = EXCHANGE_WAIT_S) -> Iterator[None]:
    """Let one process at a time talk to the server for a store, so that two do not do the same work twice.

    Correctness does not depend on it: changes carry ids, and pages the cursor they were requested from. The lock is one
    that SQLite holds on an empty file, so the system releases it when a process is killed.

    Raises Refused when another process holds it for ``wait_s`` seconds.
    """
    path = folder / EXCHANGE_LOCK_NAME
    path.touch(mode=0o600)
    with closing(sqlite3.connect(path, isolation_level=None, timeout=wait_s)) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            raise Refused(
                "另一个 fieldsync 正在收发，请等它做完 · another fieldsync is talking to the server: wait for it"
            ) from error
        yield


def create(folder: Path, device: str, connect: Callable[[Path], sqlite3.Connection] = connect) -> None:
    """Create the store in ``folder`` unless there is one. device: its UUID.

    Killed at any instant, it leaves the whole store or none. Raises Refused when only a journal of one is there.
    """
    path = folder / FILE_NAME
    with exchange_lock(folder):
        if path.exists():
            return  # made by another process meanwhile
        if path.with_name(f"{FILE_NAME}-wal").exists():
            raise damaged(path, "不见了 is missing")
        beside = folder / f"{FILE_NAME}.{uuid4()}"
        os.close(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        try:
            with closing(connect(beside)) as connection:
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute("BEGIN IMMEDIATE")
                migrate(connection, 0)
                connection.execute("INSERT INTO setting (name, value) VALUES ('device', :device)", {"device": device})
                connection.execute("COMMIT")
                connection.execute("PRAGMA journal_mode = WAL").fetchall()
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)


def migrate(connection: sqlite3.Connection, taken: int) -> None:
    """Take the migrations after the first ``taken``. Inside a transaction."""
    for step in STEPS[taken:]:
        for statement in filter(str.strip, step.split(";")):
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {len(STEPS)}")


def require_whole(path: Path) -> None:
    """Raise Refused unless the file is a store with a device id. Only reads, so what is damaged stays as it is."""
    if path.stat().st_size == 0:
        raise damaged(path, "是空的 is empty")
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=60)) as connection:
            found = connection.execute("SELECT value FROM setting WHERE name = 'device'").fetchone()
    except sqlite3.DatabaseError as error:
        if not is_damage(error) and error.sqlite_errorcode != sqlite3.SQLITE_ERROR:  # "no such table" is an ERROR
            raise
        raise damaged(path, f"不完整 is not whole: {error}") from error
    if found is None or not found[0]:
        raise damaged(path, "里没有设备编号 holds no device id")


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether SQLite found that the file is no database, or that pages of it are missing or wrong."""
    code = getattr(error, "sqlite_errorcode", 0)  # Python's own errors, such as a closed connection, have none
    return code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def damaged(path: Path, what: str) -> Refused:
    """Return the refusal of a damaged store, with the cure."""
    return Refused(
        f"本机数据已损坏：{path} {what}；没有改动它。请用备份放回整个目录；没有备份时把目录改名留存"
        "（里面可能有未发送的工作），再重新登录 · the store is damaged and was left as it is:"
        " put back a copy of the whole folder, or rename the folder, keep it, and sign in anew"
    )
