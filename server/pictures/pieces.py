"""A file that is made of pieces of another one and of new bytes: read from anywhere, and never whole in memory."""

from __future__ import annotations

import io
import os
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import BinaryIO, NamedTuple


class Kept(NamedTuple):
    """Bytes of the original, as they are. start: their offset in it."""

    start: int
    size: int


class Written(NamedTuple):
    """New bytes."""

    content: bytes


class Blank(NamedTuple):
    """Zeros, where what follows has to stay at its offset."""

    size: int


Piece = Kept | Written | Blank


class PiecedFile(io.RawIOBase):
    """The pieces one behind the other, to be read and sought like a file; closing it closes the original."""

    def __init__(self, original: BinaryIO, pieces: Sequence[Piece]) -> None:
        """original: open to be read from anywhere, no longer used by anybody else. pieces: in their order."""
        super().__init__()
        self._original = original
        self._pieces = [piece for piece in pieces if size_of(piece)]
        self._starts = [0, *accumulate(size_of(piece) for piece in self._pieces)]
        self._at = 0

    @property
    def size(self) -> int:
        """Return how many bytes there are."""
        return self._starts[-1]

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """Return up to ``size`` bytes, all that are left for None or less than none."""
        left = self.size - self._at
        wanted = left if size is None or size < 0 else min(size, left)
        found = bytearray()
        while len(found) < wanted:
            index = bisect_right(self._starts, self._at) - 1
            within = self._at - self._starts[index]
            part = self._of(self._pieces[index], within, wanted - len(found))
            if not part:
                raise OSError("the original has become shorter")
            found += part
            self._at += len(part)
        return bytes(found)

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # any writable buffer
        content = self.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        self._original.close()
        super().close()

    def _of(self, piece: Piece, within: int, most: int) -> bytes:
        count = min(size_of(piece) - within, most)
        if isinstance(piece, Written):
            return piece.content[within : within + count]
        if isinstance(piece, Blank):
            return bytes(count)
        self._original.seek(piece.start + within)
        return self._original.read(count)


def size_of(piece: Piece) -> int:
    """Return how many bytes a piece has."""
    return len(piece.content) if isinstance(piece, Written) else piece.size


def merged(kept: Iterable[tuple[int, int]], written: Mapping[int, bytes], size: int) -> Iterator[Piece]:
    """Yield the pieces of a file of the same size in which only what is ``kept`` stands, and what is ``written``.

    kept: where each part of the original starts and ends. written: new bytes by their offset. All else are zeros.
    Raises ValueError for a part beyond the end.
    """
    spans = [(start, end, b"") for start, end in kept]
    spans += [(start, start + len(content), content) for start, content in written.items()]
    at = 0
    for start, end, content in sorted(spans):
        if end > size:
            raise ValueError("a part goes beyond the file")
        if end <= at:
            continue
        yield Blank(max(0, start - at))
        at = max(start, at)
        yield Written(content[at - start :]) if content else Kept(at, end - at)
        at = end
    yield Blank(size - at)
