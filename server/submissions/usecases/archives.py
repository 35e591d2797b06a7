"""Writes archives (ZIP) that are sent while they are written, with copies of photos that tell no place.

A photo in an archive has every point of the one that was sent, and neither where nor when nor by which device it was
taken (``server.pictures``); the one that was sent stays as it is.
"""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from typing import IO

from server import instants
from server.errors import NotFound
from server.instants import Instant
from server.pictures import copies
from server.pictures.copies import Unreadable
from server.submissions.store.blobs import BlobStore

MISSING = "missing.txt"
"""The file of an archive that lists photos whose bytes the disk no longer gives."""

DAMAGED = "damaged.txt"
"""The file of an archive that lists photos which are left out: so damaged that nobody can tell what they would tell."""

_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+')
"""What some file system does not take, signs that turn a line, so that an ending hides, and halves of signs."""

_NAME_CHARS_MAX = 60
_CHUNK_BYTES = 256 * 1024
_LEVEL = 4
"""Of compression: above it an archive takes half as long again and is a twentieth smaller."""


def safe_name(name: str) -> str:
    """Return ``name`` as every file system takes it, its ending kept where it is long."""
    clean = _UNSAFE.sub("-", unicodedata.normalize("NFC", name)).strip(" .") or "-"
    return clean if len(clean) <= _NAME_CHARS_MAX else f"{clean[: _NAME_CHARS_MAX - 20]}~{clean[-19:]}"


def same_name(name: str) -> str:
    """Return what is the same for names that some file system takes for one: by case, by how accents are written."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


class Archive:
    """An archive that is sent while it is written: what is written waits in memory until it is taken."""

    def __init__(self, at: Instant) -> None:
        """at: what its files are dated."""
        self._sink = _Sink()
        self._at = instants.parse(at).astimezone(instants.BEIJING).timetuple()[:6]
        self._archive = zipfile.ZipFile(self._sink, "w", compresslevel=_LEVEL)

    def open(self, name: str, compression: int = zipfile.ZIP_DEFLATED) -> IO[bytes]:
        """Begin a file of any size; it has to be closed before the next one begins."""
        entry = zipfile.ZipInfo(name, self._at)
        entry.compress_type = compression
        return self._archive.open(entry, "w", force_zip64=True)

    def take(self) -> bytes:
        """Return what has been written since the last time."""
        return self._sink.take()

    def copied(
        self, name: str, content: IO[bytes] | io.RawIOBase, compression: int = zipfile.ZIP_DEFLATED
    ) -> Iterator[bytes]:
        """Add a file; yield what is to be sent meanwhile."""
        with self.open(name, compression) as written:
            while chunk := content.read(_CHUNK_BYTES):
                written.write(chunk)
                yield self.take()

    def photos(self, listed: Iterable[tuple[str, str | None]], blobs: BlobStore) -> Iterator[bytes]:
        """Add copies of photos, and lists of those that cannot be added; yield what is to be sent meanwhile.

        listed: name in the archive and SHA-256 of each, None while its bytes are under way. What is no picture, film
        or sound, such as a table, is added as it was sent.
        """
        left_out: dict[str, list[str]] = {MISSING: [], DAMAGED: []}
        for name, sha256 in listed:
            try:
                content = blobs.open(sha256 or "")
            except NotFound:
                left_out[MISSING].append(name)
                continue
            with content:
                try:
                    copy = copies.without_metadata(content)
                except Unreadable:
                    left_out[DAMAGED].append(name)
                    continue
                yield from self.copied(name, copy, zipfile.ZIP_STORED)  # photos are compressed already
        for name, names in left_out.items():
            if names:
                yield from self.copied(name, io.BytesIO("".join(f"{each}\r\n" for each in names).encode()))

    def close(self) -> bytes:
        """Return the end of the archive."""
        self._archive.close()
        return self.take()


class _Sink(io.RawIOBase):
    """A file without an end, in which nobody can go back."""

    def __init__(self) -> None:
        super().__init__()
        self._written: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, content: bytes) -> int:  # type: ignore[override]  # zipfile writes bytes
        self._written.append(bytes(content))
        return len(content)

    def take(self) -> bytes:
        taken = b"".join(self._written)
        self._written.clear()
        return taken
