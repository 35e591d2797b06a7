"""The SQLite file in which a device keeps the server's records and the changes that it has yet to send.

Everything is in SQLite: WAL, ``synchronous = FULL``. Whoever writes opens ``writing()``, one ``BEGIN IMMEDIATE``, so
two processes never write at once, and a kill at any instant leaves either all of a step or nothing of it.

change: what was written here. ``body`` is its JSON exactly as it is sent, each time; when the outcome is in a finished
    backup of the server it becomes ``spare_body``, for a server that lost it all the same. ``outcome_seq`` is where the
    server recorded it. ``problem`` is the message of the problem filed about it, ``decision`` (a word of the protocol,
    empty when it settled itself) how that was settled.
    ``offered_at`` is when it first went to a server, answered or not; from then on it stays as it is.
attachment: the photos that changes name, their copies beside the store, with the address of an upload under way.
earlier_work: the rows of ``change`` that somebody has sent who was signed in before, as JSON, with whose they are, and
    the server's epoch, durable mark and mark as they knew them.
row: the server's record as last seen. member: the buckets that a row is in, with the version they gave.
bucket: the buckets that the server gives this device. ``stale`` ones go unless the running pull enters them again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import uuid4

from sqlite_utils import Database

from sync.client import device_file
from sync.client.failures import Refused

Row = dict[str, Any]


def local_now() -> datetime:
    """Return the device's time with its offset from UTC."""
    return datetime.now().astimezone()


def new_id() -> str:
    """Return a random UUID."""
    return str(uuid4())


class Device:
    """The device's store, open.

    folder: made when it is not there, for its owner's eyes only. clock, ids: where time and UUIDs come from.
    Raises Refused when the file is damaged, or a newer fieldsync has written it.
    """

    def __init__(
        self,
        folder: Path,
        *,
        clock: Callable[[], datetime] = local_now,
        ids: Callable[[], str] = new_id,
        connect: Callable[[Path], sqlite3.Connection] = device_file.connect,
    ) -> None:
        self.folder = folder
        self.clock = clock
        self.ids = ids
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / device_file.FILE_NAME
        if not path.exists():
            device_file.create(folder, ids(), connect)
        device_file.require_whole(path)
        self._db = Database(connect(path))
        try:
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
                self._db.conn.execute(f"PRAGMA {pragma}").fetchall()
            self._prepare()
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> Device:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the write transaction until the block ends; then it is on disk, or rolled back as a whole."""
        with self._transaction("BEGIN IMMEDIATE"):
            yield

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read from one snapshot of the store until the block ends."""
        with self._transaction("BEGIN"):
            yield

    def rows(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[Row]:
        """Return the rows that a query finds."""
        cursor = self._db.execute(sql, dict(parameters or {}))
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, each, strict=True)) for each in cursor.fetchall()]

    def row(self, sql: str, parameters: Mapping[str, object] | None = None) -> Row | None:
        """Return the first row that a query finds, None without one."""
        found = self.rows(sql, parameters)
        return found[0] if found else None

    def run(self, sql: str, parameters: Mapping[str, object] | None = None) -> int:
        """Carry out one statement inside ``writing()``; return how many rows it changed."""
        if not self._db.conn.in_transaction:
            raise RuntimeError("a write outside of writing() would not be part of its step")
        return int(self._db.execute(sql, dict(parameters or {})).rowcount)

    def setting(self, name: str) -> str | None:
        """Return the setting ``name``, None where it is not set."""
        found = self.row("SELECT value FROM setting WHERE name = :name", {"name": name})
        return None if found is None else str(found["value"])

    def set_setting(self, name: str, value: str | None) -> None:
        """Set the setting ``name``; None deletes it. Inside ``writing()``."""
        if value is None:
            self.run("DELETE FROM setting WHERE name = :name", {"name": name})
            return
        self.run(
            "INSERT INTO setting (name, value) VALUES (:name, :value)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            {"name": name, "value": value},
        )

    def next_number(self, name: str) -> int:
        """Raise the counter ``name`` by one and return it. Inside ``writing()``."""
        number = int(self.setting(name) or 0) + 1
        self.set_setting(name, str(number))
        return number

    @property
    def id(self) -> str:
        """The device's own UUID, made with the store, or given by the server when it was another device's too."""
        found = self.setting("device")
        if found is None:
            raise RuntimeError("a store is made together with its device id")
        return found

    def rename(self, id: str) -> None:
        """Use another id for what is made from now on, since another device has this one's too. Inside ``writing()``.

        The counter goes on, so that it stays the order in which changes were made here.
        """
        self.set_setting("device", id)

    def _prepare(self) -> None:
        if self._schema_version() == len(device_file.STEPS):
            return
        with self.writing():
            taken = self._schema_version()  # by another process meanwhile
            if taken > len(device_file.STEPS):
                raise Refused(
                    "本机数据由更新的 fieldsync 写成，请先升级程序 · written by a newer fieldsync: upgrade first"
                )
            device_file.migrate(self._db.conn, taken)

    def _schema_version(self) -> int:
        return int(self._db.conn.execute("PRAGMA user_version").fetchone()[0])

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        connection = self._db.conn
        connection.execute(begin)
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.rollback()
            raise
