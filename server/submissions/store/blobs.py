"""Stores attachments by their SHA-256, so that a row may name a file only once it is safely on the disk.

Steps of keep, and what is true if we die after each:

1. The content stands in a file of its own under ``incoming`` and is fsynced: no row names it, ``sweep`` removes it.
2. It is renamed to its place: whole or absent, named by its hash; no row names it yet, the next POST reuses it.
3. Its folder is fsynced: now it outlives a power cut, and keep returns.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
import threading
import time
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from server.errors import Damaged, NotFound
from server.pictures.media_types import HEAD_BYTES

# A POST may bring a thousand small files: what they hold in memory together has to stay small too.
MEMORY_BYTES_MAX = 32 * 1024
# What is older the kernel has written down by itself (within 30 s by default); a younger rename may be in memory only.
SETTLED_S = 3600

_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Blob:
    """A kept content: lower-case hex SHA-256 and its size in bytes."""

    sha256: str
    size: int


class IncomingBlob:
    """A content that is being received: hashed as it comes, in memory while small, then in a file. Not thread-safe."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._memory = bytearray()
        self._head = b""
        self._file: BinaryIO | None = None
        self._path: Path | None = None
        self._open = True
        self._discarded = False
        self.size = 0

    @property
    def sha256(self) -> str:
        """Lower-case hex SHA-256 of what was written so far."""
        return self._sha256.hexdigest()

    @property
    def md5(self) -> str:
        """Lower-case hex MD5 of what was written so far, as manifests state it."""
        return self._md5.hexdigest()

    @property
    def head(self) -> bytes:
        """The first bytes of it (``HEAD_BYTES``), by which it is known what it is."""
        return self._head

    def write(self, chunk: bytes) -> None:
        """Append ``chunk``. Raises ValueError after close, keep or discard, OSError when the disk is full."""
        if not self._open:
            raise ValueError("this content is closed")
        self._sha256.update(chunk)
        self._md5.update(chunk)
        if self.size < HEAD_BYTES:
            self._head += chunk[: HEAD_BYTES - self.size]
        self.size += len(chunk)
        if self._file is None and self.size <= MEMORY_BYTES_MAX:
            self._memory += chunk
        else:
            self._to_file(chunk)

    def close(self) -> None:
        """Take no more, and let go of the open file; the content waits for keep or discard."""
        self._open = False
        if self._file is not None:
            self._file.close()
            self._file = None

    def finish(self) -> Path:
        """Return the content's own file, complete and fsynced. Raises ValueError after discard."""
        if self._discarded:
            raise ValueError("this content is discarded")
        path = self._path or self._to_file(b"")
        self.close()
        _fsync(path)
        return path

    def discard(self) -> None:
        """Forget the content; once it is kept, nothing is left here to forget."""
        self._discarded = True
        self._memory.clear()
        try:
            self.close()
        finally:
            if self._path is not None:
                self._path.unlink(missing_ok=True)

    def _to_file(self, chunk: bytes) -> Path:
        if self._file is None or self._path is None:
            self._path = self._folder / uuid4().hex
            self._file = os.fdopen(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
            self._file.write(self._memory)
            self._memory.clear()
        self._file.write(chunk)
        return self._path


class BlobStore:
    """The kept contents under one folder, at ``ab/cdef…`` by their SHA-256. Any number of threads at once."""

    def __init__(self, folder: Path) -> None:
        """Make what is missing of ``folder`` and of its subfolder for what is being received.

        Raises Damaged when a folder in it is a symbolic link; ``folder`` itself may be one, to a larger disk.
        """
        folder = folder.absolute()  # Flask looks for a relative file beside its own code
        self._folder = folder
        self._incoming = folder / "incoming"
        self._incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._locks = {f"{byte:02x}": threading.Lock() for byte in range(256)}
        entries = list(os.scandir(folder))
        linked = sorted(entry.name for entry in entries if entry.is_symlink())
        if linked:
            raise Damaged(
                f"附件目录 {folder} 里的 {'、'.join(linked)} 是符号链接，会把别处的文件当成附件。"
                "请删去链接，放回原来的目录。"
            )
        self._folders = self._locks.keys() & {entry.name for entry in entries if entry.is_dir()}
        """The folders, one for each first byte of a hash, that exist and outlive a power cut."""
        _fsync(folder.parent)
        _fsync(folder)

    def incoming(self) -> IncomingBlob:
        """Return an empty content to write to; whoever asks must keep or discard it."""
        return IncomingBlob(self._incoming)

    def keep(self, incoming: IncomingBlob) -> Blob:
        """Return the blob of ``incoming`` once it outlives a power cut; what is there already is not written again.

        Raises OSError when the disk cannot take it, ValueError for a discarded content that is not there. Either
        way ``incoming`` is spent.
        """
        blob = Blob(incoming.sha256, incoming.size)
        try:
            incoming.close()
            if not self._has(blob):
                self._place(incoming.finish(), blob)
        finally:
            incoming.discard()
        return blob

    @property
    def folder(self) -> Path:
        """Where the contents stand, and what is on its way to them."""
        return self._folder

    def adopt(self, path: Path, blob: Blob) -> None:
        """Let a file on the same disk, whole and fsynced, be the content that it is; what is there already stays.

        path: gone when this returns. Raises OSError, and then the file is where it was.
        """
        if self._has(blob):
            path.unlink(missing_ok=True)
        else:
            self._place(path, blob)

    def has(self, blob: Blob) -> bool:
        """Say whether a content is on the disk, as far as its size tells."""
        return self._has(blob)

    def delete_unneeded(self, sha256: str, older_than_s: float) -> bool:
        """Delete a content that no row names, beside a server that receives; return whether it has gone.

        Whoever keeps the same content meanwhile makes its file young again (``keep``), so that it is left alone.
        """
        path = self.path(sha256)
        with self._locks[sha256[:2]]:
            if not path.exists():
                return True
            if time.time() - path.lstat().st_mtime < older_than_s:
                return False
            path.unlink()
            _fsync(path.parent)
            return True

    def discard(self, incoming: IncomingBlob) -> None:
        """Forget a content that came in, and its file if it had one."""
        incoming.discard()

    def open(self, sha256: str) -> BufferedReader:
        """Return the content of a blob to read from the start; the caller closes it. Refuses with NotFound.

        A symbolic link is no blob: it would give away whatever it points to.
        """
        try:
            return os.fdopen(os.open(self.path(sha256), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb")
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ELOOP):
                raise
            raise _unknown(sha256) from error

    def path(self, sha256: str) -> Path:
        """Return where the blob of this hash stands, or would stand. Refuses with NotFound what is no hash."""
        if not _SHA256.fullmatch(sha256):
            raise _unknown(sha256)
        return self._folder / sha256[:2] / sha256[2:]

    def delete(self, sha256: str) -> None:
        """Delete a blob that no row names, only while nothing is received: ``keep`` trusts what it finds."""
        path = self.path(sha256)
        path.unlink(missing_ok=True)
        if path.parent.is_dir():
            _fsync(path.parent)

    def sweep(self, older_than_s: float) -> int:
        """Tidy up after a crash, before serving: return how many unfinished files older than this were removed.

        Folders changed within the last hour are fsynced, since the process that died may have renamed a blob there
        and not come to that; keep trusts what it finds.
        """
        now_s = time.time()
        for folder in sorted(self._folders):
            if now_s - (self._folder / folder).stat().st_mtime < SETTLED_S:
                _fsync(self._folder / folder)
        stale = [path for path in self._incoming.iterdir() if now_s - path.stat().st_mtime >= older_than_s]
        for path in stale:
            path.unlink(missing_ok=True)
        return len(stale)

    def damage(self, sha256: str, size: int) -> str | None:
        """Return what is wrong with a blob: ``missing``, ``of another size``, ``of other content``; None when sound."""
        try:
            with self.open(sha256) as content:
                digest = hashlib.file_digest(content, "sha256").hexdigest()
                here = content.tell()
        except NotFound:
            return "missing"
        if here != size:
            return "of another size"
        return None if digest == sha256 else "of other content"

    def _has(self, blob: Blob) -> bool:
        # Under the lock: a rename by another thread counts only when its fsync is done too. A blob of another size
        # was damaged on the disk, and is replaced by the sound copy at hand.
        with self._locks[blob.sha256[:2]]:
            try:
                path = self.path(blob.sha256)
                there = path.lstat()
                is_here = stat.S_ISREG(there.st_mode) and there.st_size == blob.size
                if is_here:
                    os.utime(path)  # so that nobody deletes it before a row names it again (``delete_unneeded``)
                return is_here
            except FileNotFoundError:
                return False

    def _place(self, path: Path, blob: Blob) -> None:
        target = self.path(blob.sha256)
        with self._locks[target.parent.name]:
            self._make_folder(target.parent)
            path.replace(target)
            try:
                _fsync(target.parent)
            except OSError:
                target.unlink(missing_ok=True)  # or the next keep would trust it
                raise

    def _make_folder(self, folder: Path) -> None:
        if folder.name not in self._folders:
            folder.mkdir(mode=0o700, exist_ok=True)
            _fsync(self._folder)  # or a power cut takes the folder with all that is in it
            self._folders.add(folder.name)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unknown(sha256: str) -> NotFound:
    return NotFound("服务器上没有这个附件文件。请刷新页面；仍没有请联系管理员。", sha256=sha256)
