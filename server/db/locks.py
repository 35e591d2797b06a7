"""Locks between processes on one data folder; the kernel releases them when their holder dies.

``fcntl.flock`` costs two microseconds, so that the writer can step aside after every commit. A lock that is polled
for, or a busy timeout alone, lets a busy server starve a command for ever.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from server.db.folder import no_data
from server.errors import Busy

_SERVING = "serve.lock"


class WriteLock:
    """Two locks by which processes take turns at writing: whoever waits holds the gate, so nobody starves.

    One object serves one thread at a time.
    """

    def __init__(self, folder: Path) -> None:
        self._gate = _open(folder / "turn.lock")
        self._lock = _open(folder / "write.lock")

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Hold the right to write; other processes wait their turn at the gate."""
        fcntl.flock(self._gate, fcntl.LOCK_EX)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        finally:
            fcntl.flock(self._gate, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of both files; once is enough, and more does no harm."""
        if self._gate >= 0:
            os.close(self._gate)
            os.close(self._lock)
            self._gate = self._lock = -1  # the numbers may soon mean other files


@contextmanager
def exclusive_write(folder: Path) -> Iterator[None]:
    """Hold the right to write in ``folder`` for the length of one block."""
    write_lock = WriteLock(folder)
    try:
        with write_lock.hold():
            yield
    finally:
        write_lock.close()


@contextmanager
def held_file(path: Path) -> Iterator[bool]:
    """Hold the lock of a file of its own, made where it is missing, for one block; yield whether it is ours.

    Nobody waits: where another process, or another block of this one, holds it, False is yielded at once.
    """
    descriptor = _open(path)
    try:
        yield is_ours(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def held_folder(path: Path) -> Iterator[bool]:
    """Do the same with a folder that is there. Raises FileNotFoundError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield is_ours(descriptor)
    finally:
        os.close(descriptor)


def is_ours(descriptor: int) -> bool:
    """Take the lock of an open file or folder, and say whether it is ours; it ends when the file is closed."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def serving(folder: Path) -> Iterator[None]:
    """Hold the right to serve this folder.

    Raises Busy when another process serves it, NotFound when there is no such folder.
    """
    if not folder.is_dir():
        raise no_data(folder)
    with held_file(folder / _SERVING) as is_held:
        if not is_held:
            raise Busy(f"另一个 firegrid serve 正在使用 {folder}；请先停止它。", folder=str(folder))
        _SERVED_HERE.add(folder.resolve())
        try:
            yield
        finally:
            _SERVED_HERE.discard(folder.resolve())


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Do without any other server on this folder: this process serves it, or none may for the length of one block.

    Raises as ``serving``.
    """
    if folder.resolve() in _SERVED_HERE:
        yield
        return
    with serving(folder):
        yield


_SERVED_HERE: set[Path] = set()
"""Folders that this very process serves: to the kernel, a second look at the lock is another's."""


def is_served_elsewhere(folder: Path) -> bool:
    """Return whether another process serves this folder now."""
    if folder.resolve() in _SERVED_HERE:
        return False
    with held_file(folder / _SERVING) as is_held:
        return not is_held


def write_address(folder: Path, address: str) -> None:
    """Leave word of the ``address`` at which this process, which holds ``serving``, is found.

    It is the one that phones use, where the server has been told it.
    """
    (folder / _SERVING).write_text(address, encoding="utf-8")


def read_address(folder: Path) -> str | None:
    """Return the address at which this folder is served, or was last; None when it never was."""
    try:
        return (folder / _SERVING).read_text(encoding="utf-8") or None
    except FileNotFoundError:
        return None


def _open(path: Path) -> int:
    return os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
