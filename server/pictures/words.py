"""Takes single words out of what is written beside a picture, film or sound, and leaves all else as it stands.

So a name goes from Exif or XMP, and where and when a photo was taken stays, since that is evidence.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

from server.pictures import copies, media_types
from server.pictures.pieces import Kept, Piece, PiecedFile, Written

_CHECKED = frozenset({"image/png", "audio/ogg", "video/webm", "video/x-matroska"})
"""Formats with checksums over what is written beside: of these the whole of it goes."""

_BESIDE_BYTES_MAX = 16_000_000
"""How much of what is written beside is looked through: a second picture, but no film."""

Spans = Callable[[bytes], Iterable[tuple[int, int]]]
"""Says where in some bytes the words stand: start and end of each."""


def without_words(original: BinaryIO, spans: Spans) -> PiecedFile | None:
    """Return a file that may be read in place of ``original``, which it closes; None where no word stands in it.

    original: open to be read from anywhere. Blanks stand in the place of the words. Where its parts cannot be told
    apart (damaged, or of another format) nothing is looked for.
    """
    size = original.seek(0, os.SEEK_END)
    try:
        pieces = copies.pieces_of(original, size)
    except ValueError:
        return None
    found = sorted(
        (start + at, start + until)
        for start, end in _beside(pieces, size)
        for at, until in spans(_read(original, start, end))
    )
    if not found:
        return None
    original.seek(0)
    if media_types.of(original.read(media_types.HEAD_BYTES), "") in _CHECKED:
        return PiecedFile(original, pieces)
    return PiecedFile(original, list(_blanked(found, size)))


def _beside(pieces: list[Piece], size: int) -> Iterator[tuple[int, int]]:
    """Yield the parts of a file that are no picture and no sound."""
    at, left = 0, _BESIDE_BYTES_MAX
    for start, end in sorted((each.start, each.start + each.size) for each in pieces if isinstance(each, Kept)):
        if start > at and left > 0:
            yield at, min(start, at + left)
            left -= start - at
        at = max(at, end)
    if size > at and left > 0:
        yield at, min(size, at + left)


def _blanked(found: list[tuple[int, int]], size: int) -> Iterator[Piece]:
    at = 0
    for start, end in found:
        if end <= at:
            continue
        start = max(start, at)
        yield Kept(at, start - at)
        yield Written(b" " * (end - start))
        at = end
    yield Kept(at, size - at)


def _read(file: BinaryIO, start: int, end: int) -> bytes:
    file.seek(start)
    return file.read(end - start)
