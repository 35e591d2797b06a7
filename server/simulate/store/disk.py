"""The server's disk as a simulation has it: it may be full, and the machine may lose its power at any write."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from server.db.folder import FILE_NAME
from server.db.transactions import Transaction
from server.db.writer import Failed, Request, Writer
from server.submissions.store.blobs import Blob, BlobStore, IncomingBlob

T = TypeVar("T")

AFTER_KILL, SYNCED = "killed", "synced"
SYNCS_EACH_COMMIT = 2
"""From this level of SQLite's ``synchronous`` on a commit is on disk when it returns, in WAL mode too (FULL)."""
_FILES = (FILE_NAME, f"{FILE_NAME}-wal")


class Killed(BaseException):
    """The server is killed here: nothing that it still holds in memory survives, and nobody gets an answer.

    A BaseException, since no handler of the server may go on after it.
    """


class Disk:
    """What happens to the server at its next writes.

    is_full: every write fails as on a full disk. kill: ``before`` or ``after`` the next commit the server is killed.
    """

    def __init__(self) -> None:
        self.is_full = False
        self.kill = ""
        self._synced: Path | None = None

    def before_commit(self, tx: Transaction, folder: Path) -> None:
        """Keep what is on disk for certain, where the commit that comes is not synced when it returns."""
        if self._synced is None and int(tx.sql.value("PRAGMA synchronous")) < SYNCS_EACH_COMMIT:
            self._synced = folder.with_name(SYNCED)
            _copy_database(folder, self._synced)

    def keep_synced(self, folder: Path) -> None:
        """Keep the files as they are on disk when the power goes."""
        _copy_database(self._synced or folder, folder.with_name(AFTER_KILL))

    def forget_images(self) -> None:
        """Take what is in the folder now for synced, as it is after a start."""
        self._synced = None

    def around(self, folder: Path) -> Callable[[Writer], Writer]:
        """Return what puts this disk below a writer of the database in ``folder``."""
        return lambda writer: _Writer(self, writer, folder)


class _Writer:
    """A writer whose disk may be full, and whose machine may lose its power before or after a commit."""

    def __init__(self, disk: Disk, writer: Writer, folder: Path) -> None:
        self._disk = disk
        self._writer = writer
        self._folder = folder

    def write(self, work: Callable[[Transaction], T]) -> T:
        result = self._writer.write(lambda tx: self._work(tx, work))
        if self._disk.kill == "after":
            self._die()
        return result

    def write_later(self, work: Callable[[Transaction], object], failed: Failed) -> None:
        try:
            self.write(work)
        except Exception as error:  # whatever kept it from being stored, its caller goes on
            failed(error)

    def run_in_writer(self, request: Request) -> None:
        self._writer.run_in_writer(request)

    def queue_length(self) -> int:
        return self._writer.queue_length()

    def close(self) -> None:
        self._writer.close()

    def _work(self, tx: Transaction, work: Callable[[Transaction], T]) -> T:
        self._disk.before_commit(tx, self._folder)
        result = work(tx)
        if self._disk.kill == "before":
            self._die()
        if self._disk.is_full:
            raise _full()
        return result

    def _die(self) -> None:
        """Keep the files as they are at this instant, byte for byte, and be killed."""
        self._disk.kill = ""
        _copy_database(self._folder, self._folder.with_name(AFTER_KILL))
        raise Killed


def _copy_database(folder: Path, to: Path) -> None:
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir()
    for name in _FILES:
        if (folder / name).exists():
            shutil.copyfile(folder / name, to / name)


def _full() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode, error.sqlite_errorname = sqlite3.SQLITE_FULL, "SQLITE_FULL"
    return error


def take_killed(folder: Path) -> None:
    """Put the files as they were when the server was killed in the place of those of ``folder``."""
    kept = folder.with_name(AFTER_KILL)
    for name in (*_FILES, f"{FILE_NAME}-shm"):
        (folder / name).unlink(missing_ok=True)
    for name in _FILES:
        if (kept / name).exists():
            (kept / name).replace(folder / name)
    shutil.rmtree(kept)


class Blobs(BlobStore):
    """Where the server keeps files, on a disk that may be full."""

    def __init__(self, disk: Disk, folder: Path) -> None:
        super().__init__(folder)
        self._disk = disk

    def keep(self, incoming: IncomingBlob) -> Blob:
        if self._disk.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().keep(incoming)
