"""Stores uploads under way: a row each, and a file that holds what has come of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedRandom
from pathlib import Path

from server.db import locks
from server.db.sql import inserting
from server.db.transactions import Reading, Transaction
from server.errors import Busy
from server.instants import Instant

_COLUMNS = (
    "id", "author", "key_id", "size", "received", "metadata", "stated_sha256", "sha256", "created_at", "expires_at",
    "completed_at",
)  # fmt: skip
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM upload"
FOLDER = "uploads"
"""Beside the stored contents, on their disk: a whole one moves to its place by a rename."""


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload. size: of all of it, in bytes; received: how much is on the disk for good. key_id: of the device.

    metadata: ``Upload-Metadata`` as it came. stated_sha256: of the whole, as the client says; sha256: as it is.
    completed_at: when the content was kept, None before.
    """

    id: str
    author: str
    key_id: str | None
    size: int
    received: int
    metadata: str
    stated_sha256: str | None
    sha256: str | None
    created_at: Instant
    expires_at: Instant
    completed_at: Instant | None


def add(tx: Transaction, upload: Upload) -> None:
    """Store a new upload."""
    tx.sql.put(inserting("upload", _COLUMNS), {name: getattr(upload, name) for name in _COLUMNS})


def find(reading: Reading, id: str, author: str) -> Upload | None:
    """Return an upload of ``author``, None when there is none of theirs, or it has expired."""
    row = reading.sql.find(
        f"{_SELECT} WHERE id = :id AND author = :author AND expires_at > :now",
        {"id": id, "author": author, "now": reading.now},
    )
    return None if row is None else Upload(**row)


def advance(tx: Transaction, id: str, received: int, expires_at: Instant) -> None:
    """Note how many bytes of an upload are on the disk for good, and until when the rest may come."""
    tx.sql.put(
        "UPDATE upload SET received = :received, expires_at = :expires_at WHERE id = :id",
        {"id": id, "received": received, "expires_at": expires_at},
    )


def note_sha256(tx: Transaction, id: str, sha256: str) -> None:
    """Note what all of an upload is, before its file moves away."""
    tx.sql.put("UPDATE upload SET sha256 = :sha256 WHERE id = :id", {"id": id, "sha256": sha256})


def complete(tx: Transaction, id: str) -> None:
    """Note that the content of an upload is kept."""
    tx.sql.put("UPDATE upload SET completed_at = :now WHERE id = :id", {"id": id, "now": tx.now})


def delete(tx: Transaction, id: str) -> None:
    """Forget an upload; its file is the caller's to delete."""
    tx.sql.put("DELETE FROM upload WHERE id = :id", {"id": id})


def held_bytes(reading: Reading, author: str, key_id: str | None) -> tuple[int, int, int]:
    """Return what somebody's unfinished uploads come to: bytes of all, those of one device, and their number."""
    sql = """
        SELECT COALESCE(SUM(size), 0), COALESCE(SUM(size) FILTER (WHERE key_id = :key_id), 0), COUNT(*)
          FROM upload WHERE author = :author AND completed_at IS NULL AND expires_at > :now
    """
    of_all, of_device, count = next(reading.sql.tuples(sql, {"author": author, "key_id": key_id, "now": reading.now}))
    return of_all, of_device, count


def expired(reading: Reading, limit: int) -> list[str]:
    """Return the ids of uploads whose time is over."""
    sql = "SELECT id FROM upload WHERE expires_at <= :now LIMIT :limit"
    return [id for (id,) in reading.sql.tuples(sql, {"now": reading.now, "limit": limit})]


def all_ids(reading: Reading) -> set[str]:
    """Return the id of every upload that is known."""
    return {id for (id,) in reading.sql.tuples("SELECT id FROM upload")}


class UploadFiles:
    """The files of uploads under way. folder: of the stored contents. Any number of threads and processes at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute() / FOLDER
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def path(self, id: str) -> Path:
        """Return where the file of an upload stands, or would stand."""
        return self._folder / id

    @contextmanager
    def opened(self, id: str, flags: int = os.O_CREAT) -> Iterator[BufferedRandom]:
        """Open the file of an upload to read and write, one at a time. Raises Busy while another request has it.

        flags: of ``os.open``, beside those for reading and writing; with 0 it raises FileNotFoundError for no file.
        """
        descriptor = os.open(self.path(id), os.O_RDWR | flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "r+b") as file:
            if not locks.is_ours(file.fileno()):
                raise Busy("这张照片的上一段还在接收，请过几秒再接着传。", retry_after_s=2)
            yield file

    def delete(self, id: str) -> None:
        """Delete the file of an upload, if there is one."""
        self.path(id).unlink(missing_ok=True)

    def ids(self) -> set[str]:
        """Return the id of every upload that has a file."""
        return {path.name for path in self._folder.iterdir()}
