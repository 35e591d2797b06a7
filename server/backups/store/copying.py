"""Copies files so that they are whole or absent: hashed on the way, at a bounded speed, encrypted where that is asked.

Steps of ``write``, and what is true if we die after each:

1. The content stands in a file of another name and is fsynced: nobody looks at it, the next backup removes it.
2. It is renamed to its place: whole or absent.
3. Its folder is fsynced: now it outlives a power cut, and write returns.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import pyrage
from pyrage.x25519 import Identity as SecretKey
from pyrage.x25519 import Recipient

from server.backups.domain.manifests import Entry
from server.errors import Invalid, Unavailable

CHUNK_BYTES = 1_048_576
SYNC_BYTES = 8_388_608
"""How much is written before the disk has to take it: a commit that waits for its fsync waits for no more."""

BESIDE_A_SERVER = 20_000_000
"""How many bytes a second a backup reads and writes beside a server, so that who sends does not wait for the disk."""

UNFINISHED = ".part"
"""How the name of a file ends that is not whole yet."""


class Pace:
    """Bounds how fast a backup reads and writes, and ends it when it is told to stop.

    bytes_a_second: None for as fast as it goes. stopping: once it is set, the backup ends with Unavailable.
    """

    def __init__(self, bytes_a_second: int | None = None, stopping: threading.Event | None = None) -> None:
        self._rate = bytes_a_second
        self._stopping = stopping or threading.Event()
        self._free_at = time.monotonic()

    @property
    def is_stopping(self) -> bool:
        """Whether the backup was told to stop."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """Let the backup end with Unavailable."""
        self._stopping.set()

    def spend(self, size: int) -> None:
        """Count ``size`` bytes, and wait until they may have been copied. Raises Unavailable when told to stop."""
        if self._rate is not None:
            self._free_at = max(self._free_at, time.monotonic()) + size / self._rate
            self._stopping.wait(max(0.0, self._free_at - time.monotonic()))
        if self.is_stopping:
            raise Unavailable("服务正在停止，这次备份没有做完；下次启动后再做。")


class _Reader:
    """A content that is hashed while it is read. error: what reading raised, since the library hides it."""

    def __init__(self, source: BinaryIO, pace: Pace) -> None:
        self._source, self._pace = source, pace
        self._sha256, self._size = hashlib.sha256(), 0
        self.error: BaseException | None = None

    def read(self, size: int = -1) -> bytes:
        try:
            chunk = self._source.read(size)
            self._pace.spend(len(chunk))
        except BaseException as error:
            self.error = error
            raise
        self._sha256.update(chunk)
        self._size += len(chunk)
        return chunk

    def entry(self) -> Entry:
        return Entry(self._sha256.hexdigest(), self._size)


class _Writer:
    """A file that is written to disk as it grows, or nowhere; hashes what it is given. error: as of ``_Reader``."""

    def __init__(self, target: BinaryIO | None) -> None:
        self._target = target
        self._sha256, self._size, self._unsynced = hashlib.sha256(), 0, 0
        self.error: BaseException | None = None

    def write(self, chunk: bytes) -> int:
        self._sha256.update(chunk)
        self._size += len(chunk)
        if self._target is not None:
            try:
                self._put(self._target, chunk)
            except BaseException as error:
                self.error = error
                raise
        return len(chunk)

    def flush(self) -> None:
        """Hold nothing back: the file underneath is flushed when it is synced."""

    def entry(self) -> Entry:
        return Entry(self._sha256.hexdigest(), self._size)

    def _put(self, target: BinaryIO, chunk: bytes) -> None:
        target.write(chunk)
        self._unsynced += len(chunk)
        if self._unsynced >= SYNC_BYTES:
            _sync(target)
            self._unsynced = 0


def recipients_of(keys: Sequence[str]) -> tuple[Recipient, ...]:
    """Return the recipients of ``age`` public keys. Raises Invalid for one that is none."""
    found = []
    for key in keys:
        try:
            found.append(Recipient.from_str(key))
        except pyrage.RecipientError as error:
            raise Invalid(f"“{key}”不是 age 公钥；公钥由 age-keygen 生成，以 age1 开头。") from error
    return tuple(found)


def identities_in(path: Path) -> tuple[SecretKey, ...]:
    """Return the secret keys in a file of ``age-keygen``. Raises Invalid when there is none in it, OSError."""
    lines = [line.strip() for line in path.read_text(encoding="utf-8", errors="replace").splitlines()]
    try:
        found = tuple(SecretKey.from_str(line) for line in lines if line and not line.startswith("#"))
    except pyrage.IdentityError as error:
        raise Invalid(f"{path} 不是 age 的私钥文件；请给出 age-keygen 生成的文件。") from error
    if not found:
        raise Invalid(f"{path} 里没有 age 私钥；请给出 age-keygen 生成的文件。")
    return found


def write(source: BinaryIO, target: Path, pace: Pace, recipients: Sequence[Recipient] = ()) -> Entry:
    """Copy a content to ``target`` and return its plain hash and size once it outlives a power cut.

    recipients: who can open it; nobody for plain. Its folder is there. Raises OSError when the disk cannot take it;
    then nothing stands at ``target`` that did not before.
    """
    part = target.with_name(target.name + UNFINISHED)
    reader = _Reader(source, pace)
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            _pour(reader, _Writer(file), recipients)
            _sync(file)
        part.replace(target)
    except BaseException:
        with suppress(OSError):  # the first failure is the one to tell; the next backup removes what is left
            part.unlink()
        raise
    sync_folder(target.parent)
    return reader.entry()


def read(source: BinaryIO, target: BinaryIO | None, identities: Sequence[SecretKey] | None, pace: Pace) -> Entry:
    """Copy the plain content of a file to ``target``, or nowhere, and return its hash and size.

    identities: secret keys that open it, None where it is plain. Raises OSError, and Invalid when no key opens it or
    it was changed.
    """
    reader, writer = _Reader(source, pace), _Writer(target)
    if identities is None:
        _pour(reader, writer, ())
        return writer.entry()
    try:
        pyrage.decrypt_io(reader, writer, list(identities))
    except (pyrage.DecryptError, OSError) as error:
        if cause := reader.error or writer.error:
            raise cause from None
        raise Invalid("解不开：私钥不对，或文件被改动过") from error
    return writer.entry()


def sync_folder(path: Path) -> None:
    """Let the names in a folder outlive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _pour(reader: _Reader, writer: _Writer, recipients: Sequence[Recipient]) -> None:
    if not recipients:
        while chunk := reader.read(CHUNK_BYTES):
            writer.write(chunk)
        return
    try:
        pyrage.encrypt_io(reader, writer, list(recipients))
    except (pyrage.EncryptError, OSError) as error:
        if cause := reader.error or writer.error:
            raise cause from None
        raise Unavailable("备份加密失败，请告诉管理员。") from error


def _sync(file: BinaryIO) -> None:
    """Have the disk take a file, and keep none of it in memory: nobody reads it, and the database needs the room."""
    file.flush()
    os.fsync(file.fileno())
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
